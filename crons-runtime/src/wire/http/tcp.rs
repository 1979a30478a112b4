//! Opens TCP connections, and records that one is open: what is built on it may still fail to come about in time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

/// Whether an attempt to connect has opened a TCP connection, to the server or to its proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct Opened(Arc<AtomicBool>);

impl Opened {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The TCP connections of one attempt to connect.
#[derive(Clone)]
pub(super) struct Tcp {
    connector: HttpConnector,
    opened: Opened,
}

impl Tcp {
    pub(super) fn new(connector: HttpConnector, opened: Opened) -> Self {
        Self { connector, opened }
    }
}

impl Service<Uri> for Tcp {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(cx)
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let (connecting, opened) = (self.connector.call(host), self.opened.clone());
        Box::pin(async move {
            let stream = connecting.await?;
            opened.0.store(true, Ordering::Relaxed);
            Ok(stream)
        })
    }
}
