//! The schema of the tables: it is made, and migrated from any earlier one, by one server at a time.
//!
//! A migration only adds, such as a column that may be empty, so that servers of the version before go on beside new ones. It may take away what
//! no program reads any more since one or more versions; it says so by [`Migration::usable_from`].

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::connector::{Connector, connection};
use super::executor::Executor;
use super::nodes::Lock;
use crate::store::error::StoreError;

/// A step from a schema to the next one.
#[derive(Clone, Copy)]
pub(super) struct Migration {
    statements: &'static str,
    /// The oldest schema whose programs can use the new one, too.
    usable_from: usize,
}

/// The migrations in order; the table `migrations` counts those that the schema has been through.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { statements: include_str!("migrations/0001_initial.sql"), usable_from: 1 },
    Migration { statements: include_str!("migrations/0002_busy_tables.sql"), usable_from: 1 },
    Migration { statements: include_str!("migrations/0003_target_leases.sql"), usable_from: 1 },
];

/// The oldest version of PostgreSQL that is supported, as `server_version_num` has it.
const OLDEST_POSTGRES: i32 = 140_000;

/// The time for a migration, which may rewrite tables.
const MIGRATION_LIMIT: Duration = Duration::from_secs(3_600);
/// The time between two attempts to migrate.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Makes or migrates the schema, by the migrations that the program knows.
///
/// # Errors
/// If the database cannot be used, or has the schema of another program or of a newer version that this one cannot use.
pub(super) fn migrate(
    executor: &Executor,
    connector: &Connector,
    pool: &Pool,
    known: &[Migration],
) -> Result<(), StoreError> {
    executor.wait_for(MIGRATION_LIMIT, async {
        let mut client = connection(pool).await?;
        refuse_old(&client).await?;
        refuse_quoted(&client, &connector.schema).await?;
        let mut is_said = false;
        loop {
            match migrate_once(&mut client, &connector.schema, known).await {
                Err(StoreError::Conflict(cause)) => {
                    if !std::mem::replace(&mut is_said, true) {
                        tracing::info!(%cause, "the schema is migrated as soon as other programs let go of its tables");
                    }
                    tokio::time::sleep(RETRY_INTERVAL).await;
                }
                result => return result,
            }
        }
    })
}

/// Makes or migrates the schema, in a transaction.
///
/// # Errors
/// [`StoreError::Conflict`] if another program, such as a backup, has tables locked for some seconds: servers that run would wait for this transaction as
/// long. The errors of [`migrate`].
async fn migrate_once(client: &mut Client, schema: &str, known: &[Migration]) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    // Two servers that start at once wait for one another. The lock ends with the transaction, as a pooler between has no sessions.
    let lock = format!(
        "SET LOCAL lock_timeout = '3s'; SELECT pg_advisory_xact_lock(hashtext('crons migration of {schema}'))"
    );
    transaction.batch_execute(&lock).await.map_err(or_conflict)?;
    let version = version(transaction.client(), schema).await?;
    refuse_foreign(transaction.client(), schema, version, known.len()).await?;
    let missing = known.get(version..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    // Servers of the version before wait until it is done.
    transaction.batch_execute(&Lock::Exclusive.statement(schema)).await.map_err(or_conflict)?;
    if version == 0 {
        // A schema that an administrator has made needs no right on the database, which even `IF NOT EXISTS` asks for.
        let is_there = format!("SELECT to_regnamespace('{schema}') IS NOT NULL");
        if !transaction.query_typed_one(&is_there, &[]).await?.try_get::<_, bool>(0)? {
            transaction.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
        }
    } else {
        tracing::info!(
            from = version,
            to = known.len(),
            "the database is migrated to the schema of this version"
        );
    }
    transaction.batch_execute(&format!("SET LOCAL search_path TO {schema}")).await?;
    transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY);
                 ALTER TABLE migrations ADD COLUMN IF NOT EXISTS usable_from INTEGER",
        )
        .await?;
    for (Migration { statements, usable_from }, version) in missing.iter().zip(version + 1..) {
        let counted = format!("INSERT INTO migrations VALUES ({version}, {usable_from})");
        transaction.batch_execute(&format!("{statements}; {counted}")).await.map_err(or_conflict)?;
    }
    Ok(transaction.commit().await?)
}

fn or_conflict(error: tokio_postgres::Error) -> StoreError {
    if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
        StoreError::conflict(error)
    } else {
        error.into()
    }
}

/// Refuses a schema that is not there, or is older than this program's: for a program that only reads.
///
/// # Errors
/// If it is so, or the database cannot be used.
pub(super) fn refuse_other(
    executor: &Executor,
    connector: &Connector,
    pool: &Pool,
) -> Result<(), StoreError> {
    executor.wait(async {
        let client = connection(pool).await?;
        refuse_quoted(&client, &connector.schema).await?;
        let (version, known) = (version(&client, &connector.schema).await?, MIGRATIONS.len());
        refuse_foreign(&client, &connector.schema, version, known).await?;
        if version < known {
            return Err(StoreError::refused(format!(
                "the schema {} was written by an older crons or by none (schema {version}, this one knows {known}); let `crons serve` \
                 open it once",
                connector.schema
            )));
        }
        Ok(())
    })
}

/// The number of migrations that the schema has been through; 0 if it is not there.
async fn version(client: &Client, schema: &str) -> Result<usize, StoreError> {
    let sql = format!("SELECT to_regclass('{schema}.migrations') IS NOT NULL");
    if !client.query_typed_one(&sql, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let sql = format!("SELECT coalesce(max(version), 0) FROM {schema}.migrations");
    let version: i32 = client.query_typed_one(&sql, &[]).await?.try_get(0)?;
    Ok(usize::try_from(version).unwrap_or_default())
}

async fn refuse_old(client: &Client) -> Result<(), StoreError> {
    let row = client
        .query_typed_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
            &[],
        )
        .await?;
    let (number, name): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
    if number < OLDEST_POSTGRES {
        return Err(StoreError::refused(format!(
            "the database is PostgreSQL {name}; crons needs 14 or newer"
        )));
    }
    Ok(())
}

/// Refuses the name of a schema that SQL takes only in quotes: a word of the language, or one that begins with a digit.
async fn refuse_quoted(client: &Client, schema: &str) -> Result<(), StoreError> {
    let row = client.query_typed_one("SELECT quote_ident($1) = $1", &[(&schema, Type::TEXT)]).await?;
    if row.try_get(0)? {
        return Ok(());
    }
    Err(StoreError::refused(format!(
        "the schema {schema} has a name that is a word of SQL or begins with a digit; write another one, such as ?schema=crons_{schema}"
    )))
}

/// Refuses a schema that has columns which this program does not know: for one that copies all of them.
///
/// # Errors
/// If it is so, or the database cannot be used.
pub(super) fn refuse_newer(
    executor: &Executor,
    connector: &Connector,
    pool: &Pool,
) -> Result<(), StoreError> {
    executor.wait(async {
        let version = version(&*connection(pool).await?, &connector.schema).await?;
        if version > MIGRATIONS.len() { Err(newer(version, MIGRATIONS.len())) } else { Ok(()) }
    })
}

fn newer(version: usize, known: usize) -> StoreError {
    StoreError::refused(format!(
        "it was written by a newer crons (schema {version}, this one knows {known}); use that one, or another schema"
    ))
}

/// Refuses a schema that programs of the schema `known` cannot use, and one that has tables of another program.
async fn refuse_foreign(
    client: &Client,
    schema: &str,
    version: usize,
    known: usize,
) -> Result<(), StoreError> {
    if version > known {
        let sql = format!(
            "SELECT max(coalesce(usable_from, version)) FROM {schema}.migrations WHERE version > {known}"
        );
        let usable_from: i32 = client.query_typed_one(&sql, &[]).await?.try_get(0)?;
        if usize::try_from(usable_from).is_ok_and(|usable_from| usable_from <= known) {
            return Ok(());
        }
        return Err(newer(version, known));
    }
    let sql = format!("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = '{schema}')");
    let has_tables: bool = client.query_typed_one(&sql, &[]).await?.try_get(0)?;
    if version == 0 && has_tables {
        return Err(StoreError::refused(format!(
            "its schema {schema} has tables of another program; name another one, such as ?schema=crons_2"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{MIGRATIONS, Migration};
    use crate::conformance::cluster;
    use crate::settings::{Backend, Database, PostgresUrl};
    use crate::store::postgres::connector::connection;
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
        for (schema, is_taken) in
            [("select", false), ("user", false), ("2024_jobs", false), ("jobs_2024", true)]
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
}
