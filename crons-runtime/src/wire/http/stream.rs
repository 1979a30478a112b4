//! A connection as hyper wants it, which knows whether a proxy forwards its requests.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A connection to the server or to a proxy, with or without TLS.
pub(super) type Hop = MaybeHttpsStream<TokioIo<TcpStream>>;

pub(super) struct Stream {
    /// The outer layer is TLS to the server, if a proxy tunnels to it.
    hop: MaybeHttpsStream<Hop>,
    is_forwarded: bool,
}

impl Stream {
    /// A connection that ends at the server.
    pub(super) fn to_server(hop: MaybeHttpsStream<Hop>) -> Self {
        Self { hop, is_forwarded: false }
    }

    /// A connection to a proxy that reads requests and passes them on. It needs the whole URL in each request.
    pub(super) fn to_forwarding_proxy(hop: Hop) -> Self {
        Self { hop: MaybeHttpsStream::Http(hop), is_forwarded: true }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.hop.connected().proxy(self.is_forwarded)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.hop).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.hop).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.hop).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.hop).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.hop.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.hop).poll_write_vectored(cx, parts)
    }
}
