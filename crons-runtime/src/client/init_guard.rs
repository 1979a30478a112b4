//! The guard of the global client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::destination::Destination;
use crate::client::error::InitError;
use crate::client::global;
use crate::record::stats::Stats;

/// Delivers what is left when it is dropped, for at most [`shutdown_timeout`](crate::ClientOptions::shutdown_timeout).
///
/// Runs that end later, as those of tasks do that a runtime drops after the body of `main`, still report: they are delivered when the
/// process exits, in what is left of that time. Runs that are open even then are named in the log, and closed as
/// [`ClientOptions::on_exit`](crate::ClientOptions::on_exit) says. After the guard is gone another [`init`](crate::init) may take its
/// place.
#[must_use = "dropped at once, the guard waits for the first jobs before they run: bind it to a name such as `_crons`"]
pub struct ClientInitGuard {
    destination: Option<Arc<Destination>>,
    shutdown_timeout: Duration,
    error: Option<InitError>,
}

impl ClientInitGuard {
    pub(crate) fn enabled(destination: Arc<Destination>, shutdown_timeout: Duration) -> Self {
        Self { destination: Some(destination), shutdown_timeout, error: None }
    }

    pub(crate) fn disabled(error: Option<InitError>) -> Self {
        Self { destination: None, shutdown_timeout: Duration::ZERO, error }
    }

    /// Returns whether check-ins are sent.
    pub fn is_enabled(&self) -> bool {
        self.destination.is_some()
    }

    /// The reason for which [`init`](crate::init) disabled the client; `None` if that was intended, or did not happen.
    pub fn error(&self) -> Option<&InitError> {
        self.error.as_ref()
    }

    /// Waits until everything captured so far is settled, for at most `timeout`. Returns whether it is.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.destination.as_ref().is_none_or(|destination| destination.flush(timeout))
    }

    /// Closes open runs as [`ClientOptions::on_exit`](crate::ClientOptions::on_exit) says, delivers what is left, for at most `timeout`, and
    /// ends the client for good. Returns the statistics.
    ///
    /// Check-ins that are captured afterwards are dropped, and counted in [`crons::stats()`](crate::stats). Drop the guard instead where
    /// runs may be under way. In async code use [`close_async`](Self::close_async).
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// # use std::time::Duration;
    /// let crons = crons::init(crons::ClientOptions::new().dsn("")); // disabled
    /// crons::monitor("import").run(|| ());
    /// let stats = crons.close(Duration::from_secs(5));
    /// assert!(stats.all_delivered());
    /// ```
    pub fn close(mut self, timeout: Duration) -> Stats {
        let Some(destination) = self.destination.take() else { return Stats::default() };
        global::release(Duration::ZERO);
        destination.end(timeout, Duration::ZERO);
        destination.stats()
    }

    /// Closes the client like [`close`](Self::close), without blocking the executor; works on any.
    ///
    /// If the returned future is dropped after its first poll, the client is closed all the same.
    ///
    /// ```no_run
    /// # use crons_runtime as crons;
    /// # use std::time::Duration;
    /// # async fn serve() {}
    /// # async fn main_body() {
    /// let crons = crons::init(crons::ClientOptions::default());
    /// serve().await;
    /// let stats = crons.close_async(Duration::from_secs(5)).await;
    /// # }
    /// ```
    pub async fn close_async(mut self, timeout: Duration) -> Stats {
        let Some(destination) = self.destination.take() else { return Stats::default() };
        global::release(Duration::ZERO);
        destination.end_async(timeout).await
    }
}

impl Drop for ClientInitGuard {
    fn drop(&mut self) {
        let Some(destination) = self.destination.take() else { return };
        let begin = Instant::now();
        destination.flush_at_drop(self.shutdown_timeout);
        global::release(begin.elapsed());
    }
}

impl std::fmt::Debug for ClientInitGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientInitGuard")
            .field("enabled", &self.is_enabled())
            .field("shutdown_timeout", &self.shutdown_timeout)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
