-- Messages about incidents, one for each target, written in the transaction of the event; the row id is their order.
CREATE TABLE alerts (
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
    UNIQUE (incident, check_in, event, target)
) STRICT;

CREATE INDEX alerts_waiting ON alerts (target, refused, id) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX alerts_refused ON alerts (target, next_attempt_at, id) WHERE next_attempt_at IS NOT NULL AND refused = 1;
CREATE INDEX alerts_over ON alerts (created_at) WHERE next_attempt_at IS NULL;
