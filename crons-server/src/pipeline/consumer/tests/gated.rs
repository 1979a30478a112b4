//! A database that waits when it is told to, so that messages queue up behind it.

use std::sync::mpsc::{Receiver, Sender, channel};

use crate::pipeline::queue::{Inbox, Task};
use crate::store::{SqliteStore, Store, StoreError, Transaction};

/// A database that reports each transaction before it begins, and waits until the test opens it.
pub(super) struct Gated {
    store: SqliteStore,
    begins: Sender<()>,
    opened: Receiver<()>,
}

impl Store for Gated {
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        // The channel calls fail once the test has dropped its ends: then no transaction waits any more.
        if self.begins.send(()).is_ok() {
            let _ = self.opened.recv();
        }
        self.store.begin()
    }
}

/// The test's end of a [`Gated`] database.
pub(super) struct Gate {
    begun: Receiver<()>,
    opens: Sender<()>,
}

impl Gate {
    pub(super) fn before(store: SqliteStore) -> (Gated, Self) {
        let ((begins, begun), (opens, opened)) = (channel(), channel());
        // The transaction at the start of the thread is let through.
        opens.send(()).unwrap();
        (Gated { store, begins, opened }, Self { begun, opens })
    }

    /// Holds the thread up with a transaction until all of these messages are queued behind it, so that they are received together;
    /// after that, no transaction is held up.
    pub(super) async fn together<T>(self, inbox: &Inbox, messages: impl Future<Output = T>) -> T {
        let Self { begun, opens } = self;
        begun.recv().unwrap();
        let hold = inbox.task(Task::ReclaimSpace);
        let messages = async {
            let begun = tokio::task::spawn_blocking(move || begun.recv().map(|()| begun)).await.unwrap();
            let queued = async {
                drop(begun);
                drop(opens);
            };
            tokio::join!(biased; messages, queued).0
        };
        let (done, answers) = tokio::join!(biased; hold, messages);
        done.unwrap();
        answers
    }
}
