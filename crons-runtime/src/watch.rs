//! One run of an annotated function: its begin, the call or the future in between, its end, and what is said of a failure.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::definition::Definition;
use crate::guard::{CheckInGuard, Watch, start_current, start_heard};
use crate::record::About;
use crate::running::{attempt, say, within};
use crate::verdict::Verdict;

/// Begins a run of an annotated function. Where nobody hears of it there is no guard, so none is moved about.
pub fn start(definition: &'static Definition) -> Option<CheckInGuard> {
    start_heard(|| subject(definition))
}

fn subject(definition: &'static Definition) -> Option<Watch> {
    let subject = About::Annotated(definition.resolve()?);
    Some(Watch { subject, on_cancel: definition.on_cancel, heartbeat: definition.heartbeat })
}

/// Calls the body of an annotated function, and says what a panic said. As a bound, `FnOnce` lets the body return borrows
/// of its arguments, which a bare `(|| ..)()` does not.
pub fn call<R>(run: Option<&CheckInGuard>, body: impl FnOnce() -> R) -> R {
    match run {
        Some(run) => within(run, body),
        None => body(),
    }
}

/// Makes the future that is to be watched. Its making is not.
pub fn make<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Ends a run by what its value says.
pub fn finish(run: Option<CheckInGuard>, verdict: Verdict<'_>) {
    if let Some(run) = run {
        end(run, verdict);
    }
}

fn end(run: CheckInGuard, verdict: Verdict<'_>) {
    match verdict {
        Verdict::Nothing => return run.skip(),
        Verdict::Display(error) => say(&run, "job failed", format_args!("{error:#}")),
        Verdict::Debug(error) => say(&run, "job failed", format_args!("{error:?}")),
        Verdict::None => say(&run, "job failed", format_args!("it returned `None`")),
        Verdict::Future => doubt_future(&run),
        Verdict::Fine | Verdict::Failed => {}
    }
    run.finish(!matches!(verdict, Verdict::Fine | Verdict::Future));
}

/// The future of an annotated function: the run begins when it is first polled, and ends with it.
pub fn watch<R, F, J>(
    definition: &'static Definition,
    future: F,
    judge: J,
) -> Watched<F, &'static Definition, J>
where
    F: Future<Output = R>,
    J: for<'a> Fn(&'a R) -> Verdict<'a>,
{
    Watched::new(future, definition, judge)
}

/// Begins a run.
pub trait Start {
    /// Begins it.
    fn start(self) -> CheckInGuard;
}

impl<S: FnOnce() -> CheckInGuard> Start for S {
    fn start(self) -> CheckInGuard {
        self()
    }
}

/// No closure, as each annotated function would have one of its own for the compiler to work on.
impl Start for &'static Definition {
    fn start(self) -> CheckInGuard {
        start_current(|| subject(self))
    }
}

pin_project_lite::pin_project! {
    /// A future under watch: as large as the future and a guard, as `Send` and as `Unpin` as the future.
    pub struct Watched<F, S, J> {
        // Dropped before the run: what a cancelled future still does belongs to it.
        #[pin]
        future: F,
        run: Run<S>,
        judge: J,
    }
}

#[derive(Debug)]
enum Run<S> {
    /// Never polled so far.
    Waiting(S),
    Begun(CheckInGuard),
    Over,
}

impl<F, S, J> Watched<F, S, J> {
    pub(crate) fn new(future: F, start: S, judge: J) -> Self {
        Self { future, run: Run::Waiting(start), judge }
    }
}

impl<F, S, J> Future for Watched<F, S, J>
where
    F: Future,
    S: Start,
    J: for<'a> Fn(&'a F::Output) -> Verdict<'a>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Run::Waiting(_) = this.run
            && let Run::Waiting(start) = std::mem::replace(this.run, Run::Over)
        {
            *this.run = Run::Begun(start.start());
        }
        let polled = match this.run {
            Run::Begun(run) => attempt(run, || this.future.poll(context)).unwrap_or_else(|payload| {
                // Whoever catches the panic may drop the future much later, or as if it had been cancelled.
                if let Run::Begun(run) = std::mem::replace(this.run, Run::Over) {
                    run.finish(true);
                }
                resume_unwind(payload)
            }),
            _ => this.future.poll(context),
        };
        if let Poll::Ready(output) = &polled
            && let Run::Begun(run) = std::mem::replace(this.run, Run::Over)
        {
            end(run, (this.judge)(output));
        }
        polled
    }
}

impl<F: fmt::Debug, S, J> fmt::Debug for Watched<F, S, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.future).finish()
    }
}

/// Says once that a future is returned which nobody watches.
fn doubt_future(run: &CheckInGuard) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if let Some((slug, _)) = run.watched()
        && !SAID.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            %slug,
            "the function returned a future, and only its making is watched; to watch the future, return it as \
             `impl Future`, `Pin<Box<dyn Future>>` or `BoxFuture`"
        );
    }
}
