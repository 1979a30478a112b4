-- An incident ends when the report that resolved it arrived. Until now, it ended when the run of that report had begun.
UPDATE incidents SET resolved_at = max(started_at, coalesce(
    (SELECT date_updated FROM check_ins WHERE guid = resolving_check_in AND status = 'ok'), resolved_at))
WHERE resolved_at IS NOT NULL;

-- Whether a report about an open run was filtered, since its monitor was disabled.
ALTER TABLE check_ins ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;

-- The slug as it was first written; NULL until the next check-in.
ALTER TABLE monitors ADD COLUMN spelling TEXT;

-- Whether the payload counts all the same; if so, the errors are remarks.
ALTER TABLE refused ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;

-- The monitor of deleted environments, until their runs are deleted, too. No project has it, and nothing else has the row id 0.
INSERT INTO monitors (id, guid, project, slug, enabled, upserting, config, date_created)
VALUES (0, zeroblob(16), -1, '', 0, 0, '{}', 0);

-- Monitors that were deleted and whose usage, of the hours before `hour`, is still to be added to that of no monitor.
CREATE TABLE deleted_usage (
    slug TEXT PRIMARY KEY,
    hour INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
