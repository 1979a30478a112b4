//! The pulse: a request that the server sends to another service while its own parts work, so that the other service notices when it stops.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{Method, Url};
use serde::Deserialize;

use super::addresses::AddressPolicy;
use super::http_client::{DeliveryError, HttpClient, Request, Trust, WebhookResponse};
use super::keys::{SecretKey, http_url, timeout_of};
use crate::alerts::error::InvalidAlerts;
use crate::quote::quoted;

/// The default interval.
const EVERY: Duration = Duration::from_secs(60);
const EXAMPLE: &str = "https://hc-ping.com/your-uuid";

/// The table `[pulse]`: an address that gets a GET request at an interval while database, clock and outbox work, such as a check of
/// Healthchecks, a push monitor of Uptime Kuma, or a monitor of another crons. `Debug` hides the path of the address.
///
/// ```
/// let table = serde_json::json!({"url": "https://hc-ping.com/0b5b5a0c", "every": "2m"});
/// let pulse: crons_server::Pulse = serde_json::from_value(table)?;
/// assert_eq!(pulse.every().as_secs(), 120);
/// assert!(!format!("{pulse:?}").contains("0b5b5a0c"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Deserialize)]
#[serde(try_from = "PulseTable")]
pub struct Pulse {
    url: Url,
    every: Duration,
    timeout: Duration,
}

impl Pulse {
    /// Returns the time from one request to the next.
    pub fn every(&self) -> Duration {
        self.every
    }

    /// Returns scheme, host and port of the address, which are not secret.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse")
            .field("url", &format_args!("{}/***", self.origin()))
            .field("every", &self.every)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// The pulse and its connection, which is that of targets: their authorities, proxies and refused addresses.
pub(crate) struct PulseClient {
    pulse: Pulse,
    client: HttpClient,
}

impl PulseClient {
    /// # Errors
    /// If the address needs TLS and the certificates that the environment names cannot be used.
    pub(crate) fn new(pulse: &Pulse, policy: &Arc<AddressPolicy>) -> Result<Self, DeliveryError> {
        let client =
            HttpClient::new(&pulse.url, pulse.timeout, Some(Arc::clone(policy)), &mut Trust::default())?;
        Ok(Self { pulse: pulse.clone(), client })
    }

    /// The pulse as it is configured.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Sends one request.
    ///
    /// # Errors
    /// If there is no answer, the address must not be used, or the status is not 2xx. The text hides the path and the answer's body,
    /// which may repeat it.
    pub(crate) async fn send(&self) -> Result<(), DeliveryError> {
        let request = Request {
            method: Method::GET,
            url: self.pulse.url.clone(),
            headers: Vec::new(),
            body: String::new(),
            secrets: Vec::new(),
        };
        let WebhookResponse { status, .. } = self.client.send(request).await?;
        match status {
            200..300 => Ok(()),
            300..400 => Err(DeliveryError(format!(
                "HTTP {status}: redirects are not followed; write the new address as `url` of [pulse]"
            ))),
            _ => Err(DeliveryError(format!(
                "HTTP {status}; compare `url` of [pulse] with that of the receiver"
            ))),
        }
    }
}

/// The pulse as it is written in TOML or JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with url, and perhaps every and timeout")]
struct PulseTable {
    url: Option<String>,
    url_file: Option<String>,
    url_env: Option<String>,
    every: Option<String>,
    timeout: Option<String>,
}

impl TryFrom<PulseTable> for Pulse {
    type Error = InvalidAlerts;

    fn try_from(table: PulseTable) -> Result<Self, InvalidAlerts> {
        let PulseTable { url, url_file, url_env, every, timeout } = table;
        let url = SecretKey { written: url, file: url_file, variable: url_env };
        let url = url.read("url")?.ok_or_else(|| InvalidAlerts("missing field `url`".to_owned()))?;
        Ok(Self {
            url: http_url(&url, EXAMPLE)?,
            every: every.as_deref().map_or(Ok(EVERY), interval)?,
            timeout: timeout_of(timeout.as_deref())?,
        })
    }
}

/// Reads an interval of 1 second to 1 day.
fn interval(text: &str) -> Result<Duration, InvalidAlerts> {
    let read: Option<SignedDuration> = text.parse().ok();
    let read = read.and_then(|every| Duration::try_from(every).ok());
    let allowed = Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60);
    read.filter(|every| allowed.contains(every)).ok_or_else(|| {
        InvalidAlerts(format!(
            "every: {} is not a length of time from 1s to 24h; write one, such as 60s",
            quoted(text)
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(table: Value) -> Result<Pulse, String> {
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    #[test]
    fn a_wrong_table_is_named_and_never_repeats_the_address() {
        for (table, expected) in [
            (json!({}), "missing field `url`"),
            (json!({"url": "hc-ping.com/s3cret"}), "url: it is not a URL"),
            (json!({"url": "ftp://hc-ping.com/s3cret"}), "url: `ftp:` is neither https: nor http:"),
            (json!({"url": "https://x/s3cret", "url_file": "/nowhere"}), "url_file: `url` is written, too"),
            (json!({"url_file": "/nowhere"}), "url_file: cannot read \"/nowhere\""),
            (
                json!({"url_env": "CRONS_NO_SUCH"}),
                "url_env: the environment variable CRONS_NO_SUCH is not set",
            ),
            (
                json!({"url": "https://x/s3cret", "every": "often"}),
                "every: \"often\" is not a length of time",
            ),
            (json!({"url": "https://x/s3cret", "every": "0s"}), "from 1s to 24h"),
            (json!({"url": "https://x/s3cret", "every": "25h"}), "from 1s to 24h"),
            (json!({"url": "https://x/s3cret", "every": "-1m"}), "from 1s to 24h"),
            (json!({"url": "https://x/s3cret", "timeout": "2m"}), "timeout: 120 s is not in 1 to 60 s"),
            (json!({"url": "https://x/s3cret", "evry": "1m"}), "unknown field `evry`"),
        ] {
            let error = read(table).unwrap_err();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn the_address_may_be_in_a_file_and_the_interval_is_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pulse-url");
        std::fs::write(&file, "https://hc-ping.com/s3cret\n").unwrap();
        let pulse = read(json!({"url_file": file.to_str().unwrap()})).unwrap();
        assert_eq!((pulse.every(), pulse.url.path()), (Duration::from_secs(60), "/s3cret"));
        assert_eq!(pulse.origin(), "https://hc-ping.com");
    }
}
