//! The default transport: HTTP/1.1 by `hyper`, TLS by `rustls` on `ring`. This folder holds all network code of the client.

// The modules are in layer order: each uses only those above it.
mod route;
mod stream;
mod tcp;
mod connector;
mod explain;
mod answer;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crons_types::Dsn;
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::http;
use hyper::http::header::{PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::connect_error::ConnectError;
use super::roots::TrustedRoots;
use super::{provider, roots};
use crate::wire::envelope::SDK_NAME;
use crate::wire::transport::{Request, SendFuture, Transport, TransportError};
use connector::Connector;
pub use {answer::NoReply, answer::Reply, explain::Cause, route::Route};

/// The time after which an idle connection is closed: some firewalls drop idle connections after 60 s, and the next request is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The limit for reading the body of a response. If it takes longer, the connection is closed.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(200);

pub(crate) struct HttpTransport {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
    route: Route,
    /// `None` if no connection needs TLS.
    trusted: Option<TrustedRoots>,
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
        let (route, proxy) = route::find(dsn, &server);
        let is_tls = |uri: &Uri| uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        // Root certificates are loaded for TLS only. Loading them takes about 4 ms, and a store that cannot be read would fail `init`.
        let needs_tls = is_tls(&server) || proxy.as_ref().is_some_and(|proxy| is_tls(proxy.uri()));
        let trusted = needs_tls.then(|| roots::common(&mut roots)).transpose()?;
        let connector = Connector::new(tls(roots).map_err(|error| failed(error.into()))?, proxy);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector.clone());
        Ok(Self { client, connector, route, trusted })
    }

    /// The way to the server.
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    /// The authorities that are trusted beside those of the program; `None` if no connection needs TLS.
    pub(crate) fn trusted(&self) -> Option<&TrustedRoots> {
        self.trusted.as_ref()
    }

    /// Posts a request, as [`send`](Transport::send) does, and reads the answer to its end, for at most `timeout`.
    ///
    /// # Errors
    /// If there is no answer in time.
    pub(crate) async fn ask(&self, request: Request, timeout: Duration) -> Result<Reply, NoReply> {
        let url = Arc::clone(&request.url);
        self.exchange(self.post(request), url, timeout).await
    }

    /// Gets a URL of the server, without its key.
    ///
    /// # Errors
    /// If there is no answer within `timeout`.
    pub(crate) async fn get(&self, url: Arc<str>, timeout: Duration) -> Result<Reply, NoReply> {
        let request = Uri::try_from(&*url).map_err(http::Error::from).and_then(|uri| {
            let authorization = self.connector.proxy_authorization(&uri);
            let mut get = http::Request::get(uri).header(USER_AGENT, SDK_NAME);
            if let Some(authorization) = authorization {
                get = get.header(PROXY_AUTHORIZATION, authorization);
            }
            get.body(Full::default())
        });
        self.exchange(request, url, timeout).await
    }

    async fn exchange(
        &self,
        request: http::Result<http::Request<Full<Bytes>>>,
        url: Arc<str>,
        timeout: Duration,
    ) -> Result<Reply, NoReply> {
        let mut request = request.map_err(|error| NoReply::new(Cause::Other, format!("{url}: {error}")))?;
        let connection = capture_connection(&mut request);
        let late = format!("{url}: no answer within {timeout:?}");
        let answered = async {
            let sent = SystemTime::now();
            let answer = self.client.request(request).await.map_err(|error| {
                NoReply::new(explain::cause(&error), explain::explain(error, url).to_string())
            })?;
            Ok(Reply::read(answer, sent).await)
        };
        let answered = tokio::time::timeout(timeout, answered).await;
        answered.unwrap_or_else(|_| {
            let cause = match (connection.connection_metadata().is_some(), self.connector.is_open()) {
                (true, _) => Cause::AnswerTimeout,
                (false, true) => Cause::HandshakeTimeout,
                (false, false) => Cause::ConnectTimeout,
            };
            Err(NoReply::new(cause, late))
        })
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
            let response = answer::head(&answer);
            // The status is the answer, so a slow body is no failure.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, answer::drain(answer.into_body())).await;
            Ok(response)
        })
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
