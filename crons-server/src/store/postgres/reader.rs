//! Connections that read beside the writer.

use std::sync::Arc;

use deadpool_postgres::{Object, Pool};

use super::connection::PostgresStore;
use super::connector::{Connector, connection};
use super::executor::{Executor, PROGRAM_LIMIT, ROLLBACK_LIMIT};
use super::rows;
use super::schema_checks::refuse_other;
use super::session::Session;
use crate::domain::PROJECT;
use crate::settings::PostgresUrl;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::views::Page;

/// Connections of one reader, at most: pages and API ask for several things at once.
const CONNECTIONS: usize = 4;

/// Reads of a schema of PostgreSQL, each a snapshot of one instant.
pub(crate) struct PostgresReader {
    executor: Arc<Executor>,
    pool: Pool,
    schema: String,
    unreadable: Arc<UnreadableRows>,
}

impl PostgresReader {
    /// Opens a schema that a [`PostgresStore`] has made.
    ///
    /// # Errors
    /// If the database cannot be read, or has the schema of another version.
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        let executor = Arc::new(Executor::new(PROGRAM_LIMIT)?);
        let connector = Connector::new(url)?;
        let pool = connector.pool(CONNECTIONS)?;
        refuse_other(&executor, &connector, &pool)?;
        Ok(Self { executor, pool, schema: connector.schema, unreadable: Arc::default() })
    }

    /// Reads of the schema of a store, which share with the store which rows cannot be read.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub(crate) fn beside(store: &PostgresStore) -> Result<Self, StoreError> {
        Ok(Self {
            executor: Arc::clone(&store.executor),
            pool: store.connector.pool(CONNECTIONS)?,
            schema: store.connector.schema.clone(),
            unreadable: Arc::clone(&store.unreadable),
        })
    }

    pub(super) fn unreadable(&self) -> &UnreadableRows {
        &self.unreadable
    }

    /// Runs reads in one snapshot.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(Session<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let client = self.executor.wait(connection(&self.pool))?;
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO {}; {};
             SET LOCAL idle_in_transaction_session_timeout = '30s'",
            self.schema,
            self.executor.statement_timeout()
        );
        let session = Session { executor: &self.executor, client: &client, prepared: false };
        let result = self
            .executor
            .wait(async { Ok(session.client.batch_execute(&begin).await?) })
            .and_then(|()| read(session));
        let ended =
            self.executor.wait_for(ROLLBACK_LIMIT, async { Ok(client.batch_execute("ROLLBACK").await?) });
        if ended.is_err() {
            // The state of the connection is not known.
            drop(Object::take(client));
        }
        result
    }
}

/// The row id of the monitor of a slug; `None` if there is none.
pub(super) fn monitor_id(session: Session<'_>, slug: &str) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT id FROM monitors WHERE project = $1 AND slug = $2";
    let row = session.query_first(sql, &[&PROJECT.cast_signed(), &super::parameter::text(slug)])?;
    Ok(row.map(|row| rows::get(&row, 0)).transpose()?)
}

/// Returns the page of rows that a statement with the limit `limit + 1` has found: the row beyond the page shows that there are more.
pub(super) fn page<T>(
    mut found: Vec<tokio_postgres::Row>,
    limit: u32,
    decode: impl FnOnce(&[tokio_postgres::Row]) -> Result<Vec<T>, StoreError>,
) -> Result<Page<T>, StoreError> {
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok(Page { items: decode(&found)?, more })
}
