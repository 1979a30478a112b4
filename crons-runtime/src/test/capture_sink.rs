//! The sink of captured check-ins: keeps all of them, in order, before anything is coalesced.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crons_types::CheckIn;

use crate::client::destination::Sink;
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;
use crate::wire::encode::Defaults;

pub(super) struct CaptureSink {
    defaults: Defaults,
    check_ins: Mutex<Vec<CheckIn>>,
}

impl CaptureSink {
    pub(super) fn new(defaults: Defaults) -> Self {
        Self { defaults, check_ins: Mutex::default() }
    }

    pub(super) fn take(&self) -> Vec<CheckIn> {
        std::mem::take(&mut *self.check_ins())
    }

    fn check_ins(&self) -> MutexGuard<'_, Vec<CheckIn>> {
        self.check_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for CaptureSink {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn push(&self, record: QueuedCheckIn) {
        // The withdrawal of a run is no check-in.
        if record.event.is_counted() {
            let check_in = self.defaults.complete(record.to_check_in());
            self.check_ins().push(check_in);
        }
    }

    fn flush(&self) -> bool {
        true
    }

    fn stats(&self) -> Stats {
        Stats { captured: self.check_ins().len() as u64, ..Stats::default() }
    }
}
