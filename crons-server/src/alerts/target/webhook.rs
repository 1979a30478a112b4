//! One target: an address that takes messages by POST, signed as the Standard Webhooks specification says.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;
use serde::Deserialize;

use super::signature::Secret;
use crate::alerts::error::InvalidAlerts;

/// A target of alerts. Neither its secret nor its path, which often is one, is shown by `Debug`.
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
    /// How long a receiver may take, if nothing else is said.
    pub const TIMEOUT: Duration = Duration::from_secs(10);

    /// A target whose messages are not signed.
    ///
    /// # Errors
    /// If `url` is not one of `https://` or `http://`.
    pub fn new(url: &str) -> Result<Self, InvalidAlerts> {
        // The value is not repeated: what is wrong with it may be next to what is secret in it.
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

    /// Signs messages with `whsec_` and 24 to 64 bytes in base64.
    ///
    /// # Errors
    /// If it is not that.
    pub fn secret(mut self, secret: &str) -> Result<Self, InvalidAlerts> {
        self.secret = Some(secret.parse()?);
        Ok(self)
    }

    /// How long the receiver may take for its answer: 1 to 60 seconds.
    ///
    /// # Errors
    /// If it is less or more.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, InvalidAlerts> {
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&timeout) {
            return Err(InvalidAlerts(format!(
                "timeout: {timeout:?} is out of range; write one of 1s to 60s"
            )));
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// Whether its receiver can tell our messages from forged ones.
    pub fn is_signed(&self) -> bool {
        self.secret.is_some()
    }

    /// Scheme, host and port: what may be shown of the address.
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

/// A webhook as it is written.
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
                InvalidAlerts(format!("timeout: {text:?} is no length of time; write one of 1s to 60s"))
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
    fn nothing_secret_is_shown() {
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
    fn what_is_refused_is_named() {
        for (table, expected) in [
            (json!({"url": "ftp://hooks.example/"}), "url: `ftp:` is neither https: nor http:"),
            (
                json!({"url": "https://a.example", "timeout": "2m"}),
                "timeout: 120s is out of range; write one of 1s to 60s",
            ),
            (
                json!({"url": "https://a.example", "timeout": "soon"}),
                "timeout: \"soon\" is no length of time",
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
