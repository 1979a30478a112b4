//! Servers of two versions on one schema, and schemas that are refused.

use std::time::{Duration, Instant};

use crate::conformance::cluster;
use crate::settings::{Backend, Database, PostgresUrl};
use crate::store::postgres::connector::connection;
use crate::store::postgres::migrations::{MIGRATIONS, Migration};
use crate::store::postgres::{PostgresReader, PostgresStore};
use crate::store::{Changes, Store, StoreError, execute_on_postgres};

/// A new database; `None` if this machine has no PostgreSQL.
fn new_database() -> Option<Database> {
    Some(cluster::new_database()?.parse().unwrap())
}

/// The migrations of the next version: one of them replaces an index, as servers of this version run.
fn next_version() -> Vec<Migration> {
    let statements = "ALTER TABLE settings ADD COLUMN note TEXT; DROP INDEX environments_due;
        CREATE INDEX environments_due ON environments (next_check_in_latest)";
    let next = Migration { statements, usable_from: MIGRATIONS.len() };
    MIGRATIONS.iter().copied().chain([next]).collect()
}

/// Opens the database as a program does that knows these migrations.
fn open(database: &Database, known: &[Migration]) -> Result<PostgresStore, StoreError> {
    let Backend::Postgres(url) = database.backend() else { panic!("{database} is not of PostgreSQL") };
    PostgresStore::open_knowing(url, known)
}

/// Stores a setting, and returns the value that it has.
fn set(store: &mut PostgresStore, value: &str) -> String {
    let settings = vec![("test".to_owned(), value.to_owned())];
    let mut transaction = store.begin().unwrap();
    transaction.write(&Changes { settings, ..Changes::default() }).unwrap();
    let stored = transaction.setting("test", "").unwrap();
    transaction.commit().unwrap();
    stored
}

#[test]
fn a_server_of_the_schema_before_goes_on_beside_a_new_one_and_starts_again() {
    let Some(database) = new_database() else { return };
    let mut old = open(&database, MIGRATIONS).unwrap();
    assert_eq!(set(&mut old, "1"), "1");
    let mut new = open(&database, &next_version()).unwrap();
    assert_eq!([set(&mut old, "2"), set(&mut new, "3"), set(&mut old, "4")], ["2", "3", "4"]);
    drop(old);
    let mut restarted = open(&database, MIGRATIONS).unwrap();
    assert_eq!(set(&mut restarted, "5"), "5");
    assert_eq!(set(&mut new, "6"), "6");
}

#[test]
fn a_migration_waits_for_other_programs_and_no_server_waits_for_it() {
    let Some(database) = new_database() else { return };
    let mut old = open(&database, MIGRATIONS).unwrap();
    // A backup reads a table of which the migration replaces an index.
    let Backend::Postgres(url) = database.backend() else { panic!("{database} is not of PostgreSQL") };
    let backup = PostgresStore::open(url).unwrap();
    let pool = backup.connector.pool(1).unwrap();
    let client = backup.executor.wait(connection(&pool)).unwrap();
    let reads = format!("BEGIN; SELECT FROM {}.environments", url.schema);
    backup.executor.wait(async { Ok(client.batch_execute(&reads).await?) }).unwrap();
    std::thread::scope(|scope| {
        let new = scope.spawn(|| set(&mut open(&database, &next_version()).unwrap(), "2"));
        let began = Instant::now();
        // Longer than the migration waits for a table.
        while began.elapsed() < Duration::from_secs(4) {
            assert_eq!(set(&mut old, "1"), "1");
        }
        assert!(!new.is_finished(), "the backup is under way");
        backup.executor.wait(async { Ok(client.batch_execute("COMMIT").await?) }).unwrap();
        assert_eq!(new.join().unwrap(), "2");
    });
}

#[test]
fn the_name_of_a_schema_is_one_that_sql_takes_without_quotes() {
    let Some(database) = new_database() else { return };
    let Backend::Postgres(url) = database.backend() else { panic!("{database} is not of PostgreSQL") };
    for (schema, is_taken) in [("select", false), ("user", false), ("2024_jobs", false), ("jobs_2024", true)]
    {
        let url = PostgresUrl { schema: schema.to_owned(), ..url.clone() };
        match PostgresStore::open(&url) {
            Ok(_) => assert!(is_taken, "{schema}"),
            Err(error) => {
                assert!(
                    !is_taken && error.to_string().contains(&format!("schema=crons_{schema}")),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_newer_schema_is_refused_unless_it_says_that_this_program_can_use_it() {
    let Some(database) = new_database() else { return };
    drop(open(&database, MIGRATIONS).unwrap());
    let Backend::Postgres(url) = database.backend() else { panic!("{database} is not of PostgreSQL") };
    let known = MIGRATIONS.len();
    for (usable_from, is_usable) in
        [("NULL".to_owned(), false), (known.to_string(), true), ((known + 1).to_string(), false)]
    {
        let newer = format!(
            "DELETE FROM migrations WHERE version = 99; INSERT INTO migrations VALUES (99, {usable_from})"
        );
        execute_on_postgres(&database, &newer);
        let opened = [open(&database, MIGRATIONS).map(drop), PostgresReader::open(url).map(drop)];
        for opened in opened {
            assert_eq!(opened.is_ok(), is_usable, "{usable_from}: {opened:?}");
            if let Err(error) = opened {
                assert!(error.to_string().contains("newer crons (schema 99"), "{error}");
            }
        }
        let moved = PostgresStore::open_unserved(url).unwrap_err();
        assert!(moved.to_string().contains("newer crons (schema 99"), "{moved}");
    }
}
