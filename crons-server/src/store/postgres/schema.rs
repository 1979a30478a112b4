//! The schema of the tables: it is made, and migrated from any earlier one, by one server at a time.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_postgres::Client;

use super::connector::{Connector, connection};
use super::executor::Executor;
use super::nodes::Lock;
use crate::store::error::StoreError;

/// The migrations in order; the table `migrations` counts those that the schema has been through.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_initial.sql")];

/// The oldest version of PostgreSQL that is supported, as `server_version_num` has it.
const OLDEST_POSTGRES: i32 = 140_000;

/// The time for a migration, which may rewrite tables.
const MIGRATION_LIMIT: Duration = Duration::from_secs(3_600);

/// Makes or migrates the schema.
///
/// # Errors
/// If the database cannot be used, or has the schema of another program or of a newer version.
pub(super) fn migrate(executor: &Executor, connector: &Connector, pool: &Pool) -> Result<(), StoreError> {
    executor.wait_for(MIGRATION_LIMIT, async {
        let mut client = connection(pool).await?;
        refuse_old(&client).await?;
        let transaction = client.transaction().await?;
        let schema = &connector.schema;
        // Two servers that start at once wait for one another. The lock ends with the transaction, as a pooler between has no sessions.
        transaction
            .batch_execute(&format!("SELECT pg_advisory_xact_lock(hashtext('crons migration of {schema}'))"))
            .await?;
        let version = version(transaction.client(), schema).await?;
        refuse_foreign(transaction.client(), schema, version).await?;
        let missing = MIGRATIONS.get(version..).unwrap_or_default();
        if missing.is_empty() {
            return Ok(());
        }
        // Servers of the version before wait until it is done.
        transaction.batch_execute(&Lock::Exclusive.statement(schema)).await?;
        if version == 0 {
            // A schema that an administrator has made needs no right on the database, which even `IF NOT EXISTS` asks for.
            let is_there = format!("SELECT to_regnamespace('{schema}') IS NOT NULL");
            if !transaction.query_typed_one(&is_there, &[]).await?.try_get::<_, bool>(0)? {
                transaction.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
            }
        } else {
            tracing::info!(
                from = version,
                to = MIGRATIONS.len(),
                "the database is migrated to the schema of this version"
            );
        }
        transaction.batch_execute(&format!("SET LOCAL search_path TO {schema}")).await?;
        transaction
            .batch_execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)")
            .await?;
        for (migration, version) in missing.iter().zip(version + 1..) {
            transaction.batch_execute(migration).await?;
            transaction.batch_execute(&format!("INSERT INTO migrations VALUES ({version})")).await?;
        }
        Ok(transaction.commit().await?)
    })
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
        let version = version(&client, &connector.schema).await?;
        refuse_foreign(&client, &connector.schema, version).await?;
        let known = MIGRATIONS.len();
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

/// Refuses a schema of a newer version, and one that has tables of another program.
async fn refuse_foreign(client: &Client, schema: &str, version: usize) -> Result<(), StoreError> {
    let known = MIGRATIONS.len();
    if version > known {
        return Err(StoreError::refused(format!(
            "it was written by a newer crons (schema {version}, this one knows {known}); use that one, or another schema"
        )));
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
