//! Sends one message to a webhook and reads the answer. The server opens connections only in this file.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::RootCertStore;
use uuid::Uuid;

use super::roots;
use super::webhook::Webhook;
use crate::alerts::payload::Message;
use crate::quote::{escaped, quoted};

/// The time in which a connection must be open. TCP and TLS take three round trips; a receiver that needs longer is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time after which an idle connection is closed. Some firewalls drop idle connections after 60 s without telling either side, and the
/// next request would be lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The beginning of the stored outcome of a message whose webhook is not configured any more. The database is searched for it.
pub(crate) const UNKNOWN_TARGET: &str = "there is no webhook ";
/// The number of bytes of an answer that are kept.
const MAX_BODY: usize = 1024;

/// The answer of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookResponse {
    /// The HTTP status. 2xx means that the receiver has accepted the message.
    pub status: u16,
    /// The first 1,024 bytes of the body.
    pub body: String,
    /// The time from the request to the headers of the answer.
    pub elapsed: Duration,
    /// The header `Retry-After` in seconds: the receiver asks to wait that long. `None` if it is left out, or a date.
    pub retry_after: Option<Duration>,
}

/// There is no answer of the receiver. The message names all causes and hides the path of the address.
#[derive(Debug)]
pub struct DeliveryError(String);

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for DeliveryError {}

impl DeliveryError {
    /// The error of a message whose webhook was removed from the configuration.
    pub(crate) fn unknown(name: &str) -> Self {
        Self(format!(
            "{UNKNOWN_TARGET}{} any more; add [webhook.{}], or the message expires",
            quoted(name),
            escaped(name)
        ))
    }
}

impl WebhookResponse {
    /// Whether the receiver has accepted the message: the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the receiver refuses this message (4xx), rather than any message at this time (408, 425, 429).
    pub(crate) fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status) && !matches!(self.status, 408 | 425 | 429)
    }

    /// Advice on an answer that is not 2xx: what its status means, and what to do.
    pub fn advice(&self) -> &'static str {
        match self.status {
            200..300 => "the message was delivered",
            300..400 => {
                "the receiver redirects, and redirects are not followed; write the new address as `url`"
            }
            401 | 403 => {
                "the receiver refuses the signature or the address; compare `secret` and `url` with those of the receiver"
            }
            404 | 405 | 410 => {
                "nothing accepts messages at this address; compare `url` with that of the receiver"
            }
            429 => {
                "the receiver has too many requests; the server tries again after the time that the receiver asks for"
            }
            400..500 => "the receiver refuses the message; its answer may have the reason",
            _ => "the receiver has failed; its log may have the reason; the server tries again for a day",
        }
    }
}

impl Webhook {
    /// Sends a test message and waits for the answer, whatever its status. `name` is the name of the webhook in the text of the message.
    ///
    /// # Errors
    /// If there is no answer, or the certificate authorities cannot be read.
    pub async fn test(&self, name: &str) -> Result<WebhookResponse, DeliveryError> {
        let (id, now) = (Uuid::new_v4(), Timestamp::now());
        let body = serde_json::to_string(&Message::test(name, id, now))
            .map_err(|error| DeliveryError(chain(&error)))?;
        WebhookClient::new(self, &mut Trust::default())?.post(id, now, body).await
    }
}

/// The certificate authorities, which are read when the first target needs them.
#[derive(Default)]
pub(crate) struct Trust(Option<Arc<RootCertStore>>);

impl Trust {
    /// The authorities for this address; none if no TLS is needed.
    fn of(&mut self, url: &reqwest::Url) -> Result<Arc<RootCertStore>, DeliveryError> {
        if !roots::needs_tls(url) {
            return Ok(Arc::new(RootCertStore::empty()));
        }
        if let Some(known) = &self.0 {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(roots::trusted().map_err(DeliveryError)?);
        self.0 = Some(Arc::clone(&read));
        Ok(read)
    }
}

/// A webhook and its connections.
pub(crate) struct WebhookClient {
    webhook: Webhook,
    client: reqwest::Client,
}

impl WebhookClient {
    /// # Errors
    /// If messages need TLS and the certificates that the environment names cannot be used.
    pub(crate) fn new(webhook: &Webhook, trust: &mut Trust) -> Result<Self, DeliveryError> {
        let client = client_builder(&webhook.url, trust)?
            // Covers the headers and the body.
            .timeout(webhook.timeout)
            .build()
            .map_err(|error| DeliveryError(chain(&error)))?;
        Ok(Self { webhook: webhook.clone(), client })
    }

    /// Sends a message. `id` is the same on every attempt; `now` is the time of this one.
    ///
    /// # Errors
    /// If there is no answer.
    pub(crate) async fn post(
        &self,
        id: Uuid,
        now: Timestamp,
        body: String,
    ) -> Result<WebhookResponse, DeliveryError> {
        let Webhook { url, secret, timeout } = &self.webhook;
        let (id, timestamp) = (id.to_string(), now.as_second());
        let mut request = self
            .client
            .post(url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp);
        if let Some(secret) = secret {
            request = request.header("webhook-signature", secret.sign(&id, timestamp, &body));
        }
        let begin = Instant::now();
        let mut response = request.body(body).send().await.map_err(|error| {
            if error.is_timeout() && !error.is_connect() {
                return DeliveryError(format!(
                    "{} gave no answer within {} s; check that the receiver runs, or give it more time with `timeout`",
                    self.webhook.origin(),
                    timeout.as_secs_f64()
                ));
            }
            // The URL is left out: its path may be a secret.
            DeliveryError(format!("cannot send to {}: {}", self.webhook.origin(), chain(&error.without_url())))
        })?;
        let elapsed = begin.elapsed();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        // The status decides. The beginning of the body is only for people, so an error while reading it does not matter.
        let mut read = Vec::new();
        while let (true, Ok(Some(chunk))) = (read.len() < MAX_BODY, response.chunk().await) {
            read.extend_from_slice(&chunk);
        }
        read.truncate(MAX_BODY);
        Ok(WebhookResponse {
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(&read).into_owned(),
            elapsed,
            retry_after: retry_after.map(Duration::from_secs),
        })
    }
}

/// Starts a client for one address, with the authorities and proxies of webhooks. It follows no redirects and has no timeout for answers.
fn client_builder(url: &reqwest::Url, trust: &mut Trust) -> Result<reqwest::ClientBuilder, DeliveryError> {
    let mut builder = reqwest::Client::builder();
    if roots::is_loopback(url) || roots::without_proxies() {
        builder = builder.no_proxy();
    }
    let tls = tls(trust.of(url)?).map_err(|error| DeliveryError(chain(&error)))?;
    Ok(builder
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("crons/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        // A redirected POST would become a GET, and its signature or token would go to another receiver.
        .redirect(reqwest::redirect::Policy::none()))
}

/// Starts a client for one address that trusts and connects as webhooks do.
///
/// # Errors
/// If the address needs TLS and the certificates that the environment names cannot be used.
pub fn trusted_client(url: &reqwest::Url) -> Result<reqwest::ClientBuilder, DeliveryError> {
    client_builder(url, &mut Trust::default())
}

/// The texts of an error and of all its causes.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The TLS settings with these authorities, on the provider `ring`.
fn tls(roots: Arc<RootCertStore>) -> Result<rustls::ClientConfig, rustls::Error> {
    // The provider is passed here and not installed for the process, since the program that embeds the server may install its own.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
