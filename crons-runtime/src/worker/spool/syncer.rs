//! Syncs a journal to its disk, on another thread: a disk may take long for it.

use std::io;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::journal_file::JournalFile;

/// The longest time for which a change may be written and not synced, which is what a loss of power may cost.
const INTERVAL: Duration = Duration::from_millis(50);

/// The schedule of the syncs of a worker's journal.
#[derive(Debug, Default)]
pub(super) struct Syncer {
    due: Option<Instant>,
    running: Option<JoinHandle<io::Result<()>>>,
    /// Whether the journal was never synced.
    created: bool,
}

impl Syncer {
    /// Records that the journal was written.
    pub(super) fn written(&mut self, now: Instant) {
        self.due.get_or_insert(now + INTERVAL);
    }

    /// Records that there is a new journal.
    pub(super) fn created(&mut self, now: Instant) {
        self.created = true;
        self.written(now);
    }

    /// Records that there is no journal.
    pub(super) fn stop(&mut self) {
        self.due = None;
    }

    /// Returns the instant at which [`sync`](Self::sync) is to be called next. `None` if everything is synced.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Starts a sync if it is due and none is running. Must be called within a runtime; does not wait for the disk.
    ///
    /// # Errors
    /// If the one before has failed.
    pub(super) async fn sync(&mut self, journal: Option<&JournalFile>, now: Instant) -> io::Result<()> {
        let ended = self.running.take_if(|running| running.is_finished());
        if self.due.is_some_and(|due| due <= now) {
            if self.running.is_some() {
                // The previous sync is still running: the disk is slower than the interval.
                self.due = Some(now + INTERVAL);
            } else {
                self.due = None;
                let created = std::mem::take(&mut self.created);
                self.running = journal.map(|journal| tokio::task::spawn_blocking(journal.syncer(created)));
            }
        }
        match ended {
            // A task that panicked has synced nothing, and has no error to report.
            Some(ended) => ended.await.unwrap_or(Ok(())),
            None => Ok(()),
        }
    }
}
