//! The keys that tables of targets share: addresses, time limits, and secrets that a file may hold.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;

use crate::alerts::error::InvalidAlerts;
use crate::quote::quoted;

/// The default time in which a target must answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

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

/// Returns the value of a secret key: as it is written, or the content of the file that `KEY_file` names, without the line break at its
/// end. `None` without either.
///
/// # Errors
/// If both are written, or the file cannot be read.
pub(super) fn secret_or_file(
    key: &str,
    written: Option<String>,
    file: Option<String>,
) -> Result<Option<String>, InvalidAlerts> {
    match (written, file) {
        (Some(_), Some(_)) => {
            Err(InvalidAlerts(format!("{key}_file: `{key}` is written, too; leave one of them out")))
        }
        (None, Some(path)) => match std::fs::read_to_string(&path) {
            Ok(content) => Ok(Some(content.trim_end_matches(['\n', '\r']).to_owned())),
            Err(error) => Err(InvalidAlerts(format!(
                "{key}_file: cannot read {}: {error}; name a file that this user may read, with nothing but the secret",
                quoted(&path)
            ))),
        },
        (written, None) => Ok(written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_or_read_from_a_file_and_not_both() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "s3cret\r\n").unwrap();
        let file = || Some(file.to_str().unwrap().to_owned());
        assert_eq!(secret_or_file("token", None, file()).unwrap().unwrap(), "s3cret");
        assert_eq!(secret_or_file("token", None, None).unwrap(), None);
        let both = secret_or_file("token", Some("s3cret".to_owned()), file()).unwrap_err().to_string();
        assert!(
            both.starts_with("token_file: `token` is written, too") && !both.contains("s3cret"),
            "{both}"
        );
        let missing = secret_or_file("token", None, Some("/nowhere/token".to_owned())).unwrap_err();
        assert!(missing.to_string().starts_with("token_file: cannot read \"/nowhere/token\": "), "{missing}");
    }
}
