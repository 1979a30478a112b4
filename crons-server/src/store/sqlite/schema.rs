//! Opens database files: their settings, and their schema, which is migrated from any earlier one.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::store::error::StoreError;

/// The migrations in order; the file's `user_version` counts those that it has been through.
const MIGRATIONS: [&str; 10] = [
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_incidents.sql"),
    include_str!("migrations/0003_alerts.sql"),
    include_str!("migrations/0004_newest.sql"),
    include_str!("migrations/0005_unheard_and_deleted.sql"),
    include_str!("migrations/0006_foreign_keys.sql"),
    include_str!("migrations/0007_pages.sql"),
    include_str!("migrations/0008_silences.sql"),
    include_str!("migrations/0009_follow_ups.sql"),
    include_str!("migrations/0010_broken.sql"),
];

/// The value of `PRAGMA cache_size`; a negative one is in KiB. Ids are random, so all pages of their index are in use.
const CACHE: i32 = -8 * 1024;
/// The number of pages in the write-ahead log at which they are moved to the file: 16 MiB. At the usual 4 MiB, pages of that index are moved
/// too often.
const CHECKPOINT: u32 = 4_000;

/// The number of prepared statements that are kept: of each table that rows are added to, one for each number of rows that is a
/// power of two.
const STATEMENTS: usize = 256;

/// The value of `PRAGMA auto_vacuum` for incremental vacuum.
const INCREMENTAL: u32 = 2;

/// Opens a file for writing: creates it if it does not exist, and migrates its schema.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    ours(&connection, 0)?;
    // Incremental vacuum gives space back bit by bit. It works from the first page on, so a file that has pages is rewritten.
    let mode: u32 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    if mode != INCREMENTAL {
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
        let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        // A new file has one page, with its kind.
        if pages > 1 {
            tracing::info!(file = %path.display(), pages, "the file is rewritten, so that it can shrink; this may take minutes");
        }
        if let Err(error) = connection.execute_batch("VACUUM") {
            tracing::warn!(%error, "the file cannot be rewritten, and will not shrink; tried again at the next start");
        }
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A check-in that was answered with 2xx must survive a power cut.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    settle_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    migrate(&mut connection)?;
    // Migrations move more rows than a check of each would be worth.
    connection.pragma_update(None, "foreign_keys", true)?;
    // Copies of pages that a statement may have to restore, some hundred KiB of a storm, are not written to a file. A migration may
    // need more.
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

/// An empty database in memory. Each simulation has a database of its own, and migrations take most of the time of a short one; a
/// copy of this one needs none.
static EMPTY: Mutex<Option<Connection>> = Mutex::new(None);

/// Opens a database in memory.
pub(super) fn open_in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    copy_empty(&mut connection)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    settle_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Copies all pages of [`EMPTY`], which is made first if this process has none.
fn copy_empty(to: &mut Connection) -> Result<(), StoreError> {
    // A thread that panicked here has left either nothing or a whole database.
    let mut empty = EMPTY.lock().unwrap_or_else(PoisonError::into_inner);
    if empty.is_none() {
        let mut made = Connection::open_in_memory()?;
        migrate(&mut made)?;
        *empty = Some(made);
    }
    if let Some(empty) = &*empty {
        Backup::new(empty, to)?.run_to_completion(i32::MAX, Duration::ZERO, None)?;
    }
    Ok(())
}

/// Opens a file for reading, beside the connection that writes.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let connection = open_any(path)?;
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if (version as usize) < MIGRATIONS.len() {
        return Err(StoreError::refused(format!(
            "it was written by an older crons (schema {version}, this one knows {}); let `crons serve` open it, or a copy of \
             it, once",
            MIGRATIONS.len()
        )));
    }
    Ok(connection)
}

/// Opens a file of any known schema for reading, to copy it.
pub(super) fn open_any(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    settle_plans(&connection)?;
    ours(&connection, 1)?;
    Ok(connection)
}

/// Has SQLite plan each statement once. Otherwise a statement on a table with a partial index is planned again each time that it is taken
/// from the cache, which was three quarters of all the work.
fn settle_plans(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Refuses a file of another program, and a schema older than `oldest` or newer than this program knows.
fn ours(connection: &Connection, oldest: u32) -> Result<(), StoreError> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version as usize > MIGRATIONS.len() {
        return Err(StoreError::refused(format!(
            "it was written by a newer crons (schema {version}, this one knows {}); use that one, or another file",
            MIGRATIONS.len()
        )));
    }
    // A new file has no tables; one of ours has these.
    let (tables, known): (u32, u32) = connection.query_row(
        "SELECT count(*), count(*) FILTER (WHERE name IN ('settings', 'check_ins')) FROM sqlite_schema
         WHERE type = 'table'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if version < oldest || known < 2 && (version > 0 || tables > 0) {
        return Err(StoreError::refused("it is no database of crons; use another file"));
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let missing = MIGRATIONS.get(version as usize..).unwrap_or_default();
    // A new file has no rows to bring along.
    let migrates = version > 0 && !missing.is_empty();
    let to = MIGRATIONS.len();
    if migrates {
        tracing::info!(
            from = version,
            to,
            "the database is migrated to the schema of this version; this may take minutes"
        );
    }
    for (migration, version) in missing.iter().zip(version + 1..) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()?;
    if migrates {
        tracing::info!(from = version, to, "the database has been migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let refused = open(&path).unwrap_err().to_string();
        assert!(refused.contains("newer crons (schema 99"), "{refused}");
        let refused = open_for_reading(&path).unwrap_err().to_string();
        assert!(refused.contains("newer crons (schema 99"), "{refused}");
    }

    #[test]
    fn a_database_of_another_program_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (name, version) in [("new.db", 0), ("first.db", 1), ("second.db", 2)] {
            let path = folder.path().join(name);
            let other = Connection::open(&path).unwrap();
            other.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
            other.pragma_update(None, "user_version", version).unwrap();
            drop(other);
            let before = std::fs::read(&path).unwrap();
            for refused in [open(&path), open_for_reading(&path)] {
                let refused = refused.unwrap_err().to_string();
                assert!(refused.contains("no database of crons"), "{name}: {refused}");
            }
            assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
        }
    }

    #[test]
    fn an_incident_of_an_older_schema_ends_when_its_report_arrived() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let older = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..4] {
            older.execute_batch(migration).unwrap();
        }
        let rows = "
            INSERT INTO monitors VALUES (1, x'01', 1, 'job', 1, 1, '{}', NULL, 0);
            INSERT INTO environments VALUES (1, 1, 'production', 'ok', 0, 0, 0, 0, 0, 0);
            INSERT INTO configs VALUES (1, '{}');
            INSERT INTO check_ins (id, guid, environment_id, status, date_added, date_updated, date_clock, config_id)
            VALUES (1, x'0a', 1, 'ok', 100, 900, 0, 1);
            INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at, resolving_check_in)
            VALUES (1, x'11', 1, 500, x'09', 100, x'0a'), (2, x'12', 1, 500, x'09', 100, x'0b'),
                (3, x'13', 1, 600, x'0c', NULL, NULL);";
        older.execute_batch(rows).unwrap();
        older.pragma_update(None, "user_version", 4).unwrap();
        drop(older);
        let ends: Vec<Option<i64>> = open(&path)
            .unwrap()
            .prepare("SELECT resolved_at FROM incidents ORDER BY id")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(ends, [Some(900), Some(500), None], "never before it began, whatever is known of its end");
    }

    #[test]
    fn alerts_and_open_incidents_of_an_older_schema_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let older = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..8] {
            older.execute_batch(migration).unwrap();
        }
        let rows = "
            INSERT INTO monitors (id, guid, project, slug, enabled, upserting, config, date_created)
            VALUES (1, x'01', 1, 'job', 1, 1, '{}', 0);
            INSERT INTO environments (id, monitor_id, name, status, muted, date_created) VALUES (1, 1, 'a', 'error', 0, 0);
            INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in, opened_at, told, resolved_at)
            VALUES (1, x'11', 1, 500, x'09', 700, 1, 800), (2, x'12', 1, 900, x'09', NULL, 1, NULL);
            INSERT INTO alerts (id, key, target, event, incident, check_in, body, created_at, next_attempt_at, attempts)
            VALUES (7, x'21', 'ops', 'opened', x'12', x'09', '{}', 900, 950, 3);";
        older.execute_batch(rows).unwrap();
        older.pragma_update(None, "user_version", 8).unwrap();
        drop(older);
        let opened = open(&path).unwrap();
        let number = |sql: &str| opened.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap();
        assert_eq!(number("SELECT notified_at FROM incidents WHERE id = 1"), None, "it is over");
        assert_eq!(number("SELECT notified_at FROM incidents WHERE id = 2"), Some(900));
        assert_eq!(number("SELECT id * 1000 + next_attempt_at + attempts FROM alerts"), Some(7_953));
        assert_eq!(number("SELECT group_until FROM alerts"), None);
    }

    #[test]
    fn databases_in_memory_have_the_schema_of_a_file_and_no_rows_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let schema = |connection: &Connection| -> Vec<(String, Option<String>)> {
            let mut rows = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
            rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        let number = |connection: &Connection, sql: &str| {
            connection.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap()
        };
        let file = open(&folder.path().join("crons.db")).unwrap();
        let configs = "SELECT count(*) FROM configs";
        for _ in 0..2 {
            let connection = open_in_memory().unwrap();
            assert_eq!(schema(&connection), schema(&file));
            assert_eq!(number(&connection, "PRAGMA user_version") as usize, MIGRATIONS.len());
            assert_eq!(number(&connection, "PRAGMA foreign_keys"), 1);
            assert_eq!(number(&connection, configs), 0);
            connection.execute("INSERT INTO configs VALUES (1, '{}')", []).unwrap();
            assert_eq!(number(&connection, configs), 1);
        }
    }

    #[test]
    fn opening_twice_migrates_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        drop(open(&path).unwrap());
        drop(open(&path).unwrap());
    }
}
