//! Tests that each step of the purge deletes few rows of a deleted monitor, however many it has, and none of others.

use super::*;
use crate::store::sqlite::SqliteStore;

/// The rows of two monitors. Monitor 1, which is deleted, has 5,000 runs and 3,000 incidents in each of two
/// environments, one incident with 2,000 occurrences, and a year of usage. Monitor 2 has a run, an incident with an
/// occurrence, and usage.
const ROWS_OF_TWO: &str = "
    INSERT INTO monitors VALUES (1, randomblob(16), 1, 'job', 1, 1, '{\"schedule\":{\"type\":\"crontab\",\"value\":\"0 0 * * *\"}}', NULL, 0, NULL, NULL, 0, 'code', 0),
        (2, randomblob(16), 1, 'other', 1, 1, '{}', NULL, 0, NULL, NULL, 0, 'code', 0);
    INSERT INTO environments VALUES (1, 1, 'production', 'error', 0, 0, 0, 0, 0, 0), (2, 1, 'dev', 'ok', 0, 0, 0, 0, 0, 0),
        (3, 2, 'production', 'ok', 0, 0, 0, 0, 0, 0);
    INSERT INTO configs VALUES (1, '{}');
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
    INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id)
    SELECT randomblob(16), iif(i = 10001, 3, 1 + i % 2), 'ok', i, i, i, 1 FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6001)
    INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at)
    SELECT i, randomblob(16), iif(i = 6001, 3, 1 + i % 2), i, x'02', iif(i = 1, NULL, i) FROM n;
    INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT id, x'02', 0, '' FROM incidents;
    INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT 77, x'02', 0, '' FROM check_ins LIMIT 2000;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8760)
    INSERT INTO usage SELECT 1, 'job', i * 3600, 'accepted', '', 2 FROM n;
    INSERT INTO usage SELECT 1, '', hour, outcome, reason, 1 FROM usage WHERE hour % 7200 = 0;
    INSERT INTO usage VALUES (1, 'other', 3600, 'accepted', '', 5);
    INSERT INTO refused VALUES (1, 1, 1, 0, '', '[]', 0), (2, 1, 2, 0, '', '[]', 0), (3, 1, NULL, 0, '', '[]', 0);";

fn number(store: &SqliteStore, sql: &str) -> i64 {
    store.connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn stored(store: &SqliteStore) -> i64 {
    let tables = ["check_ins", "incidents", "occurrences", "environments", "usage", "refused"];
    tables.iter().map(|table| number(store, &format!("SELECT count(*) FROM {table}"))).sum()
}

fn open(folder: &tempfile::TempDir) -> SqliteStore {
    let store = SqliteStore::open(&folder.path().join("crons.db")).unwrap();
    store.connection.execute_batch(ROWS_OF_TWO).unwrap();
    store
}

fn has_deleted(folder: &tempfile::TempDir) -> bool {
    SqliteReader::open(&folder.path().join("crons.db")).unwrap().has_rows_to_purge().unwrap()
}

fn delete(store: &mut SqliteStore, environments: &[String]) {
    let now = Timestamp::from_second(8760 * HOUR + 1_800).unwrap();
    store
        .change(|transaction| {
            transaction.delete(&Deletion {
                slug: "job".to_owned(),
                environments: environments.to_vec(),
                at: now,
            })
        })
        .unwrap();
}

/// Purges what is deleted, each step in a transaction of its own. If `fails`, every third step fails, and the purge goes on.
fn purge(store: &mut SqliteStore, fails: bool) {
    let (mut more, mut left, mut steps) = (true, stored(store), 0);
    while more {
        steps += 1;
        let failed = store.change(|transaction| {
            more = transaction.purge_some()?;
            if fails && steps % 3 == 0 { Err(StoreError::unavailable("a test")) } else { Ok(()) }
        });
        more |= failed.is_err();
        let now = stored(store);
        assert!(left - now <= 2 * i64::from(ROWS), "{} at once", left - now);
        left = now;
    }
}

#[test]
fn a_deleted_monitor_is_purged_a_few_rows_at_a_time() {
    for fails in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(&folder);
        assert!(!has_deleted(&folder));
        let before = stored(&store);
        let usage = number(&store, "SELECT sum(count) FROM usage");
        delete(&mut store, &[]);
        assert!(before - stored(&store) < 10, "nothing much at first");
        assert!(has_deleted(&folder));
        assert_eq!(
            number(&store, "SELECT count(*) FROM usage WHERE slug = 'job' AND hour >= 8760 * 3600"),
            0
        );
        purge(&mut store, fails);
        for (table, left) in
            [("check_ins", 1), ("incidents", 1), ("occurrences", 1), ("environments", 1), ("refused", 2)]
        {
            assert_eq!(number(&store, &format!("SELECT count(*) FROM {table}")), left, "{table}");
        }
        assert_eq!(number(&store, "SELECT sum(count) FROM usage"), usage, "what was sent was sent");
        assert_eq!(number(&store, "SELECT count(*) FROM usage WHERE slug = 'job'"), 0);
        assert_eq!(number(&store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert!(!has_deleted(&folder));
    }
}

#[test]
fn an_environment_deleted_during_a_purge_is_purged_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    delete(&mut store, &["production".to_owned()]);
    // The walk through the incidents of the first one has begun.
    while store
        .connection
        .query_row("SELECT EXISTS (SELECT 1 FROM check_ins WHERE environment_id = 1)", [], |row| {
            row.get::<_, bool>(0)
        })
        .unwrap()
    {
        store.change(|transaction| transaction.purge_some()).unwrap();
    }
    for _ in 0..3 {
        store.change(|transaction| transaction.purge_some()).unwrap();
    }
    assert!(number(&store, "SELECT count(*) FROM incidents") < 6_001);
    delete(&mut store, &["dev".to_owned()]);
    purge(&mut store, false);
    assert_eq!(number(&store, "SELECT count(*) FROM incidents"), 1);
    assert_eq!(number(&store, "SELECT count(*) FROM environments"), 1);
    assert_eq!(
        number(&store, "SELECT count(*) FROM usage WHERE slug = 'job'"),
        8_760,
        "its monitor is still there"
    );
    assert_eq!(number(&store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

#[test]
fn many_deleted_environments_go_a_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&folder);
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO environments SELECT 10 + i, 1, 'e' || i, 'ok', 0, 0, 0, 0, 0, 0 FROM n;";
    store.connection.execute_batch(many).unwrap();
    delete(&mut store, &[]);
    purge(&mut store, false);
    assert_eq!(number(&store, "SELECT count(*) FROM environments"), 1);
}
