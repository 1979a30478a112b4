//! Options of the client, as the program sets them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "test")]
use crons_types::Environment;

use crate::delivery::max_check_ins::MaxCheckIns;
use crate::delivery::on_exit::OnExit;
use crate::delivery::upsert::Upsert;
use crate::wire::encode::BeforeSend;
use crate::wire::transport::Transport;

/// Options of a client. Those left out come from `SENTRY_DSN`, `SENTRY_ENVIRONMENT` and `SENTRY_RELEASE`.
///
/// `SENTRY_CRONS=off` disables the client whatever the options are, as on a laptop that has the DSN of production.
///
/// Setters validate nothing: [`init`](crate::init), [`try_init`](crate::try_init) and [`Client::new`](crate::Client::new) do, and report what
/// is wrong.
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
    pub(super) dsn: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) release: Option<String>,
    pub(super) request_timeout: Duration,
    pub(super) shutdown_timeout: Duration,
    pub(super) max_check_ins_per_minute: MaxCheckIns,
    pub(super) coalesce: Duration,
    pub(super) retry_server_errors: bool,
    pub(super) upsert: Upsert,
    pub(super) enabled_environments: Option<Vec<String>>,
    pub(super) before_send: Option<BeforeSend>,
    pub(super) transport: Option<Arc<dyn Transport>>,
    pub(super) ca_certificates: Option<Vec<u8>>,
    pub(super) on_exit: OnExit,
    pub(super) on_signal: Option<Duration>,
    pub(super) spool: Option<PathBuf>,
    pub(super) spool_limit: u64,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            dsn: None,
            environment: None,
            release: None,
            // 10 s are twice what a healthy server behind a slow line takes; Sentry's SDKs use up to 30 s.
            request_timeout: Duration::from_secs(10),
            // 5 s let a short-lived job deliver its check-ins, and do not make its scheduler wait for long.
            shutdown_timeout: Duration::from_secs(5),
            // The default is Sentry's own limit: its server drops what comes more often.
            max_check_ins_per_minute: MaxCheckIns::default(),
            coalesce: Duration::ZERO,
            retry_server_errors: false,
            upsert: Upsert::Always,
            enabled_environments: None,
            before_send: None,
            transport: None,
            ca_certificates: None,
            on_exit: OnExit::Error,
            on_signal: None,
            spool: None,
            spool_limit: 64 << 20,
        }
    }
}

/// A DSN, and all else from the environment: `crons::init("https://key@host/42")`.
impl From<&str> for ClientOptions {
    fn from(dsn: &str) -> Self {
        Self::new().dsn(dsn)
    }
}

/// A DSN, and all else from the environment.
impl From<&String> for ClientOptions {
    fn from(dsn: &String) -> Self {
        Self::new().dsn(dsn)
    }
}

/// A DSN, and all else from the environment.
impl From<String> for ClientOptions {
    fn from(dsn: String) -> Self {
        Self::new().dsn(dsn)
    }
}

impl ClientOptions {
    /// Options that all come from the environment of the process.
    pub fn new() -> Self {
        Self::default()
    }

    /// The DSN of the server; overrides `SENTRY_DSN`. The empty string disables the client.
    #[must_use]
    pub fn dsn(mut self, dsn: impl Into<String>) -> Self {
        self.dsn = Some(dsn.into());
        self
    }

    /// The environment in which the jobs run; overrides `SENTRY_ENVIRONMENT`. If neither is set: `development` in debug builds, `production`
    /// in release builds, as the `sentry` crate has it.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// The release of the program; overrides `SENTRY_RELEASE`.
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

    /// The longest that dropping the [`ClientInitGuard`](crate::ClientInitGuard) and the exit of the process, taken together, wait for
    /// delivery. 5 seconds if left out.
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Enables the client in these environments only, so that a laptop never creates a monitor.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// let options = crons::ClientOptions::new().enabled_environments(["production", "staging"]);
    /// ```
    #[must_use]
    pub fn enabled_environments<E: Into<String>>(
        mut self,
        enabled_environments: impl IntoIterator<Item = E>,
    ) -> Self {
        self.enabled_environments = Some(enabled_environments.into_iter().map(Into::into).collect());
        self
    }

    /// Replaces the default transport, HTTP, by another.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Certificates of further authorities to trust, in PEM form, one or many: for a server whose certificate a private
    /// authority has signed. A second call replaces the first. For the default transport only.
    ///
    /// The default is to trust the certificates that the variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name if one
    /// is set, else those of the machine's own store and Mozilla's list, which is compiled in.
    #[must_use]
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates = Some(pem.into());
        self
    }

    /// Replaces a missing DSN and environment by fixed ones, so that a test does not depend on where it runs.
    #[cfg(feature = "test")]
    pub(crate) fn for_test(mut self) -> Self {
        self.dsn.get_or_insert_with(|| "http://key@localhost/1".to_owned());
        self.environment.get_or_insert_with(|| Environment::DEFAULT.to_owned());
        self
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
            .field("max_check_ins_per_minute", &self.max_check_ins_per_minute)
            .field("coalesce", &self.coalesce)
            .field("retry_server_errors", &self.retry_server_errors)
            .field("upsert", &self.upsert)
            .field("enabled_environments", &self.enabled_environments)
            .field("on_exit", &self.on_exit)
            .field("on_signal", &self.on_signal)
            .field("spool", &self.spool)
            .field("spool_limit", &self.spool_limit)
            .finish_non_exhaustive()
    }
}
