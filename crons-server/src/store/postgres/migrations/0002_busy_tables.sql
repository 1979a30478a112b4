-- Tables of which some rows change all the time are cleaned up when a fiftieth of them has changed, not a fifth (the default), so that
-- they stay small; a hundred rows more keep a small table from being cleaned up at each look.
ALTER TABLE environments SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 100);
ALTER TABLE usage SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 100);
ALTER TABLE rates SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 100);
ALTER TABLE alerts SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 100);
-- Runs are many: a fifth of them may be months. Their statistics are those by which PostgreSQL finds the runs of a day.
ALTER TABLE check_ins SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02);
-- A page of the deadlines of one instant is read in the order of row ids, not sorted out of all of them.
DROP INDEX environments_due;
CREATE INDEX environments_due ON environments (next_check_in_latest, id) WHERE next_check_in_latest IS NOT NULL
