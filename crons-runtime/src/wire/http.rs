//! The default transport: HTTP/1.1 by `hyper`, TLS by `rustls` on `ring`. This folder holds all network code of the client.

// The modules are in layer order: each uses only those above it.
mod explain;
mod stream;
mod connector;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crons_types::Dsn;
use http_body_util::{BodyExt, Full};
use hyper::Uri;
use hyper::body::{Bytes, Incoming};
use hyper::http;
use hyper::http::header::PROXY_AUTHORIZATION;
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::connect_error::ConnectError;
use super::{provider, roots};
use crate::wire::transport::{Request, Response, SendFuture, Transport, TransportError};
use connector::Connector;

/// The time after which an idle connection is closed: some firewalls drop idle connections after 60 s, and the next request is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The limit for reading the body of a response. If it takes longer, the connection is closed.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);
/// The number of bytes that are read of a body. If it is longer, the connection is closed.
const MOST_READ: usize = 64 * 1024;

pub(crate) struct HttpTransport {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
}

impl HttpTransport {
    /// Creates a transport to the server of `dsn`, which also trusts the authorities in `ca_certificates` (PEM).
    ///
    /// # Errors
    /// If certificates cannot be used, or TLS cannot be set up.
    pub(crate) fn new(dsn: &Dsn, ca_certificates: Option<&[u8]>) -> Result<Self, ConnectError> {
        let failed = |error: Box<dyn Error + Send + Sync>| ConnectError::Start(error);
        let mut roots = ca_certificates.map_or_else(|| Ok(RootCertStore::empty()), roots::named)?;
        let url = dsn.envelope_url();
        let server = Uri::try_from(&*url).map_err(|error| failed(format!("dsn: {url}: {error}").into()))?;
        // The proxy of HTTP_PROXY is meant for other machines.
        let is_direct = dsn.is_loopback() || without_proxies();
        let proxy = (!is_direct).then(|| Matcher::from_env().intercept(&server)).flatten();
        let is_tls = |uri: &Uri| uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        // Root certificates are loaded for TLS only. Loading them takes about 4 ms, and a store that cannot be read would fail `init`.
        if is_tls(&server) || proxy.as_ref().is_some_and(|proxy| is_tls(proxy.uri())) {
            roots::common(&mut roots)?;
        }
        let connector = Connector::new(tls(roots).map_err(|error| failed(error.into()))?, proxy);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector.clone());
        Ok(Self { client, connector })
    }

    fn post(&self, request: Request) -> http::Result<http::Request<Full<Bytes>>> {
        let server = Uri::try_from(&*request.url)?;
        let authorization = self.connector.proxy_authorization(&server);
        let mut post = http::Request::post(server);
        for (name, value) in &*request.headers {
            post = post.header(*name, value);
        }
        if let Some(authorization) = authorization {
            post = post.header(PROXY_AUTHORIZATION, authorization);
        }
        post.body(Full::from(request.body))
    }
}

/// Returns whether `NO_PROXY` contains `*`, which hyper-util applies to names but not to addresses.
fn without_proxies() -> bool {
    let given = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy"));
    given.is_ok_and(|names| names.split(',').any(|name| name.trim() == "*"))
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    // The provider is passed, not installed for the process, which may install its own.
    let config = ClientConfig::builder_with_provider(Arc::new(provider::provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> SendFuture {
        let url = Arc::clone(&request.url);
        let answer = self.post(request).map(|post| self.client.request(post));
        Box::pin(async move {
            // Redirects are not followed: the worker reports one as a wrong DSN.
            let answer = answer.map_err(TransportError::new)?.await;
            let answer = answer.map_err(|error| explain::explain(error, url))?;
            let mut response = Response::new(answer.status().as_u16());
            for (name, value) in answer.headers() {
                if let Ok(value) = value.to_str() {
                    response = response.header(name.as_str(), value);
                }
            }
            // The status is the answer, so a slow body is no failure.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(answer.into_body())).await;
            Ok(response)
        })
    }
}

/// Reads and drops the body, so that the connection can be reused.
async fn drain(mut body: Incoming) {
    let mut read = 0;
    while let (true, Some(Ok(frame))) = (read < MOST_READ, body.frame().await) {
        read += frame.data_ref().map_or(0, Bytes::len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_every_dsn_can_be_posted_to() {
        for c in ('!'..='~').chain(['ü', '日']) {
            let Ok(dsn) = format!("http://key@127.0.0.1:9/a{c}b/1").parse::<Dsn>() else { continue };
            assert!(HttpTransport::new(&dsn, None).is_ok(), "{dsn}");
        }
    }
}
