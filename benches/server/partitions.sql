-- Compares the statements of a batch of 35 check-ins on a table of 1.3 million runs and on the same rows in 13 partitions by month.
--
--   psql --quiet --tuples-only --file benches/server/partitions.sql 'postgres://…'
--
-- The whole script is one transaction, which is rolled back. Each statement runs ten times; the last one of each is printed.

BEGIN;
CREATE SCHEMA partitions_benchmark;
SET LOCAL search_path TO partitions_benchmark;
SET LOCAL enable_seqscan = off;
SET LOCAL jit = off;

CREATE TABLE whole (
    id BIGINT PRIMARY KEY, guid UUID NOT NULL UNIQUE, environment_id BIGINT NOT NULL, status TEXT NOT NULL, date_added BIGINT NOT NULL,
    timeout_at BIGINT, duration_ms BIGINT
) WITH (fillfactor = 90);
-- A key of a table in partitions has the column by which it is divided, so ids are unique within a month only.
CREATE TABLE divided (LIKE whole, PRIMARY KEY (id, date_added), UNIQUE (guid, date_added)) PARTITION BY RANGE (date_added);
DO $$ BEGIN
    FOR month IN 0..12 LOOP
        EXECUTE format('CREATE TABLE month_%s PARTITION OF divided FOR VALUES FROM (%s) TO (%s)', month, month * 100000, (month + 1) * 100000);
    END LOOP;
END $$;
INSERT INTO whole SELECT n, gen_random_uuid(), n % 1000, CASE n % 50 WHEN 0 THEN 'error' ELSE 'ok' END, n FROM generate_series(0, 1299999) n;
INSERT INTO divided SELECT * FROM whole;
CREATE INDEX ON whole (environment_id, date_added, id);
CREATE INDEX ON divided (environment_id, date_added, id);
CREATE INDEX ON whole (environment_id, date_added) WHERE status = 'in_progress';
CREATE INDEX ON divided (environment_id, date_added) WHERE status = 'in_progress';
ANALYZE whole, divided;

CREATE FUNCTION measure(what TEXT, statement TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    ids TEXT := (SELECT array_agg(guid) FROM (SELECT guid FROM whole WHERE id % 37129 = 0) AS chosen);
    environments TEXT := (SELECT array_agg(n * 20) FROM generate_series(0, 34) n);
    plan JSON;
    line TEXT := what || ':';
BEGIN
    FOREACH what IN ARRAY ARRAY['whole', 'divided'] LOOP
        FOR round IN 1..10 LOOP
            EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || format(statement, what, ids, environments) INTO plan;
        END LOOP;
        line := line || format(' %s %s ms to plan and %s ms to execute;', what, plan->0->>'Planning Time', plan->0->>'Execution Time');
    END LOOP;
    RETURN line;
END $$;

SELECT measure('runs by their ids', 'SELECT * FROM %1$I WHERE guid = ANY(%2$L::uuid[])');
SELECT measure('open runs of environments', 'SELECT * FROM %1$I WHERE environment_id = ANY(%3$L::bigint[]) AND status = ''in_progress''');
SELECT measure('newest three runs of environments',
    'SELECT o.* FROM unnest(%3$L::bigint[]) AS e (id) CROSS JOIN LATERAL
     (SELECT * FROM %1$I r WHERE r.environment_id = e.id ORDER BY date_added DESC, r.id DESC LIMIT 3) AS o');
SELECT measure('changes by row id',
    'UPDATE %1$I o SET duration_ms = n.id FROM unnest(%3$L::bigint[]) AS n (id) WHERE o.id = n.id');
ROLLBACK;
