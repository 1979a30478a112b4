//! The backend of a database: whatever its URL says.

use std::path::Path;

use super::error::StoreError;
use super::sqlite;
use crate::settings::{Backend, Database};

/// Copies a database to the new file `to` while a server may use it: a snapshot of one instant, compact and complete.
///
/// # Errors
/// If the database is none of ours or cannot be read, or `to` exists or cannot be written.
pub fn backup(database: &Database, to: &Path) -> Result<(), StoreError> {
    let Backend::Sqlite(path) = database.backend();
    sqlite::backup(path, to)
}
