//! The connection that writes, and its transactions.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::cache::Cache;
use super::file_lock::{FileIdentity, FileLock};
use super::schema;
use super::unreadable::UnreadableRows;
use crate::store::error::StoreError;
use crate::store::records::{Records, Store};

/// Check-ins in a file, durable when a transaction returns.
pub struct SqliteStore {
    pub(super) connection: Connection,
    cache: Cache,
    /// `None` for a database in memory.
    file: Option<FileIdentity>,
    /// Dropped after the connection.
    _lock: Option<FileLock>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.connection.path()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be written, is no database, is one of a newer version of this program, or is served already.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = FileLock::acquire(path)?;
        let connection = schema::open(path)?;
        Ok(Self {
            connection,
            cache: Cache::default(),
            file: Some(FileIdentity::of(path)?),
            _lock: Some(lock),
        })
    }

    /// One that is gone with the process: for simulations.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let connection = schema::open_in_memory()?;
        Ok(Self { connection, cache: Cache::default(), file: None, _lock: None })
    }

    pub(super) fn unreadable(&self) -> Arc<UnreadableRows> {
        Arc::clone(&self.cache.unreadable)
    }
}

impl Store for SqliteStore {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Records) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), FileIdentity::check)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut records = SqliteRecords(transaction, &mut self.cache);
        // Dropped without a commit it is rolled back.
        let done = work(&mut records);
        let SqliteRecords(transaction, cache) = records;
        let done = done.and_then(|()| Ok(transaction.commit()?));
        if done.is_err() {
            cache.clear();
        }
        done
    }
}

/// Looks up in `find`, writes in `write`.
pub(super) struct SqliteRecords<'store>(pub(super) Transaction<'store>, pub(super) &'store mut Cache);

impl SqliteRecords<'_> {
    /// Stores a setting that has no value yet, and returns the value that it has.
    pub(super) fn stored_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        self.0.execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?1, ?2)", [name, value])?;
        let sql = "SELECT value FROM settings WHERE name = ?1";
        Ok(self.0.query_row(sql, [name], |row| row.get(0))?)
    }
}
