//! What a check-in passes on its way from the job to the worker.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crons_types::{CheckIn, CheckInId, Environment, Slug};

use crate::stats::Stats;
use crate::worker::Worker;

/// Settled settings, and where check-ins go.
pub(crate) struct Client {
    environment: Environment,
    release: Option<String>,
    sink: Sink,
}

enum Sink {
    Worker(Worker),
    /// In tests: everything, in order, before anything is folded together.
    #[cfg_attr(not(feature = "test"), expect(dead_code, reason = "made by the test kit only"))]
    Captured(Mutex<Vec<CheckIn>>),
}

impl Client {
    pub(crate) fn new(environment: Environment, release: Option<String>, worker: Worker) -> Self {
        Self { environment, release, sink: Sink::Worker(worker) }
    }

    /// Completes a check-in and hands it on. Returns its id.
    pub(crate) fn capture(&self, mut check_in: CheckIn) -> CheckInId {
        let id = *check_in.check_in_id.get_or_insert_with(new_id);
        check_in.environment.get_or_insert_with(|| self.environment.clone());
        if check_in.release.is_none() {
            check_in.release.clone_from(&self.release);
        }
        match &self.sink {
            Sink::Worker(worker) => worker.push(check_in),
            Sink::Captured(captured) => {
                captured.lock().unwrap_or_else(PoisonError::into_inner).push(check_in);
            }
        }
        id
    }

    /// Nothing happened in the run: takes back its begin if it is still here, else closes it as a success.
    pub(crate) fn withdraw(&self, id: CheckInId, slug: &Slug, elapsed: Duration) {
        if let Sink::Worker(worker) = &self.sink
            && !worker.withdraw(id, slug)
        {
            self.capture(CheckIn::ok(slug.clone()).id(id).duration(elapsed));
        }
    }

    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        match &self.sink {
            Sink::Worker(worker) => worker.flush(timeout),
            Sink::Captured(_) => true,
        }
    }

    pub(crate) fn stop(&self) {
        if let Sink::Worker(worker) = &self.sink {
            worker.stop();
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        match &self.sink {
            Sink::Worker(worker) => worker.stats(),
            Sink::Captured(captured) => {
                let captured = captured.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
                Stats { captured, ..Stats::default() }
            }
        }
    }
}

#[cfg(feature = "test")]
impl Client {
    pub(crate) fn capturing(environment: Environment) -> Self {
        Self { environment, release: None, sink: Sink::Captured(Mutex::default()) }
    }

    pub(crate) fn take_captured(&self) -> Vec<CheckIn> {
        match &self.sink {
            Sink::Worker(_) => Vec::new(),
            Sink::Captured(captured) => {
                std::mem::take(&mut *captured.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }
}

/// A random id, as the protocol asks for.
pub(crate) fn new_id() -> CheckInId {
    CheckInId::from_bytes(*uuid::Uuid::new_v4().as_bytes())
}
