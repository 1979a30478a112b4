-- Why a run is missed, timed out, failed or unknown, as JSON; NULL for other runs, and for those of earlier versions.
ALTER TABLE check_ins ADD COLUMN decision TEXT;

-- The decision that opened an incident, and the number of successes that resolved it.
ALTER TABLE incidents ADD COLUMN opened_at INTEGER;
ALTER TABLE incidents ADD COLUMN opening_check_in BLOB;
ALTER TABLE incidents ADD COLUMN threshold INTEGER;
ALTER TABLE incidents ADD COLUMN recovery_threshold INTEGER;
