-- The newest incidents are asked for, and were looked for among all; those of an environment are, by `incidents_active`.
DROP INDEX incidents_by_environment;
CREATE INDEX incidents_by_start ON incidents (started_at);
