//! What a check-in passes on its way from the job to the worker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::process;
use crate::record::{Record, Report};
use crate::stats::Stats;
use crate::worker::Worker;
use crate::writer::Origin;

/// Where check-ins go.
pub(crate) enum Client {
    Worker(Worker),
    /// In tests: everything, in order, before anything is folded together.
    #[cfg_attr(not(feature = "test"), expect(dead_code, reason = "made by the test kit only"))]
    Captured(Captured),
}

/// What was captured in a test.
pub(crate) struct Captured {
    origin: Origin,
    check_ins: Mutex<Vec<CheckIn>>,
}

impl Client {
    /// Hands on a check-in.
    pub(crate) fn capture(&self, record: Record) {
        match self {
            Self::Worker(worker) => worker.push(record),
            Self::Captured(captured) if record.report != Report::Skipped => {
                let check_in = captured.origin.complete(record.to_check_in());
                captured.check_ins().push(check_in);
            }
            Self::Captured(_) => {}
        }
    }

    /// Hands on a check-in by hand. Returns its id.
    pub(crate) fn capture_by_hand(&self, check_in: CheckIn) -> CheckInId {
        let id = check_in.check_in_id.unwrap_or_else(new_id);
        self.capture(Record::by_hand(check_in, id, Instant::now()));
        id
    }

    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        match self {
            Self::Worker(worker) => worker.flush(timeout),
            Self::Captured(_) => true,
        }
    }

    pub(crate) fn stop(&self) {
        if let Self::Worker(worker) = self {
            worker.stop();
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        match self {
            Self::Worker(worker) => worker.stats(),
            Self::Captured(captured) => {
                Stats { captured: captured.check_ins().len() as u64, ..Stats::default() }
            }
        }
    }
}

impl Captured {
    #[cfg(feature = "test")]
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, check_ins: Mutex::default() }
    }

    fn check_ins(&self) -> MutexGuard<'_, Vec<CheckIn>> {
        self.check_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "test")]
impl Client {
    pub(crate) fn take_captured(&self) -> Vec<CheckIn> {
        match self {
            Self::Worker(_) => Vec::new(),
            Self::Captured(captured) => std::mem::take(&mut *captured.check_ins()),
        }
    }
}

/// A random id, as the protocol asks for.
pub(crate) fn new_id() -> CheckInId {
    let mut bytes = *uuid::Uuid::new_v4().as_bytes();
    if process::forks() > 0 {
        // A child goes on with the random numbers of its parent, as its brothers do: what tells them apart is their number.
        for (byte, own) in bytes.iter_mut().skip(10).zip(std::process::id().to_be_bytes()) {
            *byte ^= own;
        }
    }
    CheckInId::from_bytes(bytes)
}
