-- Times in which messages about some monitors are kept back; `matchers` is a JSON array of filters.
CREATE TABLE silences (
    id INTEGER PRIMARY KEY,
    guid BLOB NOT NULL UNIQUE,
    matchers TEXT NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    why TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- The time at which a person ended it early.
    ended_at INTEGER
) STRICT;

CREATE INDEX silences_by_end ON silences (coalesce(ended_at, ends_at));

-- The silence that keeps a message about an incident back, or kept it back last; NULL if none did.
ALTER TABLE incidents ADD COLUMN withheld_until INTEGER;
ALTER TABLE incidents ADD COLUMN withheld_by TEXT;
ALTER TABLE incidents ADD COLUMN withheld_why TEXT;
-- Whether the message is to be decided anew at the end of the silence.
ALTER TABLE incidents ADD COLUMN withheld_pending INTEGER NOT NULL DEFAULT 0;

CREATE INDEX incidents_withheld ON incidents (withheld_until) WHERE withheld_pending = 1;
CREATE INDEX incidents_withheld_of ON incidents (environment_id) WHERE withheld_pending = 1;
