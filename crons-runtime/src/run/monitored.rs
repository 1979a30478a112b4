//! `Monitor::run_async` and its future.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::run::finish::finish;
use crate::run::future::{RunFuture, Start};
use crate::run::guard::CheckInGuard;
use crate::run::monitor::Monitor;
use crate::run::outcome::Outcome;
use crate::run::verdict::verdict_of;

impl Monitor {
    /// Wraps a future as a run, like [`run`](Self::run) for a closure. Nothing is reported before its first poll; a future that is dropped
    /// after that and before its end ends its run as [`on_cancel`](Self::on_cancel) says.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// # async fn sync_users() -> Result<(), std::io::Error> { Ok(()) }
    /// # async fn start() {
    /// let monitor = crons::monitor("sync-users");
    /// tokio::spawn(monitor.run_async(sync_users()));
    /// # }
    /// ```
    pub fn run_async<F>(&self, job: F) -> MonitoredFuture<F>
    where
        F: Future<Output: Outcome>,
    {
        MonitoredFuture { run: RunFuture::new(job, self.clone()) }
    }
}

impl Start for Monitor {
    fn start(self) -> Option<CheckInGuard> {
        self.begin()
    }
}

pin_project_lite::pin_project! {
    /// A future under watch, made by [`Monitor::run_async`]. As `Send`, as `Unpin` and as `'static` as `F`.
    ///
    /// Has a name so that it can be a field, or the `Future` of a `tower::Service`:
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// use crons::{Monitor, MonitoredFuture};
    ///
    /// trait Service<Request> {
    ///     type Future: Future;
    ///     fn call(&self, request: Request) -> Self::Future;
    /// }
    ///
    /// struct Watched<S> {
    ///     monitor: Monitor,
    ///     inner: S,
    /// }
    ///
    /// impl<R, S: Service<R, Future: Future<Output: crons::Outcome>>> Service<R> for Watched<S> {
    ///     type Future = MonitoredFuture<S::Future>;
    ///
    ///     fn call(&self, request: R) -> Self::Future {
    ///         self.monitor.run_async(self.inner.call(request))
    ///     }
    /// }
    /// ```
    #[must_use = "a future does nothing unless it is polled"]
    pub struct MonitoredFuture<F> {
        #[pin]
        run: RunFuture<F, Monitor>,
    }
}

impl<F: Future<Output: Outcome>> Future for MonitoredFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().run.poll(context).map(|(run, output)| {
            finish(run, verdict_of(&output));
            output
        })
    }
}

impl<F: fmt::Debug> fmt::Debug for MonitoredFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MonitoredFuture").field(&self.run).finish()
    }
}
