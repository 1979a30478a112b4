-- The name for people; NULL: the slug.
ALTER TABLE monitors ADD COLUMN name TEXT;
-- Whether the first environment is muted.
ALTER TABLE monitors ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
-- Who has set the configuration last, code or a person, and when.
ALTER TABLE monitors ADD COLUMN configured_by TEXT NOT NULL DEFAULT 'code';
ALTER TABLE monitors ADD COLUMN configured_at INTEGER NOT NULL DEFAULT 0;
UPDATE monitors SET configured_at = date_created;
