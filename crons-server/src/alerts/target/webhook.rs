//! A webhook: the address that gets messages by POST, the secret that signs them, and a timeout.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;
use serde::Deserialize;

use super::signature::Secret;
use crate::alerts::error::InvalidAlerts;
use crate::quote::quoted;

/// A target of alerts. `Debug` hides the secret and the path of the address, which is often a secret, too.
///
/// ```
/// use std::time::Duration;
///
/// use crons_server::Webhook;
///
/// let webhook = Webhook::new("https://example.com/hooks/crons")?
///     .secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?
///     .timeout(Duration::from_secs(5))?;
/// assert!(webhook.is_signed());
/// # Ok::<(), crons_server::InvalidAlerts>(())
/// ```
///
#[doc = include_str!("../payload.md")]
#[derive(Clone, Deserialize)]
#[serde(try_from = "WebhookTable")]
pub struct Webhook {
    pub(crate) url: Url,
    pub(crate) secret: Option<Secret>,
    pub(crate) timeout: Duration,
}

impl Webhook {
    /// The default of [`timeout`](Self::timeout): 10 s.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// A webhook without a secret, so its messages are not signed.
    ///
    /// # Errors
    /// If `url` is not a URL that begins with `https://` or `http://`.
    pub fn new(url: &str) -> Result<Self, InvalidAlerts> {
        // The message does not repeat the address, since an address may hold a secret.
        let refuse = |why: &str| {
            Err(InvalidAlerts(format!(
                "url: {why}; write the whole address, such as https://example.com/hooks/crons"
            )))
        };
        match Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                Ok(Self { url, secret: None, timeout: Self::TIMEOUT })
            }
            Ok(url) => refuse(&format!("`{}:` is neither https: nor http:", url.scheme())),
            Err(error) => refuse(&format!("it is not a URL ({error})")),
        }
    }

    /// Sets the secret that signs messages: `whsec_` and 24 to 64 bytes in base64.
    ///
    /// # Errors
    /// If the secret has another form.
    pub fn secret(mut self, secret: &str) -> Result<Self, InvalidAlerts> {
        self.secret = Some(secret.parse()?);
        Ok(self)
    }

    /// Sets the time in which the receiver must answer: 1 to 60 seconds.
    ///
    /// # Errors
    /// If the time is shorter or longer.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, InvalidAlerts> {
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&timeout) {
            return Err(InvalidAlerts(format!(
                "timeout: {} s is not in 1 to 60 s; write a time in that range",
                timeout.as_secs_f64()
            )));
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// Whether messages are signed, so that the receiver can recognise forged ones.
    pub fn is_signed(&self) -> bool {
        self.secret.is_some()
    }

    /// Scheme, host and port of the address, which are not secret.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, secret, timeout } = self;
        f.debug_struct("Webhook")
            .field("url", &format_args!("{}/***", self.origin()))
            .field("secret", secret)
            .field("timeout", timeout)
            .finish()
    }
}

/// A webhook as it is written in TOML or JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with url, and perhaps secret and timeout")]
struct WebhookTable {
    url: String,
    secret: Option<String>,
    timeout: Option<String>,
}

impl TryFrom<WebhookTable> for Webhook {
    type Error = InvalidAlerts;

    fn try_from(table: WebhookTable) -> Result<Self, InvalidAlerts> {
        let mut webhook = Self::new(&table.url)?;
        if let Some(secret) = table.secret {
            webhook = webhook.secret(&secret)?;
        }
        if let Some(text) = table.timeout {
            let read: Option<SignedDuration> = text.parse().ok();
            let timeout = read.and_then(|timeout| timeout.try_into().ok()).ok_or_else(|| {
                InvalidAlerts(format!(
                    "timeout: {} is not a length of time; write one from 1s to 60s",
                    quoted(&text)
                ))
            })?;
            webhook = webhook.timeout(timeout)?;
        }
        Ok(webhook)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(table: serde_json::Value) -> Result<Webhook, String> {
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    #[test]
    fn debug_and_errors_hide_secrets() {
        let url = "https://user:word@hooks.example:8443/services/T0/B0/topsecret?token=hidden";
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let webhook = read(json!({"url": url, "secret": secret})).unwrap();
        let shown = format!("{webhook:?}");
        assert_eq!(
            shown,
            "Webhook { url: https://hooks.example:8443/***, secret: Some(Secret(***)), timeout: 10s }"
        );
        let refused = read(json!({"url": "hooks.example/topsecret"})).unwrap_err();
        assert!(refused.starts_with("url: it is not a URL") && !refused.contains("topsecret"), "{refused}");
    }

    #[test]
    fn a_refused_key_is_named_with_what_is_allowed() {
        for (table, expected) in [
            (json!({"url": "ftp://hooks.example/"}), "url: `ftp:` is neither https: nor http:"),
            (
                json!({"url": "https://a.example", "timeout": "2m"}),
                "timeout: 120 s is not in 1 to 60 s; write a time in that range",
            ),
            (
                json!({"url": "https://a.example", "timeout": "soon"}),
                "timeout: \"soon\" is not a length of time; write one from 1s to 60s",
            ),
            (
                json!({"url": "https://a.example", "secrets": ""}),
                "unknown field `secrets`, expected one of `url`, `secret`, `timeout`",
            ),
            (json!({"url": "https://a.example", "secret": "abc"}), "secret: it must be `whsec_`"),
        ] {
            let refused = read(table).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
        let webhook = read(json!({"url": "https://a.example", "timeout": "30s"})).unwrap();
        assert_eq!(webhook.timeout, Duration::from_secs(30));
    }
}
