//! Prints messages to stderr from a thread of its own, so that a stderr that nobody reads holds up neither the job nor the exit.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::stdio::{own, write_all};

/// The most messages that wait for the thread. More are dropped.
const QUEUE: usize = 300;
/// The wait for a message to be printed. Far less is needed while stderr takes bytes, and messages then keep their place among the job's.
const PATIENCE: Duration = Duration::from_millis(100);

/// The wait for messages to be printed before the exit, if nobody reads them.
pub(super) const MESSAGES: Duration = Duration::from_secs(5);

/// The thread that prints.
pub(super) struct Printer {
    queue: SyncSender<String>,
    unprinted: Arc<Unprinted>,
    /// A message was not printed in time, so the next ones are not waited for.
    stuck: bool,
}

/// The number of messages that are not printed yet.
#[derive(Default)]
struct Unprinted {
    count: Mutex<usize>,
    printed: Condvar,
}

impl Printer {
    /// Starts the thread. `None` if there can be none.
    pub(super) fn start() -> Option<Self> {
        let (queue, texts) = sync_channel(QUEUE);
        let unprinted = Arc::new(Unprinted::default());
        let printed = Arc::clone(&unprinted);
        let print_all = move || print_all(&texts, &printed);
        std::thread::Builder::new().name("crons-messages".to_owned()).spawn(print_all).ok()?;
        Some(Self { queue, unprinted, stuck: false })
    }

    /// Prints a text, and waits for that for a moment.
    pub(super) fn print(&mut self, text: &str) {
        self.unprinted.add(1);
        if self.queue.try_send(text.to_owned()).is_err() {
            return self.unprinted.subtract(1);
        }
        self.stuck = self.stuck && !self.unprinted.wait(Duration::ZERO) || !self.unprinted.wait(PATIENCE);
    }

    /// Waits until all texts are printed, for at most this time.
    pub(super) fn finish(&self, most: Duration) {
        self.unprinted.wait(most);
    }
}

fn print_all(texts: &Receiver<String>, unprinted: &Unprinted) {
    for text in texts {
        print(&text);
        unprinted.subtract(1);
    }
}

impl Unprinted {
    fn add(&self, count: usize) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += count;
    }

    fn subtract(&self, count: usize) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) -= count;
        self.printed.notify_all();
    }

    /// Waits until there are none, for at most this time. Returns whether there are none.
    fn wait(&self, most: Duration) -> bool {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.printed.wait_timeout_while(count, most, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

/// Prints a text to stderr, in one piece, on this thread.
pub(super) fn print(text: &str) {
    // A stderr that is closed must not end the job.
    let _ = own(2).and_then(|stderr| write_all(&stderr, format!("crons: {text}\n").as_bytes()));
}
