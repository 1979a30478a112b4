//! A counter of the steps of SQLite's virtual machine, for tests of how much a statement reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

/// The number of steps between two calls of the counter.
const STRIDE: u16 = 100;

/// The steps of a connection since the counter was set up or reset, in multiples of 100.
pub(super) struct Steps(Arc<AtomicU64>);

impl Steps {
    pub(super) fn of(connection: &mut Connection) -> Self {
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(u64::from(STRIDE), Ordering::SeqCst);
            false
        };
        connection.progress_handler(STRIDE.into(), Some(count)).unwrap();
        Self(steps)
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}
