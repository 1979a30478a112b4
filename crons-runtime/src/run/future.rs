//! Futures under watch.

use std::any::Any;
use std::fmt;
use std::mem::replace;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::run::execute::{Part, attempt};
use crate::run::finish::finish;
use crate::run::guard::CheckInGuard;
use crate::run::verdict::Verdict;

/// Begins a run, if somebody hears of it.
pub trait Start {
    /// Begins it.
    fn start(self) -> Option<CheckInGuard>;
}

impl<S: FnOnce() -> Option<CheckInGuard>> Start for S {
    fn start(self) -> Option<CheckInGuard> {
        self()
    }
}

pin_project_lite::pin_project! {
    /// A future as a run: begun when it is first polled, and handed over with its output, to be ended.
    pub struct During<F, S> {
        // Dropped before the run: what a cancelled future still does belongs to it.
        #[pin]
        future: F,
        run: Run<S>,
    }
}

impl<F, S> During<F, S> {
    /// A run of `future` that `start` begins.
    pub(crate) fn new(future: F, start: S) -> Self {
        Self { future, run: Run::Waiting(start) }
    }
}

/// How far a run has come.
#[derive(Debug)]
enum Run<S> {
    /// Never polled so far.
    Waiting(S),
    /// Begun, whether or not somebody hears of it.
    Begun(Option<CheckInGuard>),
    /// Handed over.
    Over,
}

impl<S> Run<S> {
    fn hand_over(&mut self) -> Option<CheckInGuard> {
        match replace(self, Self::Over) {
            Self::Begun(run) => run,
            Self::Waiting(_) | Self::Over => None,
        }
    }
}

impl<F: Future, S: Start> Future for During<F, S> {
    type Output = (Option<CheckInGuard>, F::Output);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        step(this.run, this.future, context)
    }
}

/// One poll. Of the future it knows the output only, so that it is compiled once, and not for each function.
fn step<R, S: Start>(
    run: &mut Run<S>,
    future: Pin<&mut dyn Future<Output = R>>,
    context: &mut Context<'_>,
) -> Poll<(Option<CheckInGuard>, R)> {
    if let Run::Waiting(_) = run
        && let Run::Waiting(start) = replace(run, Run::Over)
    {
        *run = Run::Begun(start.start());
    }
    let polled = match run {
        Run::Begun(Some(begun)) => watched(begun, future, context).unwrap_or_else(|payload| {
            // Whoever catches the panic may drop the future much later, or as if it had been cancelled.
            if let Some(run) = run.hand_over() {
                run.finish(true);
            }
            resume_unwind(payload)
        }),
        _ => future.poll(context),
    };
    polled.map(|output| (run.hand_over(), output))
}

/// An `Err` is a panic.
fn watched<R>(
    run: &CheckInGuard,
    future: Pin<&mut dyn Future<Output = R>>,
    context: &mut Context<'_>,
) -> Result<Poll<R>, Box<dyn Any + Send>> {
    let mut step = Step { future, context, polled: Poll::Pending };
    attempt(run, &mut step)?;
    Ok(step.polled)
}

struct Step<'a, 'b, R> {
    future: Pin<&'a mut dyn Future<Output = R>>,
    context: &'a mut Context<'b>,
    polled: Poll<R>,
}

impl<R> Part for Step<'_, '_, R> {
    fn go(&mut self) {
        self.polled = self.future.as_mut().poll(self.context);
    }
}

pin_project_lite::pin_project! {
    /// A future under watch: as large as the future and a guard, as `Send` and as `Unpin` as the future.
    pub struct Watched<F, S, J> {
        #[pin]
        during: During<F, S>,
        judge: J,
    }
}

impl<F, S, J> Watched<F, S, J> {
    pub(crate) fn new(future: F, start: S, judge: J) -> Self {
        Self { during: During::new(future, start), judge }
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
        this.during.poll(context).map(|(run, output)| {
            finish(run, (this.judge)(&output));
            output
        })
    }
}

impl<F: fmt::Debug, S> fmt::Debug for During<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("During").field(&self.future).finish()
    }
}

impl<F: fmt::Debug, S, J> fmt::Debug for Watched<F, S, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.during.future).finish()
    }
}
