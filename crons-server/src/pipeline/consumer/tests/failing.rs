//! A database that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Timestamp;

use crate::domain::{BatchKeys, Outage, Snapshot};
use crate::store::{Changes, DueKind, Expired, Pass, SqliteStore, Store, StoreError, Transaction};

/// A real database whose commits fail while `is_full` is set, and then in conflict with another server, as many times as `conflicts`.
pub(super) struct Failing {
    store: SqliteStore,
    is_full: Arc<AtomicBool>,
    conflicts: Arc<AtomicUsize>,
}

impl Failing {
    /// Returns the database with its switch and its counter of conflicts.
    pub(super) fn new(store: SqliteStore) -> (Self, Arc<AtomicBool>, Arc<AtomicUsize>) {
        let (is_full, conflicts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        (Self { store, is_full: Arc::clone(&is_full), conflicts: Arc::clone(&conflicts) }, is_full, conflicts)
    }
}

impl Store for Failing {
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(FailingTransaction {
            transaction: self.store.begin()?,
            is_full: &self.is_full,
            conflicts: &self.conflicts,
        }))
    }
}

struct FailingTransaction<'a> {
    transaction: Box<dyn Transaction + 'a>,
    is_full: &'a AtomicBool,
    conflicts: &'a AtomicUsize,
}

impl Transaction for FailingTransaction<'_> {
    fn load(&mut self, keys: &BatchKeys) -> Result<Snapshot, StoreError> {
        self.transaction.load(keys)
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.transaction.write(changes)
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("the disk is full"));
        }
        let less_one = |left: usize| left.checked_sub(1);
        if self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less_one).is_ok() {
            return Err(StoreError::conflict("another server was first"));
        }
        self.transaction.commit()
    }

    fn claim(
        &mut self,
        kind: DueKind,
        tick: Timestamp,
        limit: usize,
        pass: Pass,
    ) -> Result<Vec<i64>, StoreError> {
        self.transaction.claim(kind, tick, limit, pass)
    }

    fn next_deadline(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.transaction.next_deadline()
    }

    fn last_seen(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.transaction.last_seen()
    }

    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        self.transaction.outages(since)
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        self.transaction.setting(name, value)
    }

    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.transaction.resume_alerts(now)
    }

    fn purge_deleted(&mut self) -> Result<bool, StoreError> {
        self.transaction.purge_deleted()
    }

    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError> {
        self.transaction.delete_expired(expired)
    }

    fn reclaim_space(&mut self) -> Result<bool, StoreError> {
        self.transaction.reclaim_space()
    }
}
