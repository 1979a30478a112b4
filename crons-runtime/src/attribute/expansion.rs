//! The functions that the expansion of the attribute calls: they begin a run of an annotated function, or wrap its future.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::attribute::definition::Definition;
use crate::client::scope;
use crate::record::monitor::MonitorRef;
use crate::run::finish::finish;
use crate::run::future::{RunFuture, Start};
use crate::run::guard::{CheckInGuard, RunSpec};
use crate::run::in_place::InPlaceRun;
use crate::run::verdict::Verdict;

/// Begins a run of an annotated function. `None` if nothing is to be reported: without a client, or if nothing is left of the slug.
pub fn start(definition: &'static Definition) -> Option<CheckInGuard> {
    let destination = scope::destination()?;
    let monitor = MonitorRef::Annotated(definition.resolve()?);
    let spec = RunSpec { monitor, on_cancel: definition.on_cancel, heartbeat: definition.heartbeat };
    Some(CheckInGuard::start(destination, spec))
}

/// Begins a run of a function that returns a closure; it ends when the returned value is dropped.
pub fn run_in_place(definition: &'static Definition) -> InPlaceRun {
    InPlaceRun::enter(start(definition))
}

/// Calls the body of a function that returns a future. Only that future is watched.
pub fn build_future<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Gives an `async` block its output type, from a branch that is never taken.
pub fn unreachable_output<R>() -> R {
    unreachable!("it stands behind `if false`")
}

// `Start` is implemented for a type and not for closures, of which the compiler would compile one for each annotated function.
impl Start for &'static Definition {
    fn start(self) -> Option<CheckInGuard> {
        start(self)
    }
}

/// Wraps the body of an `async fn` as a run.
pub fn run_future<F>(definition: &'static Definition, future: F) -> RunFuture<F, &'static Definition> {
    RunFuture::new(future, definition)
}

/// Wraps the body of an `async fn` that never returns as a run. The bound on `F` gives the body the type `!`, which no fallback would:
/// under a `()` the function would have to go on.
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

/// A future that the body of an annotated function returned: the run begins when it is first polled, and ends with it.
pub fn monitored_future<R, F, J>(
    definition: &'static Definition,
    future: F,
    judge: J,
) -> AnnotatedFuture<F, J>
where
    F: Future<Output = R>,
    J: for<'a> Fn(&'a R) -> Verdict<'a>,
{
    AnnotatedFuture { run: RunFuture::new(future, definition), judge }
}

pin_project_lite::pin_project! {
    /// The future of a run with a verdict on its output. Its size is that of the future, a guard and a state; it
    /// is `Send` and `Unpin` if the future is.
    pub struct AnnotatedFuture<F, J> {
        #[pin]
        run: RunFuture<F, &'static Definition>,
        // Knows the type of the output, which is concrete where the attribute stands.
        judge: J,
    }
}

impl<F, J> Future for AnnotatedFuture<F, J>
where
    F: Future,
    J: for<'a> Fn(&'a F::Output) -> Verdict<'a>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.run.poll(context).map(|(run, output)| {
            finish(run, (this.judge)(&output));
            output
        })
    }
}

impl<F: fmt::Debug, J> fmt::Debug for AnnotatedFuture<F, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnnotatedFuture").field(&self.run).finish()
    }
}
