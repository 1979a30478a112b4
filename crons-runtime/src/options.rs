//! What the program says about itself and about the server, before anything runs.

use std::env::VarError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crons_types::{Dsn, Environment, InvalidDsn, InvalidEnvironment};

use crate::transport::{Transport, write_chain};

/// Settings of the client. What is left out comes from `SENTRY_DSN`, `SENTRY_ENVIRONMENT` and `SENTRY_RELEASE`.
///
/// Nothing is judged here: [`init`](crate::init) and [`try_init`](crate::try_init) do that, in one place.
///
/// ```
/// # use crons_runtime as crons;
/// use std::time::Duration;
/// use crons::ClientOptions;
///
/// let options = ClientOptions::new()
///     .dsn("https://key@host/42")
///     .environment("staging")
///     .release("jobs@1.2.3")
///     .shutdown_timeout(Duration::from_secs(2));
/// ```
#[derive(Clone)]
pub struct ClientOptions {
    dsn: Option<String>,
    environment: Option<String>,
    release: Option<String>,
    request_timeout: Duration,
    shutdown_timeout: Duration,
    transport: Option<Arc<dyn Transport>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            dsn: None,
            environment: None,
            release: None,
            // Twice what a healthy server behind a slow line takes; Sentry's SDKs use up to 30 s.
            request_timeout: Duration::from_secs(10),
            // A job is short-lived: what it has to say must get out, but its scheduler must not wait for long.
            shutdown_timeout: Duration::from_secs(5),
            transport: None,
        }
    }
}

impl ClientOptions {
    /// Everything from the environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where check-ins go; overrides `SENTRY_DSN`. The empty string disables the client.
    #[must_use]
    pub fn dsn(mut self, dsn: impl Into<String>) -> Self {
        self.dsn = Some(dsn.into());
        self
    }

    /// Where the jobs run; overrides `SENTRY_ENVIRONMENT`. If neither is set: `development` in debug builds, `production`
    /// in release builds, as the `sentry` crate has it.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Which version of the jobs runs; overrides `SENTRY_RELEASE`.
    #[must_use]
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// The longest one request may take, from connecting to the answer, whatever the transport. 10 seconds if left out.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The longest that dropping the [`ClientInitGuard`](crate::ClientInitGuard) waits for delivery. 5 seconds if left out.
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Sends by other means than HTTP.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The settings with the environment's filled in, judged. `None` means disabled: there is no DSN.
    pub(crate) fn resolve(self) -> Result<Option<Settings>, InitError> {
        let given =
            |option: Option<String>, name| option.map_or_else(|| variable(name), |value| Ok(Some(value)));
        let Some(dsn) = given(self.dsn, "SENTRY_DSN")?.filter(|dsn| !dsn.trim().is_empty()) else {
            return Ok(None);
        };
        let environment = given(self.environment, "SENTRY_ENVIRONMENT")?;
        let default = if cfg!(debug_assertions) { "development" } else { Environment::DEFAULT };
        Ok(Some(Settings {
            dsn: dsn.parse().map_err(InitError::Dsn)?,
            environment: Environment::parse(environment.as_deref().unwrap_or(default))
                .map_err(InitError::Environment)?,
            release: given(self.release, "SENTRY_RELEASE")?,
            request_timeout: self.request_timeout,
            shutdown_timeout: self.shutdown_timeout,
            transport: self.transport,
        }))
    }
}

/// A variable of the environment; one that is blank counts as not set.
fn variable(name: &'static str) -> Result<Option<String>, InitError> {
    match std::env::var(name) {
        Ok(value) => Ok((!value.trim().is_empty()).then_some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(InitError::NotUnicode(name)),
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("dsn", &self.dsn.as_ref().map(|_| "***"))
            .field("environment", &self.environment)
            .field("release", &self.release)
            .field("request_timeout", &self.request_timeout)
            .field("shutdown_timeout", &self.shutdown_timeout)
            .finish_non_exhaustive()
    }
}

/// [`ClientOptions`] that have been judged.
pub(crate) struct Settings {
    pub(crate) dsn: Dsn,
    pub(crate) environment: Environment,
    pub(crate) release: Option<String>,
    pub(crate) request_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) transport: Option<Arc<dyn Transport>>,
}

/// Why the client could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum InitError {
    /// The DSN is malformed.
    Dsn(InvalidDsn),
    /// The server would refuse the environment.
    Environment(InvalidEnvironment),
    /// This variable of the environment is not UTF-8.
    NotUnicode(&'static str),
    /// A [`ClientInitGuard`](crate::ClientInitGuard) of an earlier `init` is still alive.
    AlreadyInitialized,
    /// The feature `http` is off and no [`Transport`] was given.
    NoTransport,
    /// The HTTP client or the worker's thread could not be set up.
    Start(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dsn(refused) => write!(f, "{refused}"),
            Self::Environment(refused) => write!(f, "{refused}"),
            Self::NotUnicode(name) => write!(f, "{name} is not UTF-8; set it to plain text or unset it"),
            Self::AlreadyInitialized => f.write_str(
                "crons is already initialized; drop the guard of the first `init` before the second",
            ),
            Self::NoTransport => f.write_str(
                "there is no transport; turn on the feature `http` or give one by `ClientOptions::transport`",
            ),
            Self::Start(cause) => {
                f.write_str("the client could not be started: ")?;
                write_chain(f, &**cause)
            }
        }
    }
}

impl std::error::Error for InitError {}
