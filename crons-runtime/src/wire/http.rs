//! The default transport: HTTP by `reqwest`, TLS by `rustls` on `ring`. This file holds all network code of the client.

mod explain;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crons_types::Dsn;
use rustls::{ClientConfig, RootCertStore};

use super::connect_error::ConnectError;
use super::roots;
use crate::wire::transport::{Request, Response, SendFuture, Transport, TransportError};

/// The limit for connecting, which takes three round trips.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time after which an idle connection is closed: some firewalls drop idle connections after 60 s, and the next request is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The limit for reading the body of a response. If it takes longer, the connection is closed.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);
/// The number of bytes that are read of a body. If it is longer, the connection is closed.
const MOST_READ: usize = 64 * 1024;

pub(crate) struct HttpTransport {
    client: reqwest::Client,
    /// The first request without its body. Parsing the URL and headers again would take 1 of about 20 µs of a request.
    template: OnceLock<Template>,
}

struct Template {
    url: Arc<str>,
    headers: Arc<[(&'static str, String)]>,
    post: reqwest::Request,
}

impl HttpTransport {
    /// Creates a transport to the server of `dsn`, which also trusts the authorities in `ca_certificates` (PEM).
    ///
    /// # Errors
    /// If certificates cannot be used, or the HTTP client cannot be built.
    pub(crate) fn new(dsn: &Dsn, ca_certificates: Option<&[u8]>) -> Result<Self, ConnectError> {
        let mut roots = ca_certificates.map_or_else(|| Ok(RootCertStore::empty()), roots::named)?;
        let mut builder = reqwest::Client::builder();
        let url = dsn.envelope_url();
        // HTTP_PROXY is meant for other machines.
        if dsn.is_loopback() || without_proxies() {
            builder = builder.no_proxy();
        }
        // Plain HTTP on loopback needs no root certificates. Loading them takes about 4 ms, and a store that cannot be read would
        // fail `init`.
        if url.starts_with("https:") || !dsn.is_loopback() && has_tls_proxy() {
            roots::common(&mut roots)?;
        }
        let failed = |error: Box<dyn Error + Send + Sync>| ConnectError::Start(error);
        let client = builder
            .tls_backend_preconfigured(tls(roots).map_err(|error| failed(error.into()))?)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            // reqwest turns a redirected POST into a GET, so a redirect is reported as a wrong DSN instead.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(Self { client, template: OnceLock::new() })
    }
}

/// Whether `NO_PROXY` contains `*`, which reqwest applies to names but not to addresses.
fn without_proxies() -> bool {
    let given = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    given.is_ok_and(|names| names.split(',').any(|name| name.trim() == "*"))
}

/// Whether plain HTTP requests may go through a proxy that is reached by TLS.
fn has_tls_proxy() -> bool {
    ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].into_iter().any(|name| {
        let proxy = std::env::var(name).unwrap_or_default();
        proxy.trim_start().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    })
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    // The provider is passed, not installed for the process, which may install its own.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

impl HttpTransport {
    /// Builds the request without its body.
    fn post(&self, request: &Request) -> reqwest::Result<reqwest::Request> {
        let same = |template: &&Template| {
            Arc::ptr_eq(&template.url, &request.url) && Arc::ptr_eq(&template.headers, &request.headers)
        };
        if let Some(post) = self.template.get().filter(same).and_then(|template| template.post.try_clone()) {
            return Ok(post);
        }
        let mut builder = self.client.post(&*request.url);
        for (name, value) in &*request.headers {
            builder = builder.header(*name, value);
        }
        let post = builder.build()?;
        if let Some(post) = post.try_clone() {
            let (url, headers) = (Arc::clone(&request.url), Arc::clone(&request.headers));
            self.template.get_or_init(|| Template { url, headers, post });
        }
        Ok(post)
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> SendFuture {
        let client = self.client.clone();
        let post = self.post(&request);
        Box::pin(async move {
            let mut post = post.map_err(TransportError::new)?;
            *post.body_mut() = Some(request.body.into());
            let answer = client.execute(post).await.map_err(explain::explain)?;
            let mut response = Response::new(answer.status().as_u16());
            for (name, value) in answer.headers() {
                if let Ok(value) = value.to_str() {
                    response = response.header(name.as_str(), value);
                }
            }
            // The status is the answer, so a slow body is no failure.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(answer)).await;
            Ok(response)
        })
    }
}

/// Reads and drops the body, so that the connection can be reused.
async fn drain(mut answer: reqwest::Response) {
    let mut read = 0;
    while let (true, Ok(Some(chunk))) = (read < MOST_READ, answer.chunk().await) {
        read += chunk.len();
    }
}
