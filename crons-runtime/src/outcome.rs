//! What the value of a job says about its run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// A value that says whether the run that returned it failed.
///
/// [`Monitor::run`](crate::Monitor::run) and [`Monitor::run_async`](crate::Monitor::run_async) ask for it. The attribute
/// asks it where it is there; any other type will do, too, and is a success.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::Outcome;
///
/// /// Rows that could not be imported.
/// struct Rejected(usize);
///
/// impl Outcome for Rejected {
///     fn failed(&self) -> bool {
///         self.0 > 0
///     }
/// }
///
/// let rejected = crons::monitor("import").run(|| Rejected(0));
/// # assert!(!rejected.failed());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the run failed",
    label = "a monitored closure returns `()`, a `Result`, an `ExitCode`, or a type that implements `Outcome`",
    note = "end the closure with `;` to ignore its value, or implement `crons::Outcome` for `{Self}`; a future goes into `run_async`"
)]
pub trait Outcome {
    /// Whether the run failed.
    fn failed(&self) -> bool;
}

impl Outcome for () {
    fn failed(&self) -> bool {
        false
    }
}

impl<T, E> Outcome for Result<T, E> {
    fn failed(&self) -> bool {
        self.is_err()
    }
}

impl Outcome for ExitCode {
    fn failed(&self) -> bool {
        *self != Self::SUCCESS
    }
}

/// The answer is the user's code, too: if it panics, the job still returns what it would have.
pub(crate) fn failed<R: Outcome>(output: &R) -> bool {
    catch_unwind(AssertUnwindSafe(|| output.failed())).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        tracing::error!("Outcome::failed has panicked: the run counts as failed");
        true
    })
}
