//! The backend of a database, chosen by its URL.

use std::path::Path;
use std::sync::Arc;

use super::error::StoreError;
use super::queries::Queries;
use super::sqlite::{self, SqliteReader, SqliteStore};
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
    let Backend::Sqlite(path) = database.backend();
    let store = SqliteStore::open(path)?;
    let reader = || SqliteReader::beside(&store, path).map(Arc::new);
    let (queries, probe, sweeper) = (reader()?, reader()?, reader()?);
    Ok(OpenDatabase { store: Box::new(store), queries, probe, sweeper })
}

/// Opens a database for reading only, while a server may use it.
///
/// # Errors
/// If the database does not exist, cannot be read, or has the schema of another version.
pub(crate) fn open_for_reading(database: &Database) -> Result<Arc<dyn Queries>, StoreError> {
    let Backend::Sqlite(path) = database.backend();
    Ok(Arc::new(SqliteReader::open(path)?))
}

/// Copies a database to the new file `to` while a server may use it: a snapshot of one instant, compact and complete.
///
/// # Errors
/// If the database is none of ours or cannot be read, or `to` exists or cannot be written.
pub fn backup(database: &Database, to: &Path) -> Result<(), StoreError> {
    let Backend::Sqlite(path) = database.backend();
    sqlite::backup(path, to)
}
