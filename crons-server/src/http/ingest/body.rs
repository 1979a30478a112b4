//! Bodies of requests, bounded in size and time.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::encoding::{self, EncodingError};
use crate::http::error::HttpError;

/// The largest body in bytes, before and after decompression: 1 MiB, the limit of Sentry's check-in URL.
const MAX_BODY: usize = 1024 * 1024;
/// The most bytes that are read of a larger body before it is refused: a client that is still sending does not see the answer.
const MAX_READ: usize = 8 * MAX_BODY;
/// The most bytes that are read of a body that is discarded: the largest minidump that Sentry accepts.
const MAX_DISCARDED: usize = 100 * MAX_BODY;
/// The longest pause between two pieces of a body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time for a whole body: 1 MiB in 30 s needs 300 kbit/s.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads a body to its end and undoes its `Content-Encoding`.
///
/// # Errors
/// If the body comes too slowly, is too large before or after decoding, or is not encoded as the headers say.
pub(super) async fn read<B>(headers: &HeaderMap, body: B) -> Result<Vec<u8>, HttpError>
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
    if size > MAX_BODY {
        return Err(too_large());
    }
    Ok(encoding::codings(headers).and_then(|codings| encoding::decode(bytes, &codings, MAX_BODY))?)
}

/// Reads a body to its end and discards it.
///
/// # Errors
/// If the body comes too slowly.
pub(super) async fn discard<B>(body: B) -> Result<(), HttpError>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    drain(body, MAX_DISCARDED, |_| ()).await.map(drop)
}

/// Passes each piece of a body to `keep`, until its end or until more than `most` bytes were read. Returns the number of bytes.
async fn drain<B>(mut body: B, most: usize, mut keep: impl FnMut(&[u8])) -> Result<usize, HttpError>
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

fn too_large() -> HttpError {
    let detail = format!(
        "the body is larger than {MAX_BODY} bytes, packed or unpacked; send each check-in in a request of its own"
    );
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

impl From<EncodingError> for HttpError {
    fn from(error: EncodingError) -> Self {
        match error {
            EncodingError::TooLarge => too_large(),
            EncodingError::Unknown(_) | EncodingError::TooMany(_) => {
                Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error.to_string())
            }
            EncodingError::Malformed(..) => Self::bad_request(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use axum::response::IntoResponse;
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
            let refusal = read(&HeaderMap::new(), Drip(interval(every))).await.unwrap_err().into_response();
            assert_eq!(before.elapsed().as_secs(), seconds);
            assert_eq!(refusal.status(), StatusCode::REQUEST_TIMEOUT);
            assert_eq!(refusal.headers()[REASON], reason);
        }
    }
}
