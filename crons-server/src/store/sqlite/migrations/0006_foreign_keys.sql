-- Foreign keys are enforced: when a row is deleted, the rows that refer to it are looked for by these columns.
CREATE INDEX incidents_by_environment ON incidents (environment_id);
DROP INDEX refused_by_monitor;
CREATE INDEX refused_by_monitor ON refused (monitor_id, project);
