//! The schema of the tables: it is made, and migrated from any earlier one, by one server at a time.

use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connector::{Connector, connection};
use super::executor::Executor;
use super::migrations::Migration;
use super::nodes::Lock;
use super::schema_checks::{refuse_foreign, refuse_old, refuse_quoted, version};
use crate::store::error::StoreError;

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

#[cfg(test)]
mod tests;
