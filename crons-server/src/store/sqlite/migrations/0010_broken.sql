-- The time at which people were told that the environment of an incident is broken, and the time at which it was muted for it.
ALTER TABLE incidents ADD COLUMN broken_at INTEGER;
ALTER TABLE incidents ADD COLUMN broken_muted_at INTEGER;
