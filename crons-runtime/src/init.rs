//! Starts clients from their options.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crons_types::{Dsn, Environment};

use crate::attribute::inspect::inspect;
use crate::client::client::Client;
use crate::client::destination::Destination;
use crate::client::error::InitError;
use crate::client::global;
use crate::client::init_guard::ClientInitGuard;
use crate::client::options::ClientOptions;
use crate::client::settings::{Resolved, Settings, is_switched_off};
#[cfg(unix)]
use crate::client::signals;
use crate::delivery::upsert::Upsert;
use crate::platform::random;
use crate::wire::encode::CheckInEncoder;
use crate::wire::envelope::EnvelopeWriter;
use crate::wire::transport::Transport;
use crate::worker::shared::WorkerConfig;
use crate::worker::worker::Worker;

/// Starts the global client. Keep the guard until the end of `main`: dropping it delivers what is left.
///
/// A mistake in the options never fails the program: it disables the client, is logged as an error, and is returned
/// by [`ClientInitGuard::error`]. Without a DSN the client is disabled, and a run costs one atomic load.
///
/// ```
/// # use crons_runtime as crons;
/// let _crons = crons::init(crons::ClientOptions::default());
/// ```
///
/// A DSN is enough: `crons::init("https://key@host/42")`.
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

/// Starts the global client like [`init`], for programs that must not run unwatched: a mistake in the options is returned.
///
/// The guard is disabled, which is no error, if `SENTRY_CRONS=off` or [`ClientOptions::enabled_environments`] disable the client.
///
/// ```
/// # use crons_runtime as crons;
/// let refused = crons::try_init("https://host/42").unwrap_err();
/// assert!(refused.to_string().starts_with("dsn: "));
/// ```
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
    let settings = match resolve(options)? {
        Resolved::Enabled(settings) => *settings,
        Resolved::Disabled(why) => {
            disable(&why);
            return Ok(ClientInitGuard::disabled(None));
        }
    };
    let Started { destination, target, shutdown_timeout, upsert, on_signal } = start_worker(settings)?;
    if !global::install(Arc::clone(&destination), shutdown_timeout) {
        destination.stop();
        return Err(InitError::AlreadyInitialized);
    }
    handle_signals(on_signal);
    let monitors = inspect(upsert);
    let Target { host, project, environment } = target;
    log!(info, host, project, %environment, monitors, "crons watches the jobs of this program");
    Ok(ClientInitGuard::enabled(destination, shutdown_timeout))
}

impl Client {
    /// Starts a client that is not the global one. `SENTRY_DSN` and the other variables are read as by [`init`].
    ///
    /// The client is disabled, which is no error, if `SENTRY_CRONS=off` or [`ClientOptions::enabled_environments`] say that nothing is to be
    /// sent.
    ///
    /// # Errors
    /// [`InitError::NoDsn`] if there is no DSN. Else says which part of the options is wrong, or what could not be started.
    pub fn new(options: impl Into<ClientOptions>) -> Result<Self, InitError> {
        let settings = match resolve(options.into())? {
            Resolved::Enabled(settings) => *settings,
            Resolved::Disabled(why) => {
                log!(info, "a client of crons is disabled: {why}");
                return Ok(Self::disabled());
            }
        };
        let Started { destination, target, shutdown_timeout, on_signal, .. } = start_worker(settings)?;
        handle_signals(on_signal);
        let Target { host, project, environment } = target;
        log!(debug, host, project, %environment, "a client of crons has started");
        Ok(Self::owned(destination, shutdown_timeout))
    }
}

/// Validates the options together with the environment of the process.
fn resolve(options: ClientOptions) -> Result<Resolved, InitError> {
    if is_switched_off()? {
        return Ok(Resolved::Disabled("SENTRY_CRONS is off".to_owned()));
    }
    options.resolve()
}

/// A worker that runs, and the settings that it does not need.
struct Started {
    destination: Arc<Destination>,
    target: Target,
    shutdown_timeout: Duration,
    upsert: Upsert,
    on_signal: Option<Duration>,
}

/// The server and the environment to which a client reports, for its log.
struct Target {
    host: String,
    project: String,
    environment: Environment,
}

fn start_worker(settings: Settings) -> Result<Started, InitError> {
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
    } = settings;
    let connect = connector(&dsn, transport, ca_certificates);
    let transport = connect()?;
    let target = Target {
        host: dsn.authority().to_owned(),
        project: dsn.project_id().to_owned(),
        environment: defaults.environment.clone(),
    };
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
    let destination = Arc::new(Destination::Worker(worker));
    Ok(Started { destination, target, shutdown_timeout, upsert, on_signal })
}

/// Has signals end the clients within `grace`, if there is one.
fn handle_signals(grace: Option<Duration>) {
    let Some(grace) = grace else { return };
    #[cfg(unix)]
    if let Err(error) = signals::watch(grace) {
        log!(error, %error, "signals cannot be handled: open runs stay in progress if one ends the process");
    }
    #[cfg(not(unix))]
    log!(warn, ?grace, "ClientOptions::on_signal does nothing on this system");
}

/// Disables the global client as intended: runs then cost one atomic load.
fn disable(why: &str) {
    global::disable();
    log!(info, "crons is disabled: {why}");
}

type Connector = dyn Fn() -> Result<Arc<dyn Transport>, InitError> + Send + Sync;

/// Returns a function that makes the transport: the given one, or one over HTTP that also trusts these authorities.
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
