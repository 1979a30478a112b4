-- The note of the job on its run, such as the reason of a failure and the end of its output.
ALTER TABLE check_ins ADD COLUMN note TEXT;

-- The reason for the status of a run that is missed, timed out, failed or unknown, as JSON; NULL for other runs and those of earlier versions.
ALTER TABLE check_ins ADD COLUMN decision TEXT;

-- The decision that opened an incident, and the number of successes that resolved it.
ALTER TABLE incidents ADD COLUMN opened_at INTEGER;
ALTER TABLE incidents ADD COLUMN opening_check_in BLOB;
ALTER TABLE incidents ADD COLUMN threshold INTEGER;
ALTER TABLE incidents ADD COLUMN recovery_threshold INTEGER;

-- The incident that a run has resolved: the derivation of each success asks for it.
CREATE INDEX incidents_by_end ON incidents (resolving_check_in) WHERE resolving_check_in IS NOT NULL;

-- Runs that went wrong, by kind and time: a timeline looks for the first of each kind in each bucket. A run that goes well has no entry.
CREATE INDEX check_ins_failed ON check_ins (environment_id, status, date_added)
    WHERE status IN ('unknown', 'error', 'timeout', 'missed');

-- Refused payloads by time: pages list the newest ones of all monitors.
CREATE INDEX refused_by_time ON refused (received) WHERE accepted = 0;

-- The name for people; NULL: the slug.
ALTER TABLE monitors ADD COLUMN name TEXT;
-- Whether the first environment is muted.
ALTER TABLE monitors ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
-- The author of the last change of the configuration, `code` or `person`, and its time.
ALTER TABLE monitors ADD COLUMN configured_by TEXT NOT NULL DEFAULT 'code';
ALTER TABLE monitors ADD COLUMN configured_at INTEGER NOT NULL DEFAULT 0;
UPDATE monitors SET configured_at = date_created;

-- The trace that a run belongs to; empty: the one with the id of the run.
ALTER TABLE check_ins ADD COLUMN trace BLOB;

-- Tokens for programs that use the API. Only their SHA-256 is stored.
CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
