-- The history of incidents, refused check-ins, usage and outages.

ALTER TABLE environments ADD COLUMN last_ok INTEGER;
UPDATE environments SET last_ok =
    (SELECT max(date_added) FROM check_ins WHERE environment_id = environments.id AND status = 'ok');

-- The last status that the job itself has reported.
ALTER TABLE check_ins ADD COLUMN reported TEXT;
UPDATE check_ins SET reported = status WHERE status IN ('ok', 'error', 'in_progress');

ALTER TABLE incidents ADD COLUMN errors INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN misses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN timeouts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT;
UPDATE incidents SET
    errors = (SELECT count(*) FROM check_ins c WHERE c.environment_id = incidents.environment_id AND c.status = 'error'
        AND c.date_added BETWEEN started_at AND coalesce(resolved_at, 9e18)),
    misses = (SELECT count(*) FROM check_ins c WHERE c.environment_id = incidents.environment_id AND c.status = 'missed'
        AND c.date_added BETWEEN started_at AND coalesce(resolved_at, 9e18)),
    timeouts = (SELECT count(*) FROM check_ins c WHERE c.environment_id = incidents.environment_id AND c.status = 'timeout'
        AND c.date_added BETWEEN started_at AND coalesce(resolved_at, 9e18));
CREATE INDEX incidents_by_environment ON incidents (environment_id, started_at);

-- Notified failures.
CREATE TABLE occurrences (
    id INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    check_in BLOB NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX occurrences_by_incident ON occurrences (incident_id);

-- The newest payloads that were refused: of each monitor, and of those that are for no monitor.
CREATE TABLE refused (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    monitor_id INTEGER REFERENCES monitors (id),
    received INTEGER NOT NULL,
    payload TEXT NOT NULL,
    -- A JSON array of [name, message].
    errors TEXT NOT NULL
) STRICT;

CREATE INDEX refused_by_monitor ON refused (project, monitor_id);

-- Check-ins by hour (seconds since 1970), monitor (empty: one that is not known) and outcome.
CREATE TABLE usage (
    project INTEGER NOT NULL,
    slug TEXT NOT NULL,
    hour INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (project, slug, hour, outcome, reason)
) STRICT, WITHOUT ROWID;

-- Times in which the server was not receiving.
CREATE TABLE outages (
    id INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;

-- The newest reported run is found by `check_ins_by_date` as well, and each index costs each check-in a page.
DROP INDEX check_ins_reported;

-- The previous version has not stored until when it was receiving; until its last check-in it certainly was.
INSERT OR IGNORE INTO settings (name, value)
SELECT 'heard_until', CAST(max(date_updated) AS TEXT) FROM check_ins HAVING count(*) > 0;
