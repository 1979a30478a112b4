//! Bodies of clients' requests: as they came, or discarded.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};

use super::encoding::{self, EncodingError};
use crate::http::body::{self, MAX_BODY, drain};
use crate::http::error::HttpError;

/// The most bytes that are read of a body that is discarded: the largest minidump that Sentry accepts.
const MAX_DISCARDED: usize = 100 * MAX_BODY;

/// Reads a body to its end and undoes its `Content-Encoding`.
///
/// # Errors
/// If the body comes too slowly, is too large before or after decoding, or is not encoded as the headers say.
pub(super) async fn read<B>(headers: &HeaderMap, body: B) -> Result<Vec<u8>, HttpError>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let bytes = body::read(body).await?.ok_or_else(too_large)?;
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
