//! Reads answers: their heads, and the beginning of their bodies.

use std::fmt;
use std::time::{Duration, SystemTime};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::http;

use super::explain::Cause;
use crate::wire::transport::Response;

/// The number of bytes that are read of a body. If it is longer, the connection is closed.
const MOST_READ: usize = 64 * 1024;
/// The limit for reading the body of a [`Reply`].
const BODY_TIMEOUT: Duration = Duration::from_secs(2);

/// An answer, with its body.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status and the headers.
    pub response: Response,
    /// The beginning of the body, about 64 KiB at most.
    pub body: Vec<u8>,
    /// The time of this machine before the request was sent.
    pub sent: SystemTime,
    /// The time of this machine when the head of the answer had arrived.
    pub received: SystemTime,
}

/// The reason for which there was no answer.
#[derive(Debug)]
pub struct NoReply {
    /// The cause.
    pub cause: Cause,
    /// The error in words, with its causes.
    pub text: String,
}

impl NoReply {
    pub(crate) fn new(cause: Cause, text: String) -> Self {
        Self { cause, text }
    }
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for NoReply {}

impl Reply {
    /// Reads an answer whose head has arrived. What an error cuts off its body is missing.
    pub(super) async fn read(answer: http::Response<Incoming>, sent: SystemTime) -> Self {
        let (received, response) = (SystemTime::now(), head(&answer));
        let mut bytes = Vec::new();
        let read = read(answer.into_body(), |data| bytes.extend_from_slice(&data));
        // The head is the answer, so a body that does not end is no failure.
        let _ = tokio::time::timeout(BODY_TIMEOUT, read).await;
        Self { response, body: bytes, sent, received }
    }
}

/// The status of an answer, and the headers that are text.
pub(super) fn head(answer: &http::Response<Incoming>) -> Response {
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let mut head = Response::new(answer.status().as_u16());
    head.headers = answer.headers().iter().filter_map(text).collect();
    head
}

/// Reads and drops the body, so that the connection can be reused.
pub(super) async fn drain(body: Incoming) {
    read(body, drop).await;
}

async fn read(mut body: Incoming, mut take: impl FnMut(Bytes)) {
    let mut read = 0;
    while let (true, Some(Ok(frame))) = (read < MOST_READ, body.frame().await) {
        if let Ok(data) = frame.into_data() {
            read += data.len();
            take(data);
        }
    }
}
