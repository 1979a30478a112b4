//! The connection that writes, and its transactions.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::file_lock::{FileIdentity, FileLock};
use super::schema;
use crate::store::error::StoreError;
use crate::store::transaction::{Store, Transaction};
use crate::store::unreadable::UnreadableRows;

/// A store of check-ins in a file; a change is durable when its transaction returns.
pub struct SqliteStore {
    pub(super) connection: Connection,
    /// Rows that are left out, of this connection and of those that read.
    unreadable: Arc<UnreadableRows>,
    /// `None` for a database in memory.
    file: Option<FileIdentity>,
    /// The lock of the file, dropped after the connection.
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
        Ok(Self { file: Some(FileIdentity::of(path)?), _lock: Some(lock), ..Self::of(connection) })
    }

    /// Creates a database in memory, which is gone with the process: for simulations.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::of(schema::open_in_memory()?))
    }

    fn of(connection: Connection) -> Self {
        Self { connection, unreadable: Arc::default(), file: None, _lock: None }
    }

    pub(super) fn unreadable(&self) -> Arc<UnreadableRows> {
        Arc::clone(&self.unreadable)
    }
}

impl Store for SqliteStore {
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(self.begin_writing()?))
    }
}

impl SqliteStore {
    pub(super) fn begin_writing(&mut self) -> Result<SqliteTransaction<'_>, StoreError> {
        self.file.as_ref().map_or(Ok(()), FileIdentity::check)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(SqliteTransaction { transaction, unreadable: &self.unreadable })
    }

    /// The number of statements that `work` executes.
    #[cfg(test)]
    pub(crate) fn count_statements(&mut self, work: impl FnOnce(&mut Self)) -> usize {
        use std::sync::atomic::{AtomicUsize, Ordering};

        use rusqlite::trace::{TraceEvent, TraceEventCodes};

        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let on_statement = move |_: TraceEvent<'_>| {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        self.connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(on_statement)).unwrap();
        work(self);
        self.connection.trace_v2(TraceEventCodes::empty(), None::<fn(TraceEvent<'_>)>).unwrap();
        count.load(Ordering::SeqCst)
    }

    /// Runs `work` in a transaction of its own.
    #[cfg(test)]
    pub(super) fn change<T>(
        &mut self,
        work: impl FnOnce(&mut SqliteTransaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut transaction = self.begin_writing()?;
        let value = work(&mut transaction)?;
        transaction.transaction.commit()?;
        Ok(value)
    }
}

/// A transaction of the connection that writes. Dropped without a commit it is rolled back.
pub(super) struct SqliteTransaction<'store> {
    pub(super) transaction: rusqlite::Transaction<'store>,
    pub(super) unreadable: &'store UnreadableRows,
}
