//! The loop that accepts connections, and what each of them may cost: axum's own has no limits.

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

use super::connection_table::{Admitted, Place, Seldom, ToldToGo, WaitingList};
use crate::settings::ConnectionLimits;

/// The most bytes of headers, as nginx takes; beyond it the answer is 431. hyper takes 100 of them.
const MOST_HEADERS: usize = 32 * 1024;
/// How long to wait after the system has refused a connection and another was closed for it: until its task has run.
const SOON: Duration = Duration::from_millis(1);
/// The same if none could be closed: it is for others to give something back.
const BACK_OFF: Duration = Duration::from_millis(50);

/// What answers requests.
pub trait Site: Clone + Send + Sync + 'static {
    fn answer(&self, request: hyper::Request<RequestBody>) -> impl Future<Output = Response> + Send;
}

/// Answers requests until `stopped`, and then those that are under way. Dropped, it closes all connections at once.
pub async fn serve(
    listener: TcpListener,
    site: impl Site,
    limits: ConnectionLimits,
    stopped: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.headers).max_buf_size(MOST_HEADERS);
    // A client that has said all may close its side and wait for the answer, as `nc -N` does.
    http.half_close(true);
    let list = WaitingList::new(limits.most_connections(), limits.answer);
    let (running, stopping) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut failing = Seldom::default();
    let mut stopped = pin!(stopped);
    loop {
        let next = async { (accept(&listener, &list, &mut failing).await, list.admit().await) };
        let (stream, admitted) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(converse(http.clone(), stream, site.clone(), admitted, stopping.clone()));
    }
    drop(listener);
    drop(running);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// The next connection, whatever the system says in the meantime.
async fn accept(listener: &TcpListener, list: &WaitingList, failing: &mut Seldom) -> TcpStream {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client has gone already.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset) => {}
            Err(error) => {
                if failing.is_due() {
                    tracing::error!(%error, "a connection cannot be accepted; trying on");
                }
                // Too many files are open, perhaps: this gives one back.
                tokio::time::sleep(if list.close_longest() { SOON } else { BACK_OFF }).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn converse(
    http: http1::Builder,
    stream: TcpStream,
    site: impl Site,
    admitted: Admitted,
    mut stopping: watch::Receiver<()>,
) {
    // Declared first, so that room is made only when the socket is closed.
    let _room = admitted.room;
    let mut told_to_go = admitted.told_to_go;
    let place = admitted.place;
    let socket = Socket { stream: TokioIo::new(stream), place: Arc::clone(&place) };
    let service = service_fn(|request| answer(&site, &place, request));
    let mut connection = pin!(http.serve_connection(socket, service));
    let mut stops = false;
    loop {
        tokio::select! {
            // In this order, so that an answer that can be written is written.
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                }
                return;
            }
            _ = &mut told_to_go => return,
            _ = stopping.changed(), if !stops => {
                stops = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer(
    site: &impl Site,
    place: &Arc<Place>,
    request: hyper::Request<Incoming>,
) -> Result<Response, ToldToGo> {
    if hyper::body::Body::is_end_stream(request.body()) {
        place.answering()?;
    }
    let request = request.map(|body| RequestBody { body, place: Arc::clone(place) });
    let response = site.answer(request).await;
    place.answered();
    Ok(response)
}

/// A body that says when it has been read completely. Never before it is asked: `is_end_stream` stays false.
pub struct RequestBody {
    body: Incoming,
    place: Arc<Place>,
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
            // Whoever reads it must not think that it is complete if the client will never know.
            None => self.place.answering().err().map(|error| Err(error.into())),
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that says when all has been written.
struct Socket {
    stream: TokioIo<TcpStream>,
    place: Arc<Place>,
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
        // hyper asks when nothing is left in its own buffer; answers of ours are in there as a whole.
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.place.written();
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

    impl Site for TowerToHyperService<Router> {
        async fn answer(&self, request: hyper::Request<RequestBody>) -> Response {
            let Ok(response) = self.call(request).await;
            response
        }
    }

    #[tokio::test]
    async fn a_request_that_is_answered_is_not_closed_for_others() {
        let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
            async move || {
                begun.notify_one();
                release.notified().await;
                // More than the system takes of an answer that nobody reads.
                "answer ".repeat(4 << 20)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = ConnectionLimits { connections: Some(2), ..ConnectionLimits::default() };
        let routes = TowerToHyperService::new(Router::new().route("/", get(handler)));
        let server = tokio::spawn(serve(listener, routes, limits, std::future::pending()));

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
