//! The loop that accepts connections, with limits that axum's own loop does not have.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::response::Response;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection_table::{Admitted, ConnectionTable, Evicted, Slot};
use crate::log_throttle::LogThrottle;
use crate::settings::ConnectionLimits;

/// The most bytes of headers, nginx's default; a longer request is answered with 431. hyper accepts at most 100 headers.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// The pause after the system has refused a connection and another was evicted for it, whose task then closes its socket.
const EVICTION_PAUSE: Duration = Duration::from_millis(1);
/// The pause if no connection could be evicted: files have to be closed elsewhere first.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Answers requests by `handler` until `stopped`, and then finishes those in progress. Its drop closes all connections at once.
pub async fn serve<H, F>(
    listener: TcpListener,
    handler: H,
    limits: ConnectionLimits,
    stopped: impl Future<Output = ()>,
) -> io::Result<()>
where
    H: Fn(hyper::Request<RequestBody>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.headers).max_buf_size(MAX_HEADER_BYTES);
    // A client may close its half of the connection after the request and wait for the answer, as `nc -N` does.
    http.half_close(true);
    let table = ConnectionTable::new(limits.most_connections(), limits.answer);
    let (running, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut failing = LogThrottle::default();
    let mut stopped = pin!(stopped);
    loop {
        let next = async { (accept(&listener, &table, &mut failing).await, table.admit().await) };
        let (stream, admitted) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(serve_connection(
            http.clone(),
            stream,
            handler.clone(),
            admitted,
            stopping.clone(),
        ));
    }
    drop(listener);
    drop(running);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Waits for the next connection, through errors of the system.
async fn accept(listener: &TcpListener, table: &ConnectionTable, failing: &mut LogThrottle) -> TcpStream {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client has closed the connection already.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset) => {}
            Err(error) => {
                if failing.is_due() {
                    tracing::error!(%error, "a connection cannot be accepted; trying on");
                }
                // The process may have too many open files; an eviction closes one.
                let pause = if table.evict_longest_idle() { EVICTION_PAUSE } else { BACK_OFF };
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn serve_connection<H, F>(
    http: http1::Builder,
    stream: TcpStream,
    handler: H,
    admitted: Admitted,
    mut stopping: watch::Receiver<()>,
) where
    H: Fn(hyper::Request<RequestBody>) -> F,
    F: Future<Output = Response>,
{
    // The permit is declared first, so that it is given back after the socket is closed.
    let _permit = admitted.socket;
    let mut evicted = admitted.evicted;
    let slot = admitted.slot;
    let socket = Socket { stream: TokioIo::new(stream), slot: Arc::clone(&slot) };
    let service = service_fn(|request| answer(&handler, &slot, request));
    let mut connection = pin!(http.serve_connection(socket, service));
    let mut stops = false;
    loop {
        tokio::select! {
            // An answer that can be written is written before an eviction.
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                }
                return;
            }
            _ = &mut evicted => return,
            _ = stopping.changed(), if !stops => {
                stops = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer<F: Future<Output = Response>>(
    handler: &impl Fn(hyper::Request<RequestBody>) -> F,
    slot: &Arc<Slot>,
    request: hyper::Request<Incoming>,
) -> Result<Response, Evicted> {
    if hyper::body::Body::is_end_stream(request.body()) {
        slot.answering()?;
    }
    let request = request.map(|body| RequestBody { body, slot: Arc::clone(slot) });
    let response = handler(request).await;
    if response.extensions().get::<Streaming>().is_some() {
        slot.streaming();
    }
    slot.answered();
    Ok(response)
}

/// Marks an answer, among its extensions, as a stream without an end. The handlers that send streams limit their number, as their
/// connections are not closed for others.
#[derive(Debug, Clone, Copy)]
pub struct Streaming;

/// A body that notes in the connection's slot when it has been read to its end. `is_end_stream` stays `false` until then.
pub struct RequestBody {
    body: Incoming,
    slot: Arc<Slot>,
}

impl hyper::body::Body for RequestBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(frame) => Some(frame.map_err(Into::into)),
            // The request of an evicted connection must not be executed: its client will never see the answer.
            None => self.slot.answering().err().map(|error| Err(error.into())),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that notes in the connection's slot when everything has been written.
struct Socket {
    stream: TokioIo<TcpStream>,
    slot: Arc<Slot>,
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when its own buffer is empty, and our answers are written to that buffer as a whole.
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.slot.written();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_request_that_is_answered_is_not_closed_for_others() {
        let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
            async move || {
                begun.notify_one();
                release.notified().await;
                // The answer is larger than what the system takes of an answer that is not read.
                "answer ".repeat(4 << 20)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = ConnectionLimits { connections: Some(2), ..ConnectionLimits::default() };
        let routes = TowerToHyperService::new(Router::new().route("/", get(handler)));
        let answer = move |request| {
            let routes = routes.clone();
            async move {
                let Ok(response) = routes.call(request).await;
                response
            }
        };
        let server = tokio::spawn(serve(listener, answer, limits, std::future::pending()));

        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        begun.notified().await;
        let crowd = async || {
            for _ in 0..10 {
                let mut idle = TcpStream::connect(address).await.unwrap();
                let next = TcpStream::connect(address).await.unwrap();
                let closed =
                    timeout(DEADLINE, idle.read(&mut [0])).await.expect("it must be closed for the next");
                assert_eq!(closed.unwrap(), 0);
                drop(next);
            }
        };
        crowd().await;
        release.notify_one();
        asking.readable().await.unwrap();
        crowd().await;
        let mut length = 0;
        let mut buffer = vec![0; 1 << 20];
        while length < 7 * (4 << 20) {
            let read = asking.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "closed after {length} bytes");
            length += read;
        }
        server.abort();
    }
}
