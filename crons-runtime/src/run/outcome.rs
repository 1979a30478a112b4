//! The outcome of a run, from the value of its job.

use std::any::{TypeId, type_name};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, ExitStatus, Output};

/// A value that says whether the run that returned it failed.
///
/// [`Monitor::run`](crate::Monitor::run) and [`Monitor::run_async`](crate::Monitor::run_async) require it. The attribute uses it where a
/// type implements it; a value of any other type is a success.
///
/// | value | attribute | `run`, `run_async` |
/// |---|---|---|
/// | `()` | ok | ok |
/// | `Err(_)`, also behind an alias or as `Result<impl .., impl ..>` | error | error |
/// | `ExitCode` other than success; `ExitStatus` or `Output` of a child that failed | error | error |
/// | `Ok(..)` of one of these | error | error |
/// | `Some(Err(_))`, `Some(..)` of a failed exit | error | error |
/// | `Ok(Err(_))`, `Ok(Some(Err(_)))` | error | ok, with one warning: end the closure with `.and_then(\|inner\| inner)` |
/// | `None` | ok, or `on_none` | ok |
/// | `ControlFlow`, `Break` as well as `Continue` | ok | ok |
/// | a type of yours that implements `Outcome` | as it says | as it says |
/// | `Ok(..)` of such a type | as it says | ok |
/// | any other value | ok | does not compile |
///
/// The attribute knows the type of the value, down to two levels within `Ok` and `Some`. The type that a closure returns is a type parameter
/// of `run`, and a `Result` inside its `Ok` cannot be detected there.
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
    label = "a monitored closure returns `()`, a `Result`, an `ExitCode`, an `ExitStatus`, an `Option` of these, or a type that implements `Outcome`",
    note = "end the closure with `;` to ignore its value, or implement `crons::Outcome` for `{Self}`; a future goes into `run_async`"
)]
pub trait Outcome {
    /// Returns whether the run failed.
    fn failed(&self) -> bool;
}

impl Outcome for () {
    fn failed(&self) -> bool {
        false
    }
}

/// `Err` fails, and so does `Ok` of a failed exit. Any other value may be in `Ok`, and is a success.
impl<T, E> Outcome for Result<T, E> {
    fn failed(&self) -> bool {
        self.as_ref().map_or(true, exit_failed)
    }
}

/// `None` is a success: a run that found nothing to do took place.
impl<T: Outcome> Outcome for Option<T> {
    fn failed(&self) -> bool {
        self.as_ref().is_some_and(Outcome::failed)
    }
}

impl Outcome for ExitCode {
    fn failed(&self) -> bool {
        *self != Self::SUCCESS
    }
}

impl Outcome for ExitStatus {
    fn failed(&self) -> bool {
        !self.success()
    }
}

impl Outcome for Output {
    fn failed(&self) -> bool {
        self.status.failed()
    }
}

/// Always a success: `Break` says that a loop ended early, and nothing of a failure.
impl<B, C> Outcome for ControlFlow<B, C> {
    fn failed(&self) -> bool {
        false
    }
}

/// Returns whether `value`, of whatever type, is the exit of a program or of a child that failed.
pub(crate) fn exit_failed<T>(value: &T) -> bool {
    fn failed_as<T, U: Outcome + 'static>(value: &T) -> bool {
        downcast::<T, U>(value).is_some_and(U::failed)
    }
    failed_as::<T, ExitCode>(value)
        || failed_as::<T, ExitStatus>(value)
        || failed_as::<T, Output>(value)
        || failed_as::<T, Option<ExitCode>>(value)
        || failed_as::<T, Option<ExitStatus>>(value)
        || failed_as::<T, Option<Output>>(value)
}

/// `value` as a `U`, if that is its type. `T` may hold borrows, which `Any` refuses.
fn downcast<T, U: 'static>(value: &T) -> Option<&U> {
    if typeid::of::<T>() != TypeId::of::<U>() {
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "`T` and `U` are the same type, and one without lifetimes, as `U` is 'static"
    )]
    let same = unsafe { &*std::ptr::from_ref(value).cast::<U>() };
    Some(same)
}

/// The name of `R` if it is a `Result` with another one inside its `Ok`, which [`Outcome`] cannot see.
pub(crate) fn nested_result<R>() -> Option<&'static str> {
    let name = type_name::<R>();
    name.strip_prefix(RESULT).filter(|inside| is_result(inside)).map(|_| name)
}

/// The name of `T` if it is a `Result`, maybe within an `Option`: one that stands behind a type parameter.
pub(crate) fn hidden_result<T>() -> Option<&'static str> {
    let name = type_name::<T>();
    is_result(name).then_some(name)
}

const RESULT: &str = "core::result::Result<";

fn is_result(name: &str) -> bool {
    name.strip_prefix("core::option::Option<").unwrap_or(name).starts_with(RESULT)
}

/// Calls [`Outcome::failed`], which is user code: a panic in it counts as a failure, and the job still returns its value.
pub(crate) fn failed<R: Outcome>(output: &R) -> bool {
    catch_unwind(AssertUnwindSafe(|| output.failed())).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        log!(error, "Outcome::failed has panicked: the run counts as failed");
        true
    })
}
