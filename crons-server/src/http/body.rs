//! Bodies of requests, bounded in size and time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::error::HttpError;

/// The largest body in bytes: 1 MiB, the limit of Sentry's check-in URL.
pub(super) const MAX_BODY: usize = 1024 * 1024;
/// The most bytes that are read of a larger body before it is refused: a client that is still sending does not see the answer.
const MAX_READ: usize = 8 * MAX_BODY;
/// The longest pause between two pieces of a body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time for a whole body: 1 MiB in 30 s needs 300 kbit/s.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads the body of a request before anything answers it. An answer that leaves a part of the body unread closes the connection, and a client
/// that sends its next request on that connection gets no answer at all.
pub(super) async fn read_before_answer(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match read(body).await {
        Ok(Some(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(None) => {
            let detail =
                format!("the body is larger than {MAX_BODY} bytes; change fewer things in one request");
            HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, detail).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Reads a body to its end. `None` if it is larger than [`MAX_BODY`].
///
/// # Errors
/// If the body comes too slowly, or breaks off.
pub(super) async fn read<B>(body: B) -> Result<Option<Vec<u8>>, HttpError>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let mut bytes = Vec::new();
    let size = drain(body, MAX_READ, |piece| {
        if bytes.len() + piece.len() <= MAX_BODY {
            bytes.extend_from_slice(piece);
        }
    })
    .await?;
    Ok((size <= MAX_BODY).then_some(bytes))
}

/// Passes each piece of a body to `keep`, until its end or until more than `most` bytes were read. Returns the number of bytes.
pub(super) async fn drain<B>(
    mut body: B,
    most: usize,
    mut keep: impl FnMut(&[u8]),
) -> Result<usize, HttpError>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let mut read = 0;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let next_piece = Instant::now() + READ_TIMEOUT;
        let frame = timeout_at(next_piece.min(deadline), body.frame()).await.map_err(|_| {
            let detail = if next_piece <= deadline {
                format!("the body stopped for {} s; send it without pauses", READ_TIMEOUT.as_secs())
            } else {
                format!("the body has not come to its end in {} s; send it faster", DEADLINE.as_secs())
            };
            HttpError::new(StatusCode::REQUEST_TIMEOUT, detail)
        })?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| {
            HttpError::bad_request(format!("the body cannot be read: {error}; send all of it"))
        })?;
        let Ok(piece) = frame.into_data() else { continue };
        read += piece.len();
        keep(&piece);
        if read > most {
            break;
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use hyper::body::Frame;
    use tokio::time::{Interval, interval};

    use super::*;
    use crate::http::error::REASON;

    /// A body that sends one byte at a time, without end.
    struct Drip(Interval);

    impl hyper::body::Body for Drip {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            ready!(self.0.poll_tick(cx));
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_not_waited_for() {
        for (every, seconds, reason) in [
            (Duration::from_secs(9), 30, "the body has not come to its end in 30 s; send it faster"),
            (Duration::from_secs(11), 10, "the body stopped for 10 s; send it without pauses"),
        ] {
            let before = Instant::now();
            let refusal = read(Drip(interval(every))).await.unwrap_err().into_response();
            assert_eq!(before.elapsed().as_secs(), seconds);
            assert_eq!(refusal.status(), StatusCode::REQUEST_TIMEOUT);
            assert_eq!(refusal.headers()[REASON], reason);
        }
    }
}
