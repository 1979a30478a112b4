//! Faults of a database of PostgreSQL, for tests above the store.

use super::connector::{Connector, connection};
use super::executor::Executor;
use crate::settings::{Backend, Database};

/// Executes statements by a connection of its own, such as one that damages rows.
pub(crate) fn execute(database: &Database, statements: &str) {
    let Backend::Postgres(url) = database.backend() else { panic!("{database} is not of PostgreSQL") };
    let (executor, connector) =
        (Executor::new(super::executor::SERVER_LIMIT).unwrap(), Connector::new(url).unwrap());
    let pool = connector.pool(1).unwrap();
    let sql = format!("SET search_path TO {}; {statements}", connector.schema);
    executor.wait(async { Ok(connection(&pool).await?.batch_execute(&sql).await?) }).unwrap();
}
