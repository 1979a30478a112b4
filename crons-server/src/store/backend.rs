//! The backend of a database, chosen by its URL.

use std::path::Path;
use std::sync::Arc;

use super::error::StoreError;
#[cfg(feature = "postgres")]
use super::postgres::{PostgresReader, PostgresStore};
use super::queries::Queries;
use super::sqlite::{self, SqliteReader, SqliteStore};
#[cfg(feature = "postgres")]
use super::tables::{MOVING_FROM, Tables};
use super::transaction::Store;
use crate::settings::{Backend, Database};

/// An open database: the part that writes, and parts that read beside it. A long read delays only reads of the same part.
pub(crate) struct OpenDatabase {
    pub store: Box<dyn Store>,
    /// Reads for pages and API.
    pub queries: Arc<dyn Queries>,
    /// The reads that are short: health checks, due alerts.
    pub probe: Arc<dyn Queries>,
    /// Reads of retention.
    pub sweeper: Arc<dyn Queries>,
}

/// Opens a database for a server: creates it if it does not exist, and brings its schema up to date.
///
/// # Errors
/// If the database cannot be used, belongs to another program or a newer version, or is served already.
pub(crate) fn open(database: &Database) -> Result<OpenDatabase, StoreError> {
    match database.backend() {
        Backend::Sqlite(path) => {
            let store = SqliteStore::open(path)?;
            #[cfg(feature = "postgres")]
            let store = finished(store)?;
            let reader = || SqliteReader::beside(&store, path).map(Arc::new);
            let (queries, probe, sweeper) = (reader()?, reader()?, reader()?);
            Ok(OpenDatabase { store: Box::new(store), queries, probe, sweeper })
        }
        #[cfg(feature = "postgres")]
        Backend::Postgres(url) => {
            let store = finished(PostgresStore::open(url)?)?;
            let reader = || PostgresReader::beside(&store).map(Arc::new);
            let (queries, probe, sweeper) = (reader()?, reader()?, reader()?);
            Ok(OpenDatabase { store: Box::new(store), queries, probe, sweeper })
        }
    }
}

/// Refuses a database to which not all rows of another one have been copied.
#[cfg(feature = "postgres")]
fn finished<S: Tables>(mut store: S) -> Result<S, StoreError> {
    match store.stored_setting(MOVING_FROM)? {
        None => Ok(store),
        Some(source) => Err(StoreError::refused(format!(
            "it has only a part of {source}; finish the transfer with `crons move`, which goes on where it was, or use another database"
        ))),
    }
}

/// Opens a database for a transfer of its rows.
///
/// # Errors
/// The cases of [`open`], and a database that a server has open.
#[cfg(feature = "postgres")]
pub(super) fn open_tables(database: &Database) -> Result<Box<dyn Tables>, StoreError> {
    Ok(match database.backend() {
        Backend::Sqlite(path) => Box::new(SqliteStore::open(path)?),
        Backend::Postgres(url) => Box::new(PostgresStore::open_unserved(url)?),
    })
}

/// Opens a database for reading only, while a server may use it.
///
/// # Errors
/// If the database does not exist, cannot be read, or has the schema of another version.
pub(crate) fn open_for_reading(database: &Database) -> Result<Arc<dyn Queries>, StoreError> {
    Ok(match database.backend() {
        Backend::Sqlite(path) => Arc::new(SqliteReader::open(path)?),
        #[cfg(feature = "postgres")]
        Backend::Postgres(url) => Arc::new(PostgresReader::open(url)?),
    })
}

/// Copies a database to the new file `to` while a server may use it: a snapshot of one instant, compact and complete.
///
/// # Errors
/// If the database is none of ours or cannot be read, or `to` exists or cannot be written.
pub fn backup(database: &Database, to: &Path) -> Result<(), StoreError> {
    match database.backend() {
        Backend::Sqlite(path) => sqlite::backup(path, to),
        #[cfg(feature = "postgres")]
        Backend::Postgres(url) => Err(StoreError::refused(format!(
            "PostgreSQL has its own program for it: pg_dump --format=custom --schema={} --file={} and the URL of the database",
            url.schema,
            to.display()
        ))),
    }
}
