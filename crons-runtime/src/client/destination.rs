//! The destination of check-ins: the worker of a client, or the test kit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::platform::blocking::on_new_thread;
use crate::platform::ids::new_id;
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;
use crate::worker::worker::Worker;

/// The receiver of check-ins: a worker, or a sink in tests.
pub(crate) enum Destination {
    Worker(Worker),
    #[cfg(feature = "test")]
    Sink(Arc<dyn Sink>),
}

/// The test kit's replacement for the worker.
#[cfg(feature = "test")]
pub(crate) trait Sink: Send + Sync {
    fn now(&self) -> Instant;
    fn push(&self, record: QueuedCheckIn);
    fn flush(&self) -> bool;
    fn stats(&self) -> Stats;
}

impl Destination {
    /// The current time for the jobs of this client; a test clock in tests.
    pub(crate) fn now(&self) -> Instant {
        match self {
            Self::Worker(_) => Instant::now(),
            #[cfg(feature = "test")]
            Self::Sink(sink) => sink.now(),
        }
    }

    /// Queues a check-in.
    pub(crate) fn capture(&self, record: QueuedCheckIn) {
        match self {
            Self::Worker(worker) => worker.push(record),
            #[cfg(feature = "test")]
            Self::Sink(sink) => sink.push(record),
        }
    }

    /// Queues a check-in that was made by hand. Returns its id, which is new if the check-in had none.
    pub(crate) fn capture_by_hand(&self, check_in: CheckIn) -> CheckInId {
        let id = check_in.check_in_id.unwrap_or_else(new_id);
        self.capture(QueuedCheckIn::by_hand(check_in, id, self.now()));
        id
    }

    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        match self {
            Self::Worker(worker) => worker.flush(timeout),
            #[cfg(feature = "test")]
            Self::Sink(sink) => sink.flush(),
        }
    }

    pub(crate) fn stop(&self) {
        match self {
            Self::Worker(worker) => worker.stop(),
            #[cfg(feature = "test")]
            Self::Sink(_) => {}
        }
    }

    /// Returns whether the client was closed, and drops new check-ins.
    pub(crate) fn is_stopped(&self) -> bool {
        match self {
            Self::Worker(worker) => worker.is_stopped(),
            #[cfg(feature = "test")]
            Self::Sink(_) => false,
        }
    }

    /// Closes open runs as the options say, and delivers what is left, for at most `timeout`. With a timeout of zero it starts that and
    /// does not wait.
    pub(crate) fn deliver_rest(&self, timeout: Duration) {
        match self {
            Self::Worker(worker) => worker.deliver_rest(timeout),
            #[cfg(feature = "test")]
            Self::Sink(_) => {}
        }
    }

    /// Delivers what is left like [`deliver_rest`](Self::deliver_rest), and then ends the client. Waits until what could not be delivered
    /// has been logged, if that takes no longer than the rest of `timeout` and `grace`.
    pub(crate) fn end(&self, timeout: Duration, grace: Duration) {
        match self {
            Self::Worker(worker) => {
                let begin = Instant::now();
                worker.deliver_rest(timeout);
                worker.stop_and_report(timeout.saturating_add(grace).saturating_sub(begin.elapsed()));
            }
            #[cfg(feature = "test")]
            Self::Sink(_) => {}
        }
    }

    /// Ends the client like [`end`](Self::end), on a thread of its own, and returns the statistics. If no thread can be started, the client
    /// ends at once, with what is left undelivered.
    pub(crate) async fn end_async(self: &Arc<Self>, timeout: Duration) -> Stats {
        let ending = Arc::clone(self);
        if on_new_thread("crons-close", move || ending.end(timeout, Duration::ZERO)).await.is_none() {
            self.stop();
        }
        self.stats()
    }

    /// Delivers what is left for at most `timeout`; logs how much is undelivered then.
    pub(crate) fn flush_at_drop(&self, timeout: Duration) {
        if !self.flush(timeout) {
            let undelivered = self.stats().queued;
            log_loss!(
                warn,
                [undelivered, ?timeout,],
                "{undelivered} check-ins were not delivered within the shutdown timeout of {timeout:?}"
            );
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        match self {
            Self::Worker(worker) => worker.stats(),
            #[cfg(feature = "test")]
            Self::Sink(sink) => sink.stats(),
        }
    }
}

// A panic of a job cannot break the state behind it: that is a queue behind a lock, and user code runs on the worker's thread only.
impl std::panic::UnwindSafe for Destination {}
impl std::panic::RefUnwindSafe for Destination {}

impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Destination").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
