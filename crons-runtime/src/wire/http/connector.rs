//! Opens connections: directly, by a proxy of the environment, and with TLS.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::HeaderValue;
use hyper::http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use rustls::ClientConfig;
use tower_service::Service;

use super::stream::Stream;

/// The limit for connecting, which takes three round trips.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a connection that was not made in time.
#[derive(Debug)]
pub(super) struct ConnectTimeout;

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {} s", CONNECT_TIMEOUT.as_secs())
    }
}

impl std::error::Error for ConnectTimeout {}

/// Opens connections to the server of the DSN.
#[derive(Clone)]
pub(super) struct Connector {
    direct: HttpsConnector<HttpConnector>,
    tls: Arc<ClientConfig>,
    proxy: Option<Intercept>,
}

impl Connector {
    /// Connects by `proxy` if there is one.
    pub(super) fn new(tls: ClientConfig, proxy: Option<Intercept>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let tls = Arc::new(tls);
        Self { direct: HttpsConnector::from((tcp, Arc::clone(&tls))), tls, proxy }
    }

    /// The value of `Proxy-Authorization` for requests that a proxy forwards. `None` if it needs none, or only sees a tunnel.
    pub(super) fn proxy_authorization(&self, server: &Uri) -> Option<HeaderValue> {
        let proxy = self.proxy.as_ref().filter(|_| server.scheme() == Some(&Scheme::HTTP))?;
        proxy.basic_auth().cloned()
    }

    async fn connect(mut self, server: Uri) -> Result<Stream, BoxError> {
        let Some(proxy) = self.proxy else {
            return Ok(Stream::to_server(MaybeHttpsStream::Http(self.direct.call(server).await?)));
        };
        if server.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Stream::to_forwarding_proxy(self.direct.call(proxy.uri().clone()).await?));
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.direct);
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        Ok(Stream::to_server(HttpsConnector::from((tunnel, self.tls)).call(server).await?))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connecting = self.clone().connect(server);
        Box::pin(async move {
            let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
            connected.map_err(|_| ConnectTimeout)?
        })
    }
}
