//! Everything that is handed to the client, in order, before anything is folded together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crons_types::CheckIn;

use crate::client::client::Sink;
use crate::record::queued::Record;
use crate::record::stats::Stats;
use crate::wire::encode::Origin;

pub(super) struct Captured {
    origin: Origin,
    check_ins: Mutex<Vec<CheckIn>>,
}

impl Captured {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, check_ins: Mutex::default() }
    }

    pub(super) fn take(&self) -> Vec<CheckIn> {
        std::mem::take(&mut *self.check_ins())
    }

    fn check_ins(&self) -> MutexGuard<'_, Vec<CheckIn>> {
        self.check_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Captured {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn push(&self, record: Record) {
        // What takes back a begin is no check-in.
        if record.report.is_counted() {
            let check_in = self.origin.complete(record.to_check_in());
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
