//! The body of a request, bounded in size and time.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::refusal::Refusal;

/// The largest body that is taken, after decompression: 1 MiB, as Sentry takes on its check-in URL.
const MAX_BODY: usize = 1024 * 1024;
/// What is read of a larger one before it is refused: a client that is still sending does not see the answer.
const MAX_READ: usize = 8 * MAX_BODY;
/// How long a client may leave us waiting for the next piece.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long all of it may take: 1 MiB comes in time over a line of 300 kbit/s.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads a body to its end.
pub(super) async fn read<B>(mut body: B) -> Result<Vec<u8>, Refusal>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let mut bytes = Vec::new();
    let mut read = 0;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let patience = Instant::now() + PATIENCE;
        let frame = timeout_at(patience.min(deadline), body.frame()).await.map_err(|_| {
            let detail = if patience <= deadline {
                format!("the body stopped for {} s", PATIENCE.as_secs())
            } else {
                format!("the body has not come to its end in {} s", DEADLINE.as_secs())
            };
            Refusal::new(StatusCode::REQUEST_TIMEOUT, detail)
        })?;
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|error| Refusal::bad_request(format!("the body cannot be read: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        if read <= MAX_BODY {
            bytes.extend_from_slice(&data);
        } else if read > MAX_READ {
            break;
        }
    }
    if read > MAX_BODY {
        let detail = format!("the body is larger than {MAX_BODY} bytes, unpacked");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use axum::response::IntoResponse;
    use hyper::body::Frame;
    use tokio::time::{Interval, interval};

    use super::*;
    use crate::refusal::REASON;

    /// One byte at a time, without end.
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
            (Duration::from_secs(9), 30, "the body has not come to its end in 30 s"),
            (Duration::from_secs(11), 10, "the body stopped for 10 s"),
        ] {
            let before = Instant::now();
            let refusal = read(Drip(interval(every))).await.unwrap_err().into_response();
            assert_eq!(before.elapsed().as_secs(), seconds);
            assert_eq!(refusal.status(), StatusCode::REQUEST_TIMEOUT);
            assert_eq!(refusal.headers()[REASON], reason);
        }
    }
}
