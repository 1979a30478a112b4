//! Settings of the client: its options together with the environment of the process, validated.

use std::env::VarError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crons_types::{Dsn, Environment, MonitorConfig};

use crate::client::error::InitError;
use crate::client::options::ClientOptions;
use crate::delivery::delivery::DeliveryOptions;
use crate::delivery::on_exit::OnExit;
use crate::delivery::upsert::Upsert;
use crate::wire::encode::{BeforeSend, Defaults};
use crate::wire::transport::Transport;
use crate::worker::spool::options::{MIN_LIMIT, SpoolOptions};

/// The longest margin that a monitor can have.
const MOST_GRACE: Duration = Duration::from_secs(MonitorConfig::MAX_CHECKIN_MARGIN as u64 * 60);

/// The result of validating the options.
pub(crate) enum Resolved {
    /// The client is disabled, for this reason.
    Disabled(String),
    Enabled(Box<Settings>),
}

/// [`ClientOptions`] after validation.
pub(crate) struct Settings {
    pub(crate) dsn: Dsn,
    pub(crate) defaults: Defaults,
    pub(crate) request_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) delivery: DeliveryOptions,
    pub(crate) upsert: Upsert,
    pub(crate) before_send: Option<BeforeSend>,
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) ca_certificates: Option<Vec<u8>>,
    pub(crate) on_exit: OnExit,
    pub(crate) on_signal: Option<Duration>,
    pub(crate) spool: Option<SpoolOptions>,
}

impl ClientOptions {
    /// Fills in what the environment of the process sets, and validates all options.
    ///
    /// # Errors
    /// If the DSN is missing or malformed, or another option is.
    pub(crate) fn resolve(self) -> Result<Resolved, InitError> {
        let given =
            |option: Option<String>, name| option.map_or_else(|| variable(name), |value| Ok(Some(value)));
        let Some(dsn) = given(self.dsn, "SENTRY_DSN")?.filter(|dsn| !dsn.trim().is_empty()) else {
            return Err(InitError::NoDsn);
        };
        let environment = given(self.environment, "SENTRY_ENVIRONMENT")?;
        let default = if cfg!(debug_assertions) { "development" } else { Environment::DEFAULT };
        let environment =
            Environment::parse(environment.as_deref().unwrap_or(default)).map_err(InitError::Environment)?;
        if let Some(listed) =
            self.enabled_environments.filter(|all| !all.iter().any(|one| one == environment.as_str()))
        {
            return Ok(Resolved::Disabled(format!(
                "the environment `{environment}` is not one of ClientOptions::enabled_environments: {}",
                if listed.is_empty() { "that list is empty".to_owned() } else { listed.join(", ") }
            )));
        }
        let dsn: Dsn = dsn.parse().map_err(InitError::Dsn)?;
        let defaults = Defaults { environment, release: given(self.release, "SENTRY_RELEASE")? };
        // A path need not be UTF-8.
        let folder = self.spool.or_else(|| std::env::var_os("CRONS_SPOOL").map(PathBuf::from));
        let spool = folder.filter(|folder| !folder.as_os_str().is_empty()).map(|folder| SpoolOptions {
            // A daemon may change its folder later.
            folder: std::path::absolute(&folder).unwrap_or(folder),
            limit: self.spool_limit.max(MIN_LIMIT),
            server: spool_server(&dsn),
            environment: defaults.environment.clone(),
            release: defaults.release.clone(),
        });
        Ok(Resolved::Enabled(Box::new(Settings {
            dsn,
            defaults,
            request_timeout: self.request_timeout,
            shutdown_timeout: self.shutdown_timeout,
            delivery: DeliveryOptions {
                rate_limit: self.max_check_ins_per_minute.limit().ok_or(InitError::NothingPerMinute)?,
                // A start that is sent after the longest margin has no use.
                coalesce: self.coalesce.min(MOST_GRACE),
                retry_server_errors: self.retry_server_errors,
            },
            upsert: self.upsert,
            before_send: self.before_send,
            transport: self.transport,
            ca_certificates: self.ca_certificates,
            on_exit: self.on_exit,
            on_signal: self.on_signal,
            spool,
        })))
    }
}

/// The name of the server and the project of `dsn` in journals of the spool.
pub(crate) fn spool_server(dsn: &Dsn) -> String {
    format!("{}/{}", dsn.authority(), dsn.project_id())
}

/// Returns whether `SENTRY_CRONS` switches the client off.
///
/// # Errors
/// If its value is neither a word for *on* nor one for *off*, or not UTF-8.
pub fn is_switched_off() -> Result<bool, InitError> {
    let Some(value) = variable("SENTRY_CRONS")? else { return Ok(false) };
    match value.trim().to_ascii_lowercase().as_str() {
        "off" | "0" | "false" | "no" => Ok(true),
        "on" | "1" | "true" | "yes" => Ok(false),
        _ => Err(InitError::InvalidSwitch(value)),
    }
}

/// Reads a variable of the environment; `None` if it is not set or blank, `Err` if it is not UTF-8.
fn variable(name: &'static str) -> Result<Option<String>, InitError> {
    match std::env::var(name) {
        Ok(value) => Ok((!value.trim().is_empty()).then_some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(InitError::NotUnicode(name)),
    }
}
