//! Forms of pages. Refusals name the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};

use crate::http::error::HttpError;
use crate::http::query::QueryPairs;

/// The most bytes of a form: 2,000 slugs of the longest kind fit.
const MAX_FORM: usize = 256 * 1024;

/// The fields of a form, decoded, in the order in which they were written.
#[derive(Debug)]
pub(crate) struct Form(pub(crate) QueryPairs);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        const KIND: &str = "application/x-www-form-urlencoded";
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(KIND) {
            let kind: String = kind.chars().take(80).collect();
            return Err(HttpError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("content-type: {kind:?} is no form; send it as {KIND}, or use the API below /api/0/"),
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejected| {
            HttpError::new(rejected.status(), "the form cannot be read; send it again")
        })?;
        if body.len() > MAX_FORM {
            return Err(HttpError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the form has {} bytes and may have {MAX_FORM}; choose fewer monitors", body.len()),
            ));
        }
        let text = std::str::from_utf8(&body).map_err(|_| {
            HttpError::bad_request("the form is not UTF-8; percent-encode its bytes in UTF-8")
        })?;
        Ok(Self(QueryPairs::parse(text)))
    }
}
