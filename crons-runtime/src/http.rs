//! The default transport: HTTP by `reqwest`, TLS by `rustls` on `ring`. All of the client's network is in this file.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crons_types::Dsn;

use crate::transport::{Request, Response, SendFuture, Transport, TransportError};

/// Connecting takes three round trips; a server that has not answered by then is down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Firewalls forget idle connections, some after 60 seconds, and the next request on one is lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What is read of an answer, in bytes; a longer one costs its connection.
const MOST_READ: usize = 64 * 1024;

pub(crate) struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    pub(crate) fn new(dsn: &Dsn) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut builder = reqwest::Client::builder();
        if dsn.is_loopback() {
            // HTTP_PROXY is about the way out of this machine.
            builder = builder.no_proxy();
        }
        let client = builder
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            // A redirected POST becomes a GET: better to say that the DSN is wrong.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client })
    }
}

/// With the roots that Mozilla trusts, compiled in: an image without certificates works.
fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    // The provider is given, not installed: what the program around us uses is its own affair.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> SendFuture {
        let mut post = self.client.post(&*request.url).body(request.body);
        for (name, value) in &*request.headers {
            post = post.header(*name, value);
        }
        Box::pin(async move {
            let mut answer = post.send().await.map_err(TransportError::new)?;
            let mut response = Response::new(answer.status().as_u16());
            for (name, value) in answer.headers() {
                if let Ok(value) = value.to_str() {
                    response = response.header(name.as_str(), value);
                }
            }
            // The status has decided; the rest is read only so that the connection can be used again.
            let mut read = 0;
            while let (true, Ok(Some(chunk))) = (read < MOST_READ, answer.chunk().await) {
                read += chunk.len();
            }
            Ok(response)
        })
    }
}
