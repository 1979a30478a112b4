//! The client: hands check-ins to the worker, or to the test kit.

#[cfg(feature = "test")]
use std::sync::Arc;
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::platform::ids::new_id;
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;
use crate::worker::worker::Worker;

/// The receiver of check-ins: a worker, or a sink in tests.
pub(crate) enum Client {
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

impl Client {
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

    /// Whether the client was closed, and drops new check-ins.
    pub(crate) fn is_stopped(&self) -> bool {
        match self {
            Self::Worker(worker) => worker.is_stopped(),
            #[cfg(feature = "test")]
            Self::Sink(_) => false,
        }
    }

    /// Closes open runs, delivers what is left for at most `timeout`, and ends the client. Waits until what could not be delivered has
    /// been logged, if that takes no longer than the rest of `timeout` and `grace`.
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

    pub(crate) fn stats(&self) -> Stats {
        match self {
            Self::Worker(worker) => worker.stats(),
            #[cfg(feature = "test")]
            Self::Sink(sink) => sink.stats(),
        }
    }
}
