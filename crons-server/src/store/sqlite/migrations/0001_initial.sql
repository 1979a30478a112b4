-- Instants are microseconds since 1970 (UTC); durations are milliseconds; ids are 16 bytes.

-- Values that the server generates once and keeps, such as the public key.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE monitors (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    project INTEGER NOT NULL,
    slug TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    upserting INTEGER NOT NULL,
    config TEXT NOT NULL,
    owner TEXT,
    date_created INTEGER NOT NULL,
    UNIQUE (project, slug)
) STRICT;

CREATE TABLE environments (
    id INTEGER PRIMARY KEY,
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    muted INTEGER NOT NULL,
    date_created INTEGER NOT NULL,
    last_check_in INTEGER,
    next_check_in INTEGER,
    next_check_in_latest INTEGER,
    UNIQUE (monitor_id, name)
) STRICT;

CREATE INDEX environments_due ON environments (next_check_in_latest);

-- The configuration of a monitor at the time of a check-in, stored once for all check-ins that share it.
CREATE TABLE configs (
    id INTEGER PRIMARY KEY,
    config TEXT NOT NULL UNIQUE
) STRICT;

-- The row id is the order of arrival.
CREATE TABLE check_ins (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    environment_id INTEGER NOT NULL REFERENCES environments (id),
    status TEXT NOT NULL,
    duration_ms INTEGER,
    date_added INTEGER NOT NULL,
    date_updated INTEGER NOT NULL,
    date_clock INTEGER NOT NULL,
    date_in_progress INTEGER,
    expected_time INTEGER,
    timeout_at INTEGER,
    config_id INTEGER NOT NULL REFERENCES configs (id)
) STRICT;

CREATE INDEX check_ins_by_date ON check_ins (environment_id, date_added);
CREATE INDEX check_ins_reported ON check_ins (environment_id, date_added) WHERE status IN ('ok', 'error');
CREATE INDEX check_ins_due ON check_ins (timeout_at) WHERE status = 'in_progress';
CREATE INDEX check_ins_open ON check_ins (environment_id, date_added) WHERE status = 'in_progress';

CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    environment_id INTEGER NOT NULL REFERENCES environments (id),
    started_at INTEGER NOT NULL,
    starting_check_in BLOB NOT NULL,
    resolved_at INTEGER,
    resolving_check_in BLOB
) STRICT;

-- An environment has at most one open incident.
CREATE UNIQUE INDEX incidents_active ON incidents (environment_id) WHERE resolved_at IS NULL;

-- Ends of runs whose monitor no check-in has described yet.
CREATE TABLE held_check_ins (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    slug TEXT NOT NULL,
    received INTEGER NOT NULL,
    event TEXT NOT NULL
) STRICT;

CREATE INDEX held_check_ins_by_monitor ON held_check_ins (project, slug);
CREATE INDEX held_check_ins_by_age ON held_check_ins (received);
