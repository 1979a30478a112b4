//! Tests that the writer reads few rows in each step of a sweep, however many are stored, and that needed rows stay.

use super::*;
use crate::store::expired::ROWS;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::steps::Steps;

/// The most steps that one transaction may take: some for each of the rows that it deletes, and for their entries in the indexes.
const MOST_STEPS: u64 = 100 * ROWS as u64;

/// The microseconds of an hour.
const HOUR: i64 = 3_600_000_000;
const NOW: i64 = 1_000_000 * HOUR;

struct Swept {
    /// The number of rows that were deleted, of all tables.
    deleted: usize,
    transactions: usize,
    most_rows: usize,
    most_steps: u64,
}

fn open(rows: &str) -> (tempfile::TempDir, SqliteStore, Arc<SqliteReader>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let store = SqliteStore::open(&path).unwrap();
    store.connection.execute_batch(rows).unwrap();
    (folder, store, Arc::new(SqliteReader::open(&path).unwrap()))
}

/// Sweeps as the server does, each deletion in a transaction of its own whose steps are counted.
fn sweep(store: &mut SqliteStore, reader: &Arc<SqliteReader>, kept: Retention) -> Swept {
    let steps = Steps::of(&mut store.connection);
    let mut sweep = Arc::clone(reader).begin_sweep(Timestamp::from_microsecond(NOW).unwrap(), kept);
    let mut swept = Swept { deleted: 0, transactions: 0, most_rows: 0, most_steps: 0 };
    while let Some(expired) = sweep.advance().unwrap() {
        if expired.rows() == 0 {
            continue;
        }
        steps.reset();
        let before = changes(store);
        store.change(|transaction| transaction.delete_planned(&expired)).unwrap();
        let deleted = changes(store) - before;
        swept.deleted += deleted;
        swept.transactions += 1;
        swept.most_rows = swept.most_rows.max(deleted);
        swept.most_steps = swept.most_steps.max(steps.count());
    }
    swept
}

fn changes(store: &SqliteStore) -> usize {
    usize::try_from(number(store, "SELECT total_changes()")).unwrap()
}

fn number(store: &SqliteStore, sql: &str) -> i64 {
    store.connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn monitor(environments: u32) -> String {
    format!(
        "INSERT INTO monitors VALUES (1, x'01', 1, 'job', 1, 1, '{{}}', NULL, 0, NULL, NULL, 0, 'code', 0);
         INSERT INTO configs VALUES (1, '{{}}');
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {environments})
         INSERT INTO environments SELECT i, 1, 'e' || i, 'ok', 0, 0, 0, 0, 0, 0 FROM n;"
    )
}

/// Writes `runs` runs in each environment, one an hour, the newest at `NOW`; every tenth failed.
fn runs(runs: u32) -> String {
    format!(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {runs} - 1)
         INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id)
         SELECT randomblob(16), e.id, iif(i % 10 = 9, 'error', 'ok'), {NOW} - i * {HOUR}, 0, 0, 1
         FROM environments e, n;"
    )
}

#[test]
fn a_sweep_that_deletes_nothing_costs_the_writer_nothing() {
    let (_folder, mut store, reader) = open(&(monitor(50) + &runs(1_000)));
    let kept = Retention { success_days: 1_000, failure_days: 1_000, check_ins: 900 };
    let swept = sweep(&mut store, &reader, kept);
    assert_eq!((swept.deleted, swept.transactions), (0, 0));
}

#[test]
fn a_sweep_transaction_takes_steps_for_its_rows_only() {
    let most = 365 * 24;
    let tables = [
        ("runs that are too many", monitor(20) + &runs(3_000), 20 * (2_700 - 500)),
        (
            "incidents and their occurrences, beside many that are not over",
            format!(
                "{} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                 INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at)
                 SELECT i, randomblob(16), 1, i, x'02', iif(i % 50 = 0, 5, {NOW}) FROM n;
                 INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT id, x'02', 0, '' FROM incidents;
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                 INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT 50, x'02', 0, '' FROM n;",
                monitor(1)
            ),
            2 * 2_000 + 3_000,
        ),
        (
            "occurrences of an incident that goes on",
            format!(
                "{} INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in)
                 VALUES (1, x'01', 1, 5, x'02');
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
                 INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT 1, x'02', 0, '' FROM n;",
                monitor(1)
            ),
            4_000 - 500,
        ),
        (
            "usage of many monitors",
            format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                 INSERT INTO usage SELECT 1, iif(i % 100 = 0, '', 'job-' || (i % 100)),
                 {NOW} / 1000000 - (i / 100) * 3600 * 20, 'accepted', '', 2 FROM n;"
            ),
            100 * (1_000 - most / 20) - 100 + 1,
        ),
        (
            "outages",
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO outages (since, until) SELECT i, i + 1 FROM n;"
                .to_owned(),
            2_000,
        ),
    ];
    let kept = Retention { success_days: 365, failure_days: 365, check_ins: 500 };
    for (what, rows, expected) in tables {
        let (_folder, mut store, reader) = open(&rows);
        let swept = sweep(&mut store, &reader, kept);
        assert_eq!(swept.deleted, usize::try_from(expected).unwrap(), "{what}");
        assert!(swept.most_rows <= ROWS + 10, "{what}: {} rows at once", swept.most_rows);
        assert!(
            (1..=MOST_STEPS).contains(&swept.most_steps),
            "{what}: {} steps for {} rows",
            swept.most_steps,
            swept.most_rows
        );
        assert_eq!(sweep(&mut store, &reader, kept).deleted, 0, "{what}: twice is once");
    }
}

#[test]
fn an_outdated_plan_deletes_no_run_that_is_needed_again() {
    let (_folder, mut store, reader) = open(&(monitor(1) + &runs(50)));
    let kept = Retention { success_days: 1, failure_days: 1, check_ins: 10 };
    let mut sweep = reader.begin_sweep(Timestamp::from_microsecond(NOW).unwrap(), kept);
    let expired = sweep.advance().unwrap().unwrap();
    assert_eq!(expired.check_ins.len(), 50 - 10 - 2);
    let [one, other] = [expired.check_ins[3], expired.check_ins[4]];
    let meanwhile = format!(
        "UPDATE check_ins SET status = 'in_progress' WHERE id = {one};
         INSERT INTO incidents (guid, environment_id, started_at, starting_check_in)
         SELECT x'01', 1, date_added, guid FROM check_ins WHERE id = {other};
         DELETE FROM check_ins WHERE id = {new};
         INSERT INTO check_ins (id, guid, environment_id, status, date_added, date_updated, date_clock, config_id)
         VALUES ({new}, x'07', 1, 'ok', {NOW} + 1, 0, 0, 1);",
        new = expired.check_ins[5]
    );
    store.connection.execute_batch(&meanwhile).unwrap();
    store.change(|transaction| transaction.delete_planned(&expired)).unwrap();
    let left = format!("SELECT count(*) FROM check_ins WHERE id IN ({one}, {other}) OR guid = x'07'");
    assert_eq!(number(&store, &left), 3);
    assert_eq!(number(&store, "SELECT count(*) FROM check_ins"), 12 + 3);
}

#[test]
fn incidents_that_are_not_over_or_not_old_stay() {
    // The incidents are of two years ago, each with an occurrence and one with many; then one of today, and one that goes on.
    let (_folder, mut store, reader) = open(&format!(
        "{} WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2002)
         INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at)
         SELECT i, randomblob(16), 1, i, x'02', iif(i = 2002, NULL, iif(i = 2001, {NOW}, i)) FROM n;
         INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT id, x'02', 0, '' FROM incidents;
         INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT 77, x'02', 0, '' FROM incidents;",
        monitor(1)
    ));
    sweep(&mut store, &reader, Retention::default());
    let kept: String = store
        .connection
        .query_row(
            "SELECT group_concat(i.id) FROM incidents i JOIN occurrences o ON o.incident_id = i.id",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!((number(&store, "SELECT count(*) FROM incidents"), kept.as_str()), (2, "2001,2002"));
}
