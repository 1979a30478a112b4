//! A request that is not done as asked, and why: the same form everywhere.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::inbox::Unavailable;
use crate::store::StoreError;

/// Where a client finds the reason without reading the body; the name is that of Sentry's older servers.
pub const REASON: HeaderName = HeaderName::from_static("x-sentry-error");

/// Why a request is refused, with the status that says so: `{"detail": ..}`.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, detail } = self;
        // Quoted: what a client sends must not look like a line of ours.
        tracing::warn!(status = status.as_u16(), ?detail, "request refused");
        with_reason((status, Json(json!({ "detail": detail }))).into_response(), &detail)
    }
}

/// Adds the reason as a header, as far as a header can hold it.
pub fn with_reason(mut response: Response, reason: &str) -> Response {
    let plain: String =
        reason.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(500).collect();
    if let Ok(value) = HeaderValue::from_str(&plain) {
        response.headers_mut().insert(REASON, value);
    }
    response
}

impl From<PathRejection> for Refusal {
    fn from(rejected: PathRejection) -> Self {
        Self::new(rejected.status(), rejected.body_text())
    }
}

impl From<QueryRejection> for Refusal {
    fn from(rejected: QueryRejection) -> Self {
        Self::new(rejected.status(), rejected.body_text())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a read failed");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read; the server's log says why")
    }
}

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        let reason = match unavailable {
            Unavailable::Database => "it could not be stored, send it again; the server's log says why",
            Unavailable::Closing => "the server is shutting down, send it again",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    }
}
