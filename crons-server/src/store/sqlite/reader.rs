//! A connection that reads beside the writer.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use super::connection::SqliteStore;
use super::file_lock::FileIdentity;
use super::rows;
use super::schema;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::views::Page;

/// Reads of an SQLite file, one at a time. Writes do not delay them, nor are delayed by them.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Mutex<Connection>,
    file: FileIdentity,
    unreadable: Arc<UnreadableRows>,
}

impl SqliteReader {
    /// Opens the file that a [`SqliteStore`] has created.
    ///
    /// # Errors
    /// If the file cannot be read, or has the schema of another version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Mutex::new(schema::open_for_reading(path)?);
        Ok(Self { connection, file: FileIdentity::of(path)?, unreadable: Arc::default() })
    }

    /// Opens the file of a store, and shares with the store which rows cannot be read.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn beside(store: &SqliteStore, path: &Path) -> Result<Self, StoreError> {
        Ok(Self { unreadable: store.unreadable(), ..Self::open(path)? })
    }

    pub(super) fn file(&self) -> &FileIdentity {
        &self.file
    }

    pub(super) fn unreadable(&self) -> &UnreadableRows {
        &self.unreadable
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs reads in one snapshot.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection();
        let transaction = connection.unchecked_transaction()?;
        read(&transaction)
    }
}

/// The row id of the monitor of a slug; `None` if there is none.
pub(super) fn monitor_id(connection: &Connection, slug: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM monitors WHERE project = ?1 AND slug = ?2")?
        .query_row(params![PROJECT.cast_signed(), slug], |row| row.get(0))
        .optional()
}

/// Returns the page that a statement with the limit `limit + 1` has found: the row beyond the page shows that there are more.
pub(super) fn page<T>(
    found: impl Iterator<Item = rusqlite::Result<T>>,
    limit: u32,
) -> Result<Page<T>, StoreError> {
    let mut found: Vec<_> = found.collect();
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let items = found.into_iter().filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?;
    Ok(Page { items, more })
}
