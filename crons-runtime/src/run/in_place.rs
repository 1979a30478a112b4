//! A run whose body stands in its function as it was written.

use crons_types::CheckInId;

use crate::run::execute::{log_failure, replace_current};
use crate::run::guard::CheckInGuard;

/// Ends its run when it is dropped: as failed if the thread began to panic meanwhile, else as successful.
#[derive(Debug)]
pub struct InPlaceRun {
    run: Option<CheckInGuard>,
    /// The run around this one.
    outer: Option<CheckInId>,
    /// Whether the thread panicked when the run began, in a destructor that the panic calls.
    panicking: bool,
}

impl InPlaceRun {
    /// Makes `run` the current run of the thread.
    pub(crate) fn enter(run: Option<CheckInGuard>) -> Self {
        let id = run.as_ref().and_then(CheckInGuard::identity).map(|(_, id)| id);
        let outer = id.and_then(|id| replace_current(Some(id)));
        Self { run, outer, panicking: std::thread::panicking() }
    }
}

impl Drop for InPlaceRun {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        replace_current(self.outer);
        let failed = std::thread::panicking() && !self.panicking;
        if failed {
            log_failure(&run, "job panicked", format_args!("the panic hook has shown its text"));
        }
        run.finish(failed);
    }
}
