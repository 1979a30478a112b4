//! A future as a run.

use std::any::Any;
use std::fmt;
use std::mem::replace;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::run::execute::{ErasedStep, catch_panic_in_run};
use crate::run::guard::CheckInGuard;

/// A monitor as a [`RunFuture`] keeps it until it is first polled.
pub trait Start {
    /// Begins a run; `None` if there is no client.
    fn start(self) -> Option<CheckInGuard>;
}

pin_project_lite::pin_project! {
    /// A future that begins a run when it is first polled, and returns the guard of the run with its output.
    pub struct RunFuture<F, S> {
        // The future is dropped before the guard, so that what a cancelled future does in its drop is part of the run.
        #[pin]
        future: F,
        run: PollState<S>,
    }
}

impl<F, S> RunFuture<F, S> {
    /// `future` as a run of the monitor `start`.
    pub(crate) fn new(future: F, start: S) -> Self {
        Self { future, run: PollState::Waiting(start) }
    }
}

/// The state of a run between polls.
#[derive(Debug)]
enum PollState<S> {
    /// The future was not polled so far.
    Waiting(S),
    /// The run has begun. `None` if there is no client.
    Begun(Option<CheckInGuard>),
    /// The guard was handed over.
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

/// Polls `future` within its run. Takes a trait object, so that it is compiled once for each output, and not for each future.
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
            // The run ends now: the caller may catch the panic and drop the future much later, or as one that was cancelled.
            if let Some(run) = run.hand_over() {
                run.finish(true);
            }
            resume_unwind(payload)
        }),
        _ => future.poll(context),
    };
    polled.map(|output| (run.hand_over(), output))
}

/// Polls `future` with `run` as the current run of the thread. `Err` is the payload of a panic.
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

impl<F: fmt::Debug, S> fmt::Debug for RunFuture<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunFuture").field(&self.future).finish()
    }
}
