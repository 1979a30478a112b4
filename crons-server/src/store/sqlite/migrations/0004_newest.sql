-- The newest incidents are found by their start; the open one of an environment is found by `incidents_active`.
DROP INDEX incidents_by_environment;
CREATE INDEX incidents_by_start ON incidents (started_at);
