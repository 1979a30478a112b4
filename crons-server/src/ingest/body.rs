//! The body of a request, bounded in size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;

use crate::refusal::Refusal;

/// The largest body that is taken, after decompression: 1 MiB, as Sentry takes on its check-in URL.
const MAX_BODY: usize = 1024 * 1024;
/// What is read of a larger one before it is refused: a client that is still sending does not see the answer.
const MAX_READ: usize = 8 * MAX_BODY;
/// How long a client may leave us waiting for the next piece.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a body to its end.
pub(super) async fn read(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut read = 0;
    loop {
        let frame = tokio::time::timeout(PATIENCE, body.frame()).await.map_err(|_| {
            Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body stopped for {} s", PATIENCE.as_secs()),
            )
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
