//! Refuses databases and schemas that this program cannot use.

use deadpool_postgres::Pool;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::connector::{Connector, connection};
use super::executor::Executor;
use super::migrations::MIGRATIONS;
use crate::store::error::StoreError;

/// The oldest version of PostgreSQL that is supported, as `server_version_num` has it.
const OLDEST_POSTGRES: i32 = 140_000;

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
pub(super) async fn version(client: &Client, schema: &str) -> Result<usize, StoreError> {
    let sql = format!("SELECT to_regclass('{schema}.migrations') IS NOT NULL");
    if !client.query_typed_one(&sql, &[]).await?.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let sql = format!("SELECT coalesce(max(version), 0) FROM {schema}.migrations");
    let version: i32 = client.query_typed_one(&sql, &[]).await?.try_get(0)?;
    Ok(usize::try_from(version).unwrap_or_default())
}

pub(super) async fn refuse_old(client: &Client) -> Result<(), StoreError> {
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
pub(super) async fn refuse_quoted(client: &Client, schema: &str) -> Result<(), StoreError> {
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
pub(super) async fn refuse_foreign(
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
