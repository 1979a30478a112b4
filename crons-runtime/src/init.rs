//! From options to a running client, and back.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crons_types::Dsn;

use crate::attribute::inspect::inspect;
use crate::client::client::Client;
use crate::client::error::InitError;
use crate::client::global;
use crate::client::options::{ClientOptions, Resolved, Settings, is_switched_off};
#[cfg(unix)]
use crate::client::signals;
use crate::platform::random;
use crate::record::stats::Stats;
use crate::wire::encode::CheckInEncoder;
use crate::wire::envelope::EnvelopeWriter;
use crate::wire::transport::Transport;
use crate::worker::shared::WorkerConfig;
use crate::worker::worker::Worker;

/// Starts the client for the whole program. Keep the guard until the end of `main`: dropping it delivers what is left.
///
/// Never fails the program: a mistake in the options disables the client, is logged as an error, and can be read from
/// [`ClientInitGuard::error`]. Without a DSN the client is disabled, at the cost of one atomic load for each run.
///
/// ```
/// # use crons_runtime as crons;
/// let _crons = crons::init(crons::ClientOptions::default());
/// ```
///
/// A DSN alone will do, too: `crons::init("https://key@host/42")`.
pub fn init(options: impl Into<ClientOptions>) -> ClientInitGuard {
    try_init(options).unwrap_or_else(|error| {
        let error = match error {
            InitError::NoDsn => {
                disable(&error.to_string());
                None
            }
            InitError::AlreadyInitialized => {
                log!(error, %error, "the second crons::init is ignored: the first goes on");
                Some(error)
            }
            _ => {
                log_loss!(error, [%error,], "crons is disabled, jobs run unwatched: {error}");
                global::disable();
                Some(error)
            }
        };
        ClientInitGuard::disabled(error)
    })
}

/// As [`init`], for programs that would rather not start than run unwatched.
///
/// Where `SENTRY_CRONS=off` or [`ClientOptions::enabled_environments`] say that nothing is to be sent, the guard is disabled, and that is no error.
///
/// # Errors
/// [`InitError::NoDsn`] if there is no DSN. Else says which part of the options is wrong, or what could not be started.
pub fn try_init(options: impl Into<ClientOptions>) -> Result<ClientInitGuard, InitError> {
    start(options.into())
}

fn start(options: ClientOptions) -> Result<ClientInitGuard, InitError> {
    if global::is_guarded() {
        return Err(InitError::AlreadyInitialized);
    }
    let resolved = if is_switched_off()? {
        Resolved::Disabled("SENTRY_CRONS is off".to_owned())
    } else {
        options.resolve()?
    };
    let settings = match resolved {
        Resolved::Enabled(settings) => settings,
        Resolved::Disabled(why) => {
            disable(&why);
            return Ok(ClientInitGuard::disabled(None));
        }
    };
    let Settings {
        dsn,
        defaults,
        request_timeout,
        shutdown_timeout,
        delivery,
        upsert,
        before_send,
        transport,
        ca_certificates,
        on_exit,
        on_signal,
        spool,
    } = *settings;
    let connect = connector(&dsn, transport, ca_certificates);
    let transport = connect()?;
    let (host, project, environment) =
        (dsn.authority().to_owned(), dsn.project_id().to_owned(), defaults.environment.clone());
    let config = WorkerConfig {
        connect: Mutex::new(Some(Box::new(move || {
            connect().map_err(|error| log!(error, %error, "no transport for a forked process")).ok()
        }))),
        encoder: CheckInEncoder { envelopes: EnvelopeWriter::new(&dsn), defaults, before_send },
        delivery,
        upsert,
        request_timeout,
        on_exit,
        spool,
    };
    let worker = Worker::start(config, transport).map_err(|error| InitError::Startup(error.into()))?;
    let client = Arc::new(Client::Worker(worker));
    if !global::install(Arc::clone(&client), shutdown_timeout) {
        client.stop();
        return Err(InitError::AlreadyInitialized);
    }
    #[cfg(unix)]
    if let Some(grace) = on_signal
        && let Err(error) = signals::watch(grace)
    {
        log!(error, %error, "signals cannot be handled: open runs stay in progress if one ends the process");
    }
    #[cfg(not(unix))]
    if on_signal.is_some() {
        log!(warn, "ClientOptions::on_signal does nothing on this system");
    }
    let monitors = inspect(upsert);
    log!(info, host, project, %environment, monitors, "crons watches the jobs of this program");
    Ok(ClientInitGuard { client: Some(client), shutdown_timeout, error: None })
}

/// Has no job pay for a client that is not there, and meant not to be.
fn disable(why: &str) {
    global::disable();
    log!(info, "crons is disabled: {why}");
}

type Connector = dyn Fn() -> Result<Arc<dyn Transport>, InitError> + Send + Sync;

/// How to get a transport: the one that was given, or one over HTTP that trusts these authorities, too.
fn connector(
    dsn: &Dsn,
    given: Option<Arc<dyn Transport>>,
    ca_certificates: Option<Vec<u8>>,
) -> Box<Connector> {
    let connect: Box<Connector> = match given {
        Some(transport) => Box::new(move || Ok(Arc::clone(&transport))),
        #[cfg(feature = "http")]
        None => {
            let dsn = dsn.clone();
            Box::new(move || {
                Ok(Arc::new(crate::wire::http::HttpTransport::new(&dsn, ca_certificates.as_deref())?))
            })
        }
        #[cfg(not(feature = "http"))]
        None => {
            drop((dsn.clone(), ca_certificates));
            Box::new(|| Err(InitError::NoTransport))
        }
    };
    Box::new(move || {
        random::check().map_err(InitError::Startup)?;
        connect()
    })
}

/// Delivers what is left when it is dropped, for at most [`shutdown_timeout`](ClientOptions::shutdown_timeout).
///
/// Runs that end later, as those of tasks do that a runtime drops after the body of `main`, still report: they are delivered when the
/// process exits, in what is left of that time. Runs that are open even then are named in the log, and closed as
/// [`ClientOptions::on_exit`] says. After the guard is gone another
/// [`init`] may take its place.
#[must_use = "dropped at once, the guard waits for the first jobs before they run: bind it to a name such as `_crons`"]
pub struct ClientInitGuard {
    client: Option<Arc<Client>>,
    shutdown_timeout: Duration,
    error: Option<InitError>,
}

impl ClientInitGuard {
    fn disabled(error: Option<InitError>) -> Self {
        Self { client: None, shutdown_timeout: Duration::ZERO, error }
    }

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

    /// Closes open runs as [`ClientOptions::on_exit`] says, delivers what is left, for at most `timeout`, ends the client for good, and says
    /// what became of everything.
    ///
    /// What is captured afterwards is dropped, and counted in [`crons::stats()`](crate::stats). Drop the guard instead where runs may be
    /// under way.
    pub fn close(mut self, timeout: Duration) -> Stats {
        let Some(client) = self.client.take() else { return Stats::default() };
        global::release(Duration::ZERO);
        client.end(timeout, Duration::ZERO);
        client.stats()
    }
}

impl Drop for ClientInitGuard {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let begin = Instant::now();
        let delivered = client.flush(self.shutdown_timeout);
        global::release(begin.elapsed());
        if !delivered {
            let (undelivered, timeout) = (client.stats().queued, self.shutdown_timeout);
            log_loss!(
                warn,
                [undelivered, ?timeout,],
                "{undelivered} check-ins were not delivered within the shutdown timeout of {timeout:?}"
            );
        }
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
