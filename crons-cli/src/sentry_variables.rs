//! The DSN and the environment of commands that report to a server: by their flags, else by the variables that Sentry's SDKs read.

use crons_types::{Dsn, Environment};

/// A DSN, and the flag or the variable that it comes from.
pub(crate) struct FoundDsn {
    /// The DSN as written.
    pub(crate) written: String,
    pub(crate) dsn: Dsn,
    pub(crate) origin: &'static str,
}

/// Finds the DSN: the value of `--dsn`, else `SENTRY_DSN`.
///
/// # Errors
/// If there is none, or it is malformed: the origin, and what to do. The text never repeats the key.
pub(crate) fn dsn(flag: Option<&str>) -> Result<FoundDsn, String> {
    let (written, origin) = match flag {
        Some(dsn) => (Some(dsn.to_owned()), "--dsn"),
        None => (variable("SENTRY_DSN")?, "SENTRY_DSN"),
    };
    let written = written.filter(|dsn| !dsn.trim().is_empty());
    let written = written.ok_or("there is no DSN: set SENTRY_DSN, or add --dsn")?;
    let dsn = written.parse().map_err(|refused| format!("{origin}: {refused}"))?;
    Ok(FoundDsn { written, dsn, origin })
}

/// Finds the environment: the one of `--environment`, else `SENTRY_ENVIRONMENT`, else production.
///
/// # Errors
/// If the variable holds a name that the server would refuse.
pub(crate) fn environment(flag: Option<&Environment>) -> Result<Environment, String> {
    if let Some(environment) = flag {
        return Ok(environment.clone());
    }
    match variable("SENTRY_ENVIRONMENT")? {
        Some(name) => Environment::parse(&name).map_err(|refused| format!("SENTRY_ENVIRONMENT: {refused}")),
        None => Ok(Environment::default()),
    }
}

/// Whether a host, in lower case, is one of sentry.io.
pub(crate) fn is_sentry_io(host: &str) -> bool {
    host == "sentry.io" || host.ends_with(".sentry.io")
}

/// Reads a variable; `None` if it is not set, or blank.
///
/// # Errors
/// If it is not UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>, String> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    let value =
        value.into_string().map_err(|_| format!("{name} is not UTF-8; set it to plain text or unset it"))?;
    Ok(Some(value).filter(|value| !value.trim().is_empty()))
}
