//! The handle of a client.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::client::destination::Destination;
use crate::client::global;
use crate::platform::blocking::on_new_thread;
use crate::platform::ids::new_id;
use crate::record::stats::Stats;

/// A client beside the one of [`init`](crate::init): for tests that run in parallel, and for programs that report to several servers.
///
/// A handle: clones report to the same client, from any thread. Dropping the last of them delivers what is left, for at most
/// [`shutdown_timeout`](crate::ClientOptions::shutdown_timeout). Runs that end after that still report: they are delivered when the process
/// exits. In async code call [`close_async`](Self::close_async) first, since the drop blocks.
///
/// Monitors of [`monitor`](Self::monitor) report to this client wherever they run. All others, annotated functions included, report
/// to the client whose [`scope`](Self::scope) they begin in, and to that of `init` outside of any.
///
/// ```
/// # use crons_runtime as crons;
/// # struct Accept;
/// # impl crons::Transport for Accept {
/// #     fn send(&self, _: crons::Request) -> crons::SendFuture {
/// #         Box::pin(async { Ok(crons::Response::new(200)) })
/// #     }
/// # }
/// # let transport = Accept;
/// use crons::{Client, ClientOptions, monitor};
/// use std::time::Duration;
///
/// let options = ClientOptions::new().dsn("https://key@host/42").environment("staging").transport(transport);
/// let client = Client::new(options)?;
///
/// client.monitor("import").run(|| ());
/// client.scope(|| {
///     monitor("rotate-logs").run(|| ()); // so would an annotated function report to `client`
/// });
///
/// // A scope does not extend to other threads by itself.
/// let elsewhere = client.clone();
/// std::thread::spawn(move || elsewhere.scope(|| monitor("sync").run(|| ()))).join().unwrap();
///
/// assert!(client.close(Duration::from_secs(5)).all_delivered());
/// # Ok::<(), crons::InitError>(())
/// ```
#[derive(Clone)]
pub struct Client(Handle);

#[derive(Clone)]
enum Handle {
    /// The options disable the client, or there is none.
    Disabled,
    /// A client that something else delivers: the guard of `init`, or the test kit.
    Borrowed(Arc<Destination>),
    Owned(Arc<Owner>),
}

/// Delivers what is left when the last handle is dropped.
struct Owner {
    /// The destination, present until the drop.
    destination: Option<Arc<Destination>>,
    shutdown_timeout: Duration,
}

impl Drop for Owner {
    fn drop(&mut self) {
        let Some(destination) = self.destination.take() else { return };
        let begin = Instant::now();
        if !destination.is_stopped() {
            destination.flush_at_drop(self.shutdown_timeout);
        }
        global::retire(destination, begin.elapsed());
    }
}

impl Client {
    /// A client that reports nothing.
    pub(crate) fn disabled() -> Self {
        Self(Handle::Disabled)
    }

    /// A handle that delivers nothing when it is dropped.
    pub(crate) fn borrowed(destination: Option<Arc<Destination>>) -> Self {
        Self(destination.map_or(Handle::Disabled, Handle::Borrowed))
    }

    /// The first handle of a client, of whose destination no other strong reference exists.
    pub(crate) fn owned(destination: Arc<Destination>, shutdown_timeout: Duration) -> Self {
        global::register(Arc::clone(&destination), shutdown_timeout);
        Self(Handle::Owned(Arc::new(Owner { destination: Some(destination), shutdown_timeout })))
    }

    /// The destination of check-ins; `None` if the client is disabled.
    pub(crate) fn destination(&self) -> Option<&Arc<Destination>> {
        match &self.0 {
            Handle::Disabled => None,
            Handle::Borrowed(destination) => Some(destination),
            Handle::Owned(owner) => owner.destination.as_ref(),
        }
    }

    /// Returns whether check-ins are sent. They are not if `SENTRY_CRONS=off` or
    /// [`enabled_environments`](crate::ClientOptions::enabled_environments) disable the client.
    pub fn is_enabled(&self) -> bool {
        self.destination().is_some()
    }

    /// Queues a check-in for this client, like [`capture_check_in`](crate::capture_check_in).
    pub fn capture_check_in(&self, check_in: CheckIn) -> CheckInId {
        match self.destination() {
            Some(destination) => destination.capture_by_hand(check_in),
            None => check_in.check_in_id.unwrap_or_else(new_id),
        }
    }

    /// Delivers what this client has queued, within `timeout`, like [`flush`](crate::flush).
    pub fn flush(&self, timeout: Duration) -> bool {
        self.destination().is_none_or(|destination| destination.flush(timeout))
    }

    /// Flushes this client like [`flush`](Self::flush), without blocking the executor; works on any.
    pub async fn flush_async(&self, timeout: Duration) -> bool {
        let Some(destination) = self.destination().map(Arc::clone) else { return true };
        on_new_thread("crons-flush", move || destination.flush(timeout)).await.unwrap_or(false)
    }

    /// Closes open runs as [`ClientOptions::on_exit`](crate::ClientOptions::on_exit) says, delivers what is left, for at most `timeout`, and
    /// ends the client for all its handles. Returns the statistics.
    ///
    /// Check-ins that are captured afterwards are dropped, and counted in [`stats`](Self::stats).
    pub fn close(self, timeout: Duration) -> Stats {
        let Some(destination) = self.destination() else { return Stats::default() };
        destination.end(timeout, Duration::ZERO);
        destination.stats()
    }

    /// Closes this client like [`close`](Self::close), without blocking the executor; works on any.
    ///
    /// If the returned future is dropped, the client is closed all the same.
    pub async fn close_async(self, timeout: Duration) -> Stats {
        let Some(destination) = self.destination() else { return Stats::default() };
        destination.end_async(timeout).await
    }

    /// Returns the counts of this client, like [`stats`](crate::stats()). Without a client all counts are 0.
    pub fn stats(&self) -> Stats {
        self.destination().map_or_else(Stats::default, |destination| destination.stats())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("enabled", &self.is_enabled())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
