//! The keys that tables of targets share: addresses, time limits, and secrets that a file or an environment variable may hold.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;

use crate::alerts::error::InvalidAlerts;
use crate::quote::quoted;

/// The default time in which a target must answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// The environment variables from which this process has read secrets. An environment belongs to the process, and so does this list.
static SECRET_VARIABLES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Returns whether an environment variable is kept from the commands of targets: it is a setting of the server, such as `CRONS_TOKEN`, the
/// password of its database, or one from which a key `KEY_env` was read.
pub(super) fn is_of_server(variable: &str) -> bool {
    let secret = SECRET_VARIABLES.lock().unwrap_or_else(PoisonError::into_inner);
    variable.starts_with("CRONS_") || variable == "PGPASSWORD" || secret.contains(variable)
}

/// Parses an address that begins with `https://` or `http://`.
///
/// # Errors
/// If it is another text. The message does not repeat it, since an address may hold a secret.
pub(super) fn http_url(text: &str, example: &str) -> Result<Url, InvalidAlerts> {
    let refuse = |why: &str| InvalidAlerts(format!("url: {why}; write the whole address, such as {example}"));
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(url) => Err(refuse(&format!("`{}:` is neither https: nor http:", url.scheme()))),
        Err(error) => Err(refuse(&format!("it is not a URL ({error})"))),
    }
}

/// Returns a time limit of 1 to 60 seconds as it is.
///
/// # Errors
/// If it is shorter or longer.
pub(super) fn timeout_in_range(timeout: Duration) -> Result<Duration, InvalidAlerts> {
    if (Duration::from_secs(1)..=Duration::from_secs(60)).contains(&timeout) {
        return Ok(timeout);
    }
    Err(InvalidAlerts(format!(
        "timeout: {} s is not in 1 to 60 s; write a time in that range",
        timeout.as_secs_f64()
    )))
}

/// Reads the key `timeout`; without it, the default.
///
/// # Errors
/// If it is not a length of time from 1 to 60 seconds.
pub(super) fn timeout_of(text: Option<&str>) -> Result<Duration, InvalidAlerts> {
    let Some(text) = text else { return Ok(TIMEOUT) };
    let read: Option<SignedDuration> = text.parse().ok();
    let timeout = read.and_then(|timeout| timeout.try_into().ok()).ok_or_else(|| {
        InvalidAlerts(format!("timeout: {} is not a length of time; write one from 1s to 60s", quoted(text)))
    })?;
    timeout_in_range(timeout)
}

/// A secret key `KEY` of a table, in the ways in which it may be written.
pub(super) struct SecretKey {
    /// The value of `KEY`: the secret itself.
    pub(super) written: Option<String>,
    /// The value of `KEY_file`: the path of a file that has nothing but the secret.
    pub(super) file: Option<String>,
    /// The value of `KEY_env`: the name of an environment variable with the secret.
    pub(super) variable: Option<String>,
}

impl SecretKey {
    /// Returns the secret, without the line break at the end of a file or a variable. `None` if it is written in none of the ways. `key` is the
    /// name of the key.
    ///
    /// # Errors
    /// If it is written in two ways, the file cannot be read, or the variable is not set or empty.
    pub(super) fn read(self, key: &str) -> Result<Option<String>, InvalidAlerts> {
        self.read_with(key, |name| std::env::var_os(name))
    }

    fn read_with(
        self,
        key: &str,
        variables: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Option<String>, InvalidAlerts> {
        let Self { written, file, variable } = self;
        let ways = [("", written.is_some()), ("_file", file.is_some()), ("_env", variable.is_some())];
        let mut there = ways.into_iter().filter(|(_, is_there)| *is_there);
        if let (Some((first, _)), Some((second, _))) = (there.next(), there.next()) {
            return Err(InvalidAlerts(format!(
                "{key}{second}: `{key}{first}` is written, too; leave one of them out"
            )));
        }
        if let Some(path) = file {
            let content = std::fs::read_to_string(&path).map_err(|error| {
                InvalidAlerts(format!(
                    "{key}_file: cannot read {}: {error}; name a file that this user may read, with nothing but the secret",
                    quoted(&path)
                ))
            })?;
            return Ok(Some(without_line_break(&content)));
        }
        let Some(name) = variable else { return Ok(written) };
        // The message does not repeat the text, which may be the secret.
        if !is_variable_name(&name) {
            return Err(InvalidAlerts(format!(
                "{key}_env: it is not the name of an environment variable, which has letters, digits and `_`; write one such as CRONS_SECRET"
            )));
        }
        // A name that may be the secret is not repeated either.
        let is_plain = name.contains('_') && !name.bytes().any(|byte| byte.is_ascii_lowercase());
        let shown = if is_plain { &name } else { "that it names" };
        let refuse = |why: &str| {
            InvalidAlerts(format!(
                "{key}_env: the environment variable {shown} {why}; set it to the secret where the server starts, or write `{key}_file`"
            ))
        };
        SECRET_VARIABLES.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        let value = variables(&name).ok_or_else(|| refuse("is not set"))?;
        let value = without_line_break(value.to_str().ok_or_else(|| refuse("is not UTF-8"))?);
        if value.is_empty() { Err(refuse("is empty")) } else { Ok(Some(value)) }
    }
}

fn without_line_break(text: &str) -> String {
    text.trim_end_matches(['\n', '\r']).to_owned()
}

fn is_variable_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(ways: [Option<&str>; 3]) -> Result<Option<String>, String> {
        let [written, file, variable] = ways.map(|way| way.map(str::to_owned));
        let variables = |name: &str| match name {
            "TOKEN" => Some("s3cret\n".into()),
            "EMPTY_TOKEN" => Some("\n".into()),
            _ => None,
        };
        let key = SecretKey { written, file, variable };
        key.read_with("token", variables).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_is_written_or_in_a_file_or_in_a_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "s3cret\r\n").unwrap();
        let file = file.to_str();
        for ways in [[Some("s3cret"), None, None], [None, file, None], [None, None, Some("TOKEN")]] {
            assert_eq!(read(ways).unwrap().unwrap(), "s3cret", "{ways:?}");
        }
        assert_eq!(read([None; 3]).unwrap(), None);
    }

    #[test]
    fn a_secret_in_two_ways_or_in_none_that_works_is_named_and_not_repeated() {
        for (ways, expected) in [
            ([Some("s3cret"), Some("/nowhere"), None], "token_file: `token` is written, too; leave one"),
            ([Some("s3cret"), None, Some("TOKEN")], "token_env: `token` is written, too; leave one"),
            ([None, Some("/nowhere"), Some("TOKEN")], "token_env: `token_file` is written, too; leave one"),
            ([None, Some("/nowhere/token"), None], "token_file: cannot read \"/nowhere/token\": "),
            (
                [None, None, Some("MISSING_TOKEN")],
                "token_env: the environment variable MISSING_TOKEN is not set; set it",
            ),
            (
                [None, None, Some("EMPTY_TOKEN")],
                "token_env: the environment variable EMPTY_TOKEN is empty; set it",
            ),
            // A name that may be the secret itself.
            (
                [None, None, Some("s3cret123")],
                "token_env: the environment variable that it names is not set; set it",
            ),
            ([None, None, Some("")], "token_env: it is not the name of an environment variable"),
            ([None, None, Some("https://a.example/s3cret")], "token_env: it is not the name of"),
        ] {
            let refused = read(ways).unwrap_err();
            assert!(refused.starts_with(expected) && !refused.contains("s3cret"), "{refused}");
        }
    }
}
