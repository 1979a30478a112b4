//! Opens connections: directly, by a proxy of the environment, and with TLS.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
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
use super::tcp::{Opened, Tcp};

/// The limit for connecting, which takes three round trips.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error of a connection that was not made in time.
#[derive(Debug)]
pub(super) struct ConnectTimeout {
    /// Whether TCP was connected, and only TLS or the tunnel of a proxy is missing.
    pub(super) is_open: bool,
}

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = if self.is_open { "TLS or tunnel on the open connection" } else { "connection" };
        write!(f, "no {missing} within {} s", CONNECT_TIMEOUT.as_secs())
    }
}

impl std::error::Error for ConnectTimeout {}

/// Opens connections to the server of the DSN.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
    proxy: Option<Intercept>,
    /// The state of the latest attempt.
    latest: Arc<Mutex<Opened>>,
}

impl Connector {
    /// Connects by `proxy` if there is one.
    pub(super) fn new(tls: ClientConfig, proxy: Option<Intercept>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self { tcp, tls: Arc::new(tls), proxy, latest: Arc::default() }
    }

    /// Whether the latest attempt to connect has opened a TCP connection.
    pub(super) fn is_open(&self) -> bool {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).get()
    }

    /// The value of `Proxy-Authorization` for requests that a proxy forwards. `None` if it needs none, or only sees a tunnel.
    pub(super) fn proxy_authorization(&self, server: &Uri) -> Option<HeaderValue> {
        let proxy = self.proxy.as_ref().filter(|_| server.scheme() == Some(&Scheme::HTTP))?;
        proxy.basic_auth().cloned()
    }

    async fn connect(self, server: Uri, opened: Opened) -> Result<Stream, BoxError> {
        let mut direct = HttpsConnector::from((Tcp::new(self.tcp, opened), Arc::clone(&self.tls)));
        let Some(proxy) = self.proxy else {
            return Ok(Stream::to_server(MaybeHttpsStream::Http(direct.call(server).await?)));
        };
        if server.scheme() != Some(&Scheme::HTTPS) {
            return Ok(Stream::to_forwarding_proxy(direct.call(proxy.uri().clone()).await?));
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
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
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let opened = Opened::default();
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = opened.clone();
        let connecting = self.clone().connect(server, opened.clone());
        Box::pin(async move {
            let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
            connected.map_err(|_| ConnectTimeout { is_open: opened.get() })?
        })
    }
}
