//! The default transport: HTTP by `reqwest`, TLS by `rustls` on `ring`. All of the client's network is in this file.

mod explain;

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crons_types::Dsn;
use rustls::{ClientConfig, RootCertStore};

use super::connect_error::ConnectError;
use super::roots;
use crate::wire::transport::{Request, Response, SendFuture, Transport, TransportError};

/// Connecting takes three round trips; a server that has not answered by then is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Firewalls forget idle connections, some after 60 seconds, and the next request on one is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the body of an answer is waited for; a later one costs its connection.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);
/// What is read of it, in bytes; a longer one costs its connection, too.
const MOST_READ: usize = 64 * 1024;

pub(crate) struct HttpTransport {
    client: reqwest::Client,
    /// The first request without its body: to parse the same URL and headers each time takes a microsecond of about twenty.
    template: OnceLock<Template>,
}

struct Template {
    url: Arc<str>,
    headers: Arc<[(&'static str, String)]>,
    post: reqwest::Request,
}

impl HttpTransport {
    /// For the server of this DSN; trusts the authorities in `ca_certificates`, too, which is PEM.
    pub(crate) fn new(dsn: &Dsn, ca_certificates: Option<&[u8]>) -> Result<Self, ConnectError> {
        let mut roots = ca_certificates.map_or_else(|| Ok(RootCertStore::empty()), roots::named)?;
        let mut builder = reqwest::Client::builder();
        let url = dsn.envelope_url();
        // HTTP_PROXY is about the way out of this machine.
        if dsn.is_loopback() || without_proxies() {
            builder = builder.no_proxy();
        }
        // Without TLS no authority is asked, so a store that cannot be read is no fault, and reading it would take time.
        if url.starts_with("https:") || !dsn.is_loopback() && has_tls_proxy() {
            roots::common(&mut roots)?;
        }
        let failed = |error: Box<dyn Error + Send + Sync>| ConnectError::Start(error);
        let client = builder
            .tls_backend_preconfigured(tls(roots).map_err(|error| failed(error.into()))?)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            // A redirected POST becomes a GET: better to say that the DSN is wrong.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(Self { client, template: OnceLock::new() })
    }
}

/// `NO_PROXY=*`, which reqwest takes for all names but not for addresses.
fn without_proxies() -> bool {
    let given = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    given.is_ok_and(|names| names.split(',').any(|name| name.trim() == "*"))
}

/// Whether plain HTTP may take the way through a proxy that is itself spoken to by TLS.
fn has_tls_proxy() -> bool {
    ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].into_iter().any(|name| {
        let proxy = std::env::var(name).unwrap_or_default();
        proxy.trim_start().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    })
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    // The provider is given, not installed: what the program around us uses is its own affair.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

impl HttpTransport {
    /// The request without its body.
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
            // The status has decided. A body that dawdles must not make it look as if there were no answer.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(answer)).await;
            Ok(response)
        })
    }
}

/// Reads the body, only so that the connection can be used again.
async fn drain(mut answer: reqwest::Response) {
    let mut read = 0;
    while let (true, Ok(Some(chunk))) = (read < MOST_READ, answer.chunk().await) {
        read += chunk.len();
    }
}
