//! A webhook: the address that gets messages by POST, the secret that signs them, and a timeout.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::Deserialize;
use uuid::Uuid;

use super::http_client::{DeliveryError, HttpClient, Request, Trust, WebhookResponse};
use super::keys::{SecretKey, TIMEOUT, http_url, timeout_in_range, timeout_of};
use super::signature::Secret;
use crate::alerts::error::InvalidAlerts;
use crate::alerts::payload::test_body;

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
    pub(super) url: Url,
    secret: Option<Secret>,
    pub(super) timeout: Duration,
}

impl Webhook {
    /// The default of [`timeout`](Self::timeout): 10 s.
    pub const TIMEOUT: Duration = TIMEOUT;

    /// A webhook without a secret, so its messages are not signed.
    ///
    /// # Errors
    /// If `url` is not a URL that begins with `https://` or `http://`.
    pub fn new(url: &str) -> Result<Self, InvalidAlerts> {
        let url = http_url(url, "https://example.com/hooks/crons")?;
        Ok(Self { url, secret: None, timeout: Self::TIMEOUT })
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
        self.timeout = timeout_in_range(timeout)?;
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

    /// Sends a test message and waits for the answer, whatever its status. `name` is the name of the webhook in the text of the message.
    /// Private addresses are allowed.
    ///
    /// # Errors
    /// If there is no answer, or the certificate authorities cannot be read.
    pub async fn test(&self, name: &str) -> Result<WebhookResponse, DeliveryError> {
        let (id, now) = (Uuid::new_v4(), Timestamp::now());
        let client = HttpClient::new(&self.url, self.timeout, None, &mut Trust::default())?;
        client.send(self.request(id, now, test_body(name, id, now))).await
    }

    /// Returns the request with a message. `id` is the same on every attempt; `now` is the time of this one.
    pub(super) fn request(&self, id: Uuid, now: Timestamp, body: String) -> Request {
        let (id, timestamp) = (id.to_string(), now.as_second());
        let signature = self.secret.as_ref().map(|secret| secret.sign(&id, timestamp, &body));
        let mut headers = vec![("webhook-id", id), ("webhook-timestamp", timestamp.to_string())];
        headers.extend(signature.map(|signature| ("webhook-signature", signature)));
        Request { method: Method::POST, url: self.url.clone(), headers, body, secrets: Vec::new() }
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
    url: Option<String>,
    url_file: Option<String>,
    url_env: Option<String>,
    secret: Option<String>,
    secret_file: Option<String>,
    secret_env: Option<String>,
    timeout: Option<String>,
}

impl TryFrom<WebhookTable> for Webhook {
    type Error = InvalidAlerts;

    fn try_from(table: WebhookTable) -> Result<Self, InvalidAlerts> {
        let url = SecretKey { written: table.url, file: table.url_file, variable: table.url_env };
        let url = url.read("url")?.ok_or_else(|| InvalidAlerts("missing field `url`".to_owned()))?;
        let mut webhook = Self::new(&url)?;
        let secret = SecretKey { written: table.secret, file: table.secret_file, variable: table.secret_env };
        if let Some(secret) = secret.read("secret")? {
            webhook = webhook.secret(&secret)?;
        }
        webhook.timeout = timeout_of(table.timeout.as_deref())?;
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
                "unknown field `secrets`, expected one of `url`, `url_file`, `url_env`, `secret`, `secret_file`, `secret_env`, `timeout`",
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
