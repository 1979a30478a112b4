//! From options to a running client, and back.

use std::sync::Arc;
use std::time::Duration;

use crons_types::Dsn;

use crate::client::Client;
use crate::current;
use crate::envelope::EnvelopeWriter;
use crate::options::{ClientOptions, InitError, Settings};
use crate::registry;
use crate::stats::Stats;
use crate::transport::Transport;
use crate::worker::Worker;

/// Starts the client for the whole program. Keep the guard until the end of `main`: dropping it delivers what is left.
///
/// Never fails the program: a mistake in the options disables the client, is logged as an error, and can be read from
/// [`ClientInitGuard::error`]. Without a DSN the client is disabled, at the cost of one atomic load for each run.
///
/// ```
/// # use crons_runtime as crons;
/// let _crons = crons::init(crons::ClientOptions::default());
/// ```
pub fn init(options: ClientOptions) -> ClientInitGuard {
    try_init(options).unwrap_or_else(|error| {
        if matches!(error, InitError::AlreadyInitialized) {
            tracing::error!(%error, "the second crons::init is ignored: the first goes on");
        } else {
            tracing::error!(%error, "crons is disabled: jobs run unwatched");
            current::disable();
        }
        ClientInitGuard { client: None, shutdown_timeout: Duration::ZERO, error: Some(error) }
    })
}

/// As [`init`], for programs that would rather not start than run unwatched.
///
/// # Errors
/// Says which part of the options is wrong, or what could not be started.
pub fn try_init(options: ClientOptions) -> Result<ClientInitGuard, InitError> {
    if current::is_installed() {
        return Err(InitError::AlreadyInitialized);
    }
    let Some(settings) = options.resolve()? else {
        current::disable();
        tracing::info!(
            "crons is disabled: there is no DSN; set SENTRY_DSN to watch the jobs of this program"
        );
        return Ok(ClientInitGuard { client: None, shutdown_timeout: Duration::ZERO, error: None });
    };
    let Settings { dsn, environment, release, request_timeout, shutdown_timeout, transport } = settings;
    let transport = transport.map_or_else(|| default_transport(&dsn), Ok)?;
    let worker = Worker::start(transport, EnvelopeWriter::new(&dsn), request_timeout)
        .map_err(|error| InitError::Start(error.into()))?;
    let monitors = registry::inspect();
    tracing::info!(host = dsn.host(), project = dsn.project_id(), %environment, monitors, "crons watches the jobs of this program");
    let client = Arc::new(Client::new(environment, release, worker));
    if !current::install(Arc::clone(&client)) {
        client.stop();
        return Err(InitError::AlreadyInitialized);
    }
    Ok(ClientInitGuard { client: Some(client), shutdown_timeout, error: None })
}

#[cfg(feature = "http")]
fn default_transport(dsn: &Dsn) -> Result<Arc<dyn Transport>, InitError> {
    let http = crate::http::HttpTransport::new(dsn).map_err(InitError::Start)?;
    Ok(Arc::new(http))
}

#[cfg(not(feature = "http"))]
fn default_transport(_: &Dsn) -> Result<Arc<dyn Transport>, InitError> {
    Err(InitError::NoTransport)
}

/// Keeps the client running; dropped, it delivers what is left, for at most
/// [`shutdown_timeout`](ClientOptions::shutdown_timeout), and ends it.
#[must_use = "dropped at once, the guard ends the client before the first job: bind it to a name such as `_crons`"]
pub struct ClientInitGuard {
    client: Option<Arc<Client>>,
    shutdown_timeout: Duration,
    error: Option<InitError>,
}

impl ClientInitGuard {
    /// Whether check-ins are sent.
    pub fn is_enabled(&self) -> bool {
        self.client.is_some()
    }

    /// Why [`init`] could not do as it was told.
    pub fn error(&self) -> Option<&InitError> {
        self.error.as_ref()
    }

    /// Waits until everything captured so far is settled, for at most `timeout`; `true` if it is.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.client.as_ref().is_none_or(|client| client.flush(timeout))
    }

    /// Delivers what is left, for at most `timeout`, ends the client, and says what became of everything.
    pub fn close(mut self, timeout: Duration) -> Stats {
        self.shutdown_timeout = timeout;
        self.shutdown()
    }

    fn shutdown(&mut self) -> Stats {
        let Some(client) = self.client.take() else { return Stats::default() };
        // New runs find no client; those under way still report to this one.
        current::uninstall();
        client.flush(self.shutdown_timeout);
        client.stop();
        let stats = client.stats();
        if stats.queued > 0 {
            let timeout = self.shutdown_timeout;
            tracing::warn!(
                undelivered = stats.queued,
                ?timeout,
                "check-ins were not delivered before the shutdown timeout"
            );
        }
        stats
    }
}

impl Drop for ClientInitGuard {
    fn drop(&mut self) {
        self.shutdown();
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
