//! The write half of the suite: a store keeps its rows, and returns them in the order that the pipeline relies on.

mod rows;
mod load;
mod load_runs;
mod due;
mod commit;
mod alert_order;
mod deletion;
#[cfg(feature = "postgres")]
mod shared;
mod silences;

use super::{BACKENDS, Open, instant};
use crate::domain::{BatchKeys, Snapshot};
use crate::store::{Changes, OpenDatabase, Queries, StoreError, Transaction};

/// An open database of one backend.
struct Opened {
    open: Open,
    /// `None` only within [`Opened::crash`].
    database: Option<OpenDatabase>,
    _folder: tempfile::TempDir,
}

/// Runs a test on a new database of every backend.
fn on_every_store(test: impl Fn(&mut Opened)) {
    for (name, create) in BACKENDS {
        println!("on {name}");
        let folder = tempfile::tempdir().unwrap();
        let Some(open) = create(folder.path()) else { continue };
        let database = Some(open());
        test(&mut Opened { open, database, _folder: folder });
    }
}

impl Opened {
    fn begin(&mut self) -> Box<dyn Transaction + '_> {
        self.database.as_mut().unwrap().store.begin().unwrap()
    }

    /// Writes changes in a transaction of their own.
    fn commit(&mut self, changes: &Changes) {
        self.change(|transaction| transaction.write(changes));
    }

    /// Runs `work` in a transaction of its own, and commits it.
    fn change<T>(&mut self, work: impl FnOnce(&mut dyn Transaction) -> Result<T, StoreError>) -> T {
        let mut transaction = self.begin();
        let value = work(&mut *transaction).unwrap();
        transaction.commit().unwrap();
        value
    }

    fn load(&mut self, keys: &BatchKeys) -> Snapshot {
        self.begin().load(keys).unwrap()
    }

    fn queries(&self) -> &dyn Queries {
        &*self.database.as_ref().unwrap().queries
    }

    /// Drops the database without closing it in order, and opens it again.
    fn crash(&mut self) {
        self.database = None;
        self.database = Some((self.open)());
    }
}
