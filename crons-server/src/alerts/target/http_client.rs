//! One message to one target, and its answer. All of the server's network beyond its own socket is in this file.

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

/// Connecting takes three round trips; a receiver that has not answered by then is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Firewalls forget idle connections, some after 60 seconds, and the next request on one is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How the outcome begins of a message whose target is not in the configuration.
pub(crate) const UNKNOWN_TARGET: &str = "there is no webhook ";
/// What is kept of an answer, in bytes.
const KEPT: usize = 1024;

/// What a receiver said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookResponse {
    /// 2xx means that it has the message.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
    /// Time from sending to the headers of the response.
    pub elapsed: Duration,
    /// How long it wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// Why a receiver said nothing, with all causes in its text.
#[derive(Debug)]
pub struct DeliveryError(String);

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for DeliveryError {}

impl DeliveryError {
    /// A message from before the configuration was changed.
    pub(crate) fn unknown(name: &str) -> Self {
        Self(format!("{UNKNOWN_TARGET}{name:?} any more; add [webhook.{name}], or it is given up"))
    }
}

impl WebhookResponse {
    /// Whether the receiver has the message.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it is this message that the receiver does not want, rather than any at this time.
    pub(crate) fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status) && !matches!(self.status, 408 | 425 | 429)
    }

    /// What to do about one that is no success.
    pub fn advice(&self) -> &'static str {
        match self.status {
            200..300 => "nothing is wrong",
            300..400 => {
                "it redirects, which is not followed: write the address that it redirects to as `url`"
            }
            401 | 403 => {
                "it does not trust us: compare `secret`, and what is secret in `url`, with what it expects"
            }
            404 | 405 | 410 => "there is nothing that takes messages: compare `url` with what it gave you",
            429 => "it had too many requests: the server tries again later, as it asks for",
            400..500 => "it does not take what we send: its answer may say why",
            _ => "it fails itself: its log may say why; the server tries again for a day",
        }
    }
}

impl Webhook {
    /// Sends a message that says that it is a test, and waits for the answer.
    ///
    /// # Errors
    /// If there is none.
    pub async fn test(&self, name: &str) -> Result<WebhookResponse, DeliveryError> {
        let (id, now) = (Uuid::new_v4(), Timestamp::now());
        let body = serde_json::to_string(&Message::test(name, id, now))
            .map_err(|error| DeliveryError(chain(&error)))?;
        WebhookClient::new(self, &mut Trust::default())?.post(id, now, body).await
    }
}

/// The certificate authorities, read when the first target needs them.
#[derive(Default)]
pub(crate) struct Trust(Option<Arc<RootCertStore>>);

impl Trust {
    /// Those that a message to this address needs: none, if it goes without TLS.
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

/// A target and its connections.
pub(crate) struct WebhookClient {
    webhook: Webhook,
    client: reqwest::Client,
}

impl WebhookClient {
    /// # Errors
    /// If the message needs TLS and the store of certificates that the environment names cannot be used.
    pub(crate) fn new(webhook: &Webhook, trust: &mut Trust) -> Result<Self, DeliveryError> {
        let mut builder = reqwest::Client::builder();
        if roots::is_loopback(&webhook.url) || roots::without_proxies() {
            builder = builder.no_proxy();
        }
        let roots = trust.of(&webhook.url)?;
        let tls = tls(roots).map_err(|error| DeliveryError(chain(&error)))?;
        let client = builder
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("crons/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            // For the headers and what is read of the body.
            .timeout(webhook.timeout)
            // A redirected POST becomes a GET, and the signature was not meant for others.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| DeliveryError(chain(&error)))?;
        Ok(Self { webhook: webhook.clone(), client })
    }

    /// Sends a message. `id` is the same on every attempt, `now` is not.
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
                    "{} gave no answer within {timeout:?}; is it up? a slow one can be given more by `timeout`",
                    self.webhook.origin()
                ));
            }
            // Its own text would show the URL.
            DeliveryError(format!("cannot send to {}: {}", self.webhook.origin(), chain(&error.without_url())))
        })?;
        let elapsed = begin.elapsed();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        // The status has decided; of the rest only a little is wanted, and not for long.
        let mut read = Vec::new();
        while let (true, Ok(Some(chunk))) = (read.len() < KEPT, response.chunk().await) {
            read.extend_from_slice(&chunk);
        }
        read.truncate(KEPT);
        Ok(WebhookResponse {
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(&read).into_owned(),
            elapsed,
            retry_after: retry_after.map(Duration::from_secs),
        })
    }
}

/// An error with all of its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn tls(roots: Arc<RootCertStore>) -> Result<rustls::ClientConfig, rustls::Error> {
    // The provider is given, not installed: what the program around us uses is its own affair.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
