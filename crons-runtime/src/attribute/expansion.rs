//! The functions that the expansion of the attribute calls: they begin a run of an annotated function, or wrap its future.

use crate::attribute::definition::Definition;
use crate::record::queued::MonitorRef;
use crate::run::future::{MonitoredFuture, RunFuture, Start};
use crate::run::guard::{self, CheckInGuard, RunSpec};
use crate::run::verdict::Verdict;

/// Begins a run of an annotated function. Where nobody hears of it there is no guard, so none is moved about.
pub fn start(definition: &'static Definition) -> Option<CheckInGuard> {
    guard::start(|| {
        let monitor = MonitorRef::Annotated(definition.resolve()?);
        Some(RunSpec { monitor, on_cancel: definition.on_cancel, heartbeat: definition.heartbeat })
    })
}

/// Makes the future that is to be watched. Its making is not.
pub fn build_future<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// A value that is never made: it gives an `async` block its type.
pub fn unreachable_output<R>() -> R {
    unreachable!("it stands behind `if false`")
}

/// No closure, as each annotated function would have one of its own for the compiler to work on.
impl Start for &'static Definition {
    fn start(self) -> Option<CheckInGuard> {
        start(self)
    }
}

/// The body of an `async fn` as a run.
pub fn run_future<F>(definition: &'static Definition, future: F) -> RunFuture<F, &'static Definition> {
    RunFuture::new(future, definition)
}

/// As [`run_future`], of an `async fn` that never returns. Its bound gives the body that type, which no fallback would: under a `()` the
/// function would have to go on.
pub fn diverging<F>(definition: &'static Definition, future: F) -> RunFuture<F, &'static Definition>
where
    F: Future<Output = <fn() -> ! as Returns>::Output>,
{
    run_future(definition, future)
}

/// Names what a function returns, also `!`, which may be written only there.
pub trait Returns {
    /// The return type.
    type Output;
}

impl<R> Returns for fn() -> R {
    type Output = R;
}

/// A future that the body of an annotated function has made: the run begins when it is first polled, and ends with it.
pub fn monitored_future<R, F, J>(
    definition: &'static Definition,
    future: F,
    judge: J,
) -> MonitoredFuture<F, &'static Definition, J>
where
    F: Future<Output = R>,
    J: for<'a> Fn(&'a R) -> Verdict<'a>,
{
    MonitoredFuture::new(future, definition, judge)
}
