//! Futures under watch.

use std::any::Any;
use std::fmt;
use std::mem::replace;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::run::execute::{ErasedStep, catch_panic_in_run};
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
    pub struct RunFuture<F, S> {
        // Dropped before the run: what a cancelled future still does belongs to it.
        #[pin]
        future: F,
        run: PollState<S>,
    }
}

impl<F, S> RunFuture<F, S> {
    /// A run of `future` that `start` begins.
    pub(crate) fn new(future: F, start: S) -> Self {
        Self { future, run: PollState::Waiting(start) }
    }
}

/// How far a run has come.
#[derive(Debug)]
enum PollState<S> {
    /// Never polled so far.
    Waiting(S),
    /// Begun, whether or not somebody hears of it.
    Begun(Option<CheckInGuard>),
    /// Handed over.
    Over,
}

impl<S> PollState<S> {
    fn hand_over(&mut self) -> Option<CheckInGuard> {
        match replace(self, Self::Over) {
            Self::Begun(run) => run,
            Self::Waiting(_) | Self::Over => None,
        }
    }
}

impl<F: Future, S: Start> Future for RunFuture<F, S> {
    type Output = (Option<CheckInGuard>, F::Output);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_run(this.run, this.future, context)
    }
}

/// One poll. Of the future it knows the output only, so that it is compiled once, and not for each function.
fn poll_run<R, S: Start>(
    run: &mut PollState<S>,
    future: Pin<&mut dyn Future<Output = R>>,
    context: &mut Context<'_>,
) -> Poll<(Option<CheckInGuard>, R)> {
    if let PollState::Waiting(_) = run
        && let PollState::Waiting(start) = replace(run, PollState::Over)
    {
        *run = PollState::Begun(start.start());
    }
    let polled = match run {
        PollState::Begun(Some(begun)) => poll_in_run(begun, future, context).unwrap_or_else(|payload| {
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
fn poll_in_run<R>(
    run: &CheckInGuard,
    future: Pin<&mut dyn Future<Output = R>>,
    context: &mut Context<'_>,
) -> Result<Poll<R>, Box<dyn Any + Send>> {
    let mut step = FuturePoll { future, context, polled: Poll::Pending };
    catch_panic_in_run(run, &mut step)?;
    Ok(step.polled)
}

struct FuturePoll<'a, 'b, R> {
    future: Pin<&'a mut dyn Future<Output = R>>,
    context: &'a mut Context<'b>,
    polled: Poll<R>,
}

impl<R> ErasedStep for FuturePoll<'_, '_, R> {
    fn run(&mut self) {
        self.polled = self.future.as_mut().poll(self.context);
    }
}

pin_project_lite::pin_project! {
    /// A future under watch: as large as the future and a guard, as `Send` and as `Unpin` as the future.
    pub struct MonitoredFuture<F, S, J> {
        #[pin]
        during: RunFuture<F, S>,
        judge: J,
    }
}

impl<F, S, J> MonitoredFuture<F, S, J> {
    pub(crate) fn new(future: F, start: S, judge: J) -> Self {
        Self { during: RunFuture::new(future, start), judge }
    }
}

impl<F, S, J> Future for MonitoredFuture<F, S, J>
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

impl<F: fmt::Debug, S> fmt::Debug for RunFuture<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunFuture").field(&self.future).finish()
    }
}

impl<F: fmt::Debug, S, J> fmt::Debug for MonitoredFuture<F, S, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MonitoredFuture").field(&self.during.future).finish()
    }
}
