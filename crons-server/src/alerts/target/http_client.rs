//! Sends one message by HTTP and reads the answer. Webhooks and chat targets share it.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use reqwest::{Method, Url};
use rustls::RootCertStore;

use super::addresses::{AddressPolicy, CheckedResolver};
use super::hidden::Hidden;
use super::retry_after::retry_after;
use super::roots::{self, Authorities};
use crate::quote::quoted;

/// The time in which a connection must be open. TCP and TLS take three round trips; a receiver that needs longer is down.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time after which an idle connection is closed. Some firewalls drop idle connections after 60 s without telling either side, and the
/// next request would be lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The beginning of the stored outcome of a message whose target is not configured any more. The database is searched for it.
pub(crate) const UNKNOWN_TARGET: &str = "there is no target ";
/// The number of bytes of an answer that are kept.
const MAX_BODY: usize = 1024;

/// The answer of a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookResponse {
    /// The HTTP status. 2xx means that the receiver has accepted the message.
    pub status: u16,
    /// The first 1,024 bytes of the body. Parts of the request that may be secret are replaced by `…`.
    pub body: String,
    /// The time from the request to the headers of the answer.
    pub elapsed: Duration,
    /// The time for which the receiver asks to wait by the header `Retry-After`. `None` if it is left out.
    pub retry_after: Option<Duration>,
}

/// There is no answer of the receiver. The message names all causes and hides the path of the address.
#[derive(Debug)]
pub struct DeliveryError(pub(super) String);

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for DeliveryError {}

impl DeliveryError {
    /// Returns the error of a message whose target was removed from the configuration.
    pub(crate) fn unknown(name: &str) -> Self {
        Self(format!("{UNKNOWN_TARGET}{} any more; add a table for it, or the message expires", quoted(name)))
    }

    /// Returns the error of a message that cannot be sent to a target.
    pub(super) fn new(origin: &str, error: &(dyn Error + 'static)) -> Self {
        Self::because(origin, &chain(error))
    }

    /// Returns the error of a message that cannot be sent to a target for a cause in words.
    pub(super) fn because(origin: &str, cause: &str) -> Self {
        Self(format!("cannot send to {origin}: {cause}"))
    }

    /// Returns the error of a message that a target has not answered in time.
    pub(super) fn timed_out(origin: &str, timeout: Duration) -> Self {
        Self(format!(
            "{origin} gave no answer within {} s; check that the receiver runs, or give it more time with `timeout`",
            timeout.as_secs_f64()
        ))
    }
}

impl WebhookResponse {
    /// Whether the receiver has accepted the message: the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the receiver refuses this message (4xx, or a redirect), rather than any message at this time (408, 425, 429).
    pub(crate) fn is_refusal(&self) -> bool {
        (300..500).contains(&self.status) && !matches!(self.status, 408 | 425 | 429)
    }

    /// Whether the receiver refuses the content of the message (4xx), rather than its address, its method or its sender.
    pub(crate) fn refuses_content(&self) -> bool {
        self.is_refusal() && self.status >= 400 && !matches!(self.status, 401 | 403 | 404 | 405 | 407 | 410)
    }

    /// Advice on an answer that is not 2xx: what its status means, and what to do.
    pub fn advice(&self) -> &'static str {
        match self.status {
            200..300 => "the message was delivered",
            300..400 => {
                "the receiver redirects, and redirects are not followed; write the new address as `url`"
            }
            401 | 403 => {
                "the receiver refuses the signature or the address; compare the secrets and `url` with those of the receiver"
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

/// The certificate authorities, which are read when the first target needs them.
#[derive(Default)]
pub(crate) struct Trust(Option<Arc<Authorities>>);

impl Trust {
    /// Returns the authorities for this address; none if no TLS is needed.
    fn of(&mut self, url: &Url) -> Result<Arc<RootCertStore>, DeliveryError> {
        let store = if roots::needs_tls(url) { self.authorities()?.store() } else { RootCertStore::empty() };
        Ok(Arc::new(store))
    }

    /// Returns the authorities, and reads them first if nobody has.
    ///
    /// # Errors
    /// If the certificates that the environment names cannot be used.
    pub(super) fn authorities(&mut self) -> Result<Arc<Authorities>, DeliveryError> {
        if let Some(known) = &self.0 {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(roots::trusted().map_err(DeliveryError)?);
        self.0 = Some(Arc::clone(&read));
        Ok(read)
    }
}

/// A request with one message.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    /// JSON; empty for a request without a body.
    pub(super) body: String,
    /// Texts that the answer is not shown with, beside the parts of the address.
    pub(super) secrets: Vec<String>,
}

/// The connections to one target.
pub(super) struct HttpClient {
    client: reqwest::Client,
    /// Scheme, host and port, for messages.
    origin: String,
    timeout: Duration,
    policy: Option<Arc<AddressPolicy>>,
}

impl HttpClient {
    /// Prepares connections to the host of `url`. Without a policy every address is allowed.
    ///
    /// # Errors
    /// If messages need TLS and the certificates that the environment names cannot be used.
    pub(super) fn new(
        url: &Url,
        timeout: Duration,
        policy: Option<Arc<AddressPolicy>>,
        trust: &mut Trust,
    ) -> Result<Self, DeliveryError> {
        let mut builder = client_builder(url, trust)?;
        if let Some(policy) = &policy {
            let (policy, host) = (Arc::clone(policy), url.host_str().unwrap_or_default().to_owned());
            builder = builder.dns_resolver(Arc::new(CheckedResolver { policy, host }));
        }
        // The time limit covers the headers and the body.
        let client = builder.timeout(timeout).build().map_err(|error| DeliveryError(chain(&error)))?;
        Ok(Self { client, origin: url.origin().ascii_serialization(), timeout, policy })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If there is no answer, or the address must not be used.
    pub(super) async fn send(&self, request: Request) -> Result<WebhookResponse, DeliveryError> {
        self.check_address(&request.url)?;
        let Request { method, url, headers, body, secrets } = request;
        let hidden = Hidden::new(&url, &secrets);
        let mut request = self.client.request(method, url);
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let begin = Instant::now();
        let mut response = request.send().await.map_err(|error| {
            if error.is_timeout() && !error.is_connect() {
                return DeliveryError::timed_out(&self.origin, self.timeout);
            }
            // The URL is left out: its path may be a secret.
            DeliveryError::because(&self.origin, &hidden.hide(&chain(&error.without_url())))
        })?;
        let elapsed = begin.elapsed();
        let retry_after = retry_after(response.headers(), SystemTime::now());
        // The status decides. The beginning of the body is only for people, so an error while reading it does not matter.
        let mut read = Vec::new();
        while let (true, Ok(Some(chunk))) = (read.len() <= MAX_BODY, response.chunk().await) {
            read.extend_from_slice(&chunk);
        }
        let is_cut = read.len() > MAX_BODY;
        read.truncate(MAX_BODY);
        let text = String::from_utf8_lossy(&read);
        let body = if is_cut { hidden.hide_cut(&text) } else { hidden.hide(&text) };
        Ok(WebhookResponse {
            status: response.status().as_u16(),
            body: body.into_owned(),
            elapsed,
            retry_after,
        })
    }

    /// Checks an address that is written in the URL itself; names are checked when they are resolved.
    fn check_address(&self, url: &Url) -> Result<(), DeliveryError> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let (Some(policy), Ok(address)) = (&self.policy, literal) else { return Ok(()) };
        policy.check(host, address).map_err(|refused| DeliveryError::new(&self.origin, &refused))
    }
}

/// Starts a client for one address, with the authorities and proxies of targets. It follows no redirects and has no timeout for answers.
fn client_builder(url: &Url, trust: &mut Trust) -> Result<reqwest::ClientBuilder, DeliveryError> {
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

/// Starts a client for one address that trusts and connects as alerts do.
///
/// # Errors
/// If the address needs TLS and the certificates that the environment names cannot be used.
pub fn trusted_client(url: &Url) -> Result<reqwest::ClientBuilder, DeliveryError> {
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
