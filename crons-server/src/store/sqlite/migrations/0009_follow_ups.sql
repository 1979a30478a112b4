-- The first message about an incident, and the instant until which its reminders and escalations are decided.
ALTER TABLE incidents ADD COLUMN notified_at INTEGER;
ALTER TABLE incidents ADD COLUMN follow_ups_until INTEGER;
-- The time of the next decision; NULL if there is none.
ALTER TABLE incidents ADD COLUMN follow_up_due INTEGER;

UPDATE incidents SET notified_at = coalesce(opened_at, started_at), follow_ups_until = coalesce(opened_at, started_at)
WHERE told = 1 AND resolved_at IS NULL;

CREATE INDEX incidents_follow_up ON incidents (follow_up_due) WHERE follow_up_due IS NOT NULL;

-- An incident may have many reminders, so the time is part of what makes an event one of its own.
CREATE TABLE alerts_by_time (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    target TEXT NOT NULL,
    event TEXT NOT NULL,
    incident BLOB NOT NULL,
    check_in BLOB NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- NULL: it is not to be sent any more.
    next_attempt_at INTEGER,
    -- The target refused this very message: later ones do not wait for it.
    refused INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    given_up_at INTEGER,
    last_answer TEXT,
    -- The instant until which it waits for others to be sent with; NULL: it is sent alone.
    group_until INTEGER,
    UNIQUE (incident, check_in, event, target, created_at)
) STRICT;

INSERT INTO alerts_by_time (id, key, target, event, incident, check_in, body, created_at, attempts, next_attempt_at, refused,
    delivered_at, given_up_at, last_answer)
SELECT id, key, target, event, incident, check_in, body, created_at, attempts, next_attempt_at, refused,
    delivered_at, given_up_at, last_answer FROM alerts;

DROP TABLE alerts;
ALTER TABLE alerts_by_time RENAME TO alerts;

CREATE INDEX alerts_waiting ON alerts (target, refused, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX alerts_refused ON alerts (target, next_attempt_at, id) WHERE next_attempt_at IS NOT NULL AND refused = 1;
CREATE INDEX alerts_over ON alerts (created_at) WHERE next_attempt_at IS NULL;
