//! The two ways in: an envelope from an SDK, and a URL that anything can call.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::auth::{self, AuthError};
use super::envelope::{Envelope, EnvelopeError, MAX_ITEM};
use super::payload::{PayloadError, parse_check_in};
use crate::consumer::Unavailable;
use crate::lifecycle::{CheckInEvent, ProcessingError, Verdict};
use crate::state::App;

/// What the query string of either way may hold.
#[derive(Debug, Default, Deserialize)]
pub struct IngestQuery {
    sentry_key: Option<String>,
    status: Option<String>,
    check_in_id: Option<String>,
    environment: Option<String>,
    duration: Option<String>,
}

/// Why a request is refused, with the status that says so.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, detail) = self;
        tracing::warn!(status = status.as_u16(), "request refused: {detail}");
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self(StatusCode::FORBIDDEN, error.message())
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        let status =
            if error.is_too_large() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        Self(status, error.to_string())
    }
}

impl From<BytesRejection> for Refusal {
    fn from(rejected: BytesRejection) -> Self {
        Self(rejected.status(), rejected.body_text())
    }
}

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        let reason = match unavailable {
            Unavailable::Database => {
                "the check-in could not be stored, send it again; the server's log says why"
            }
            Unavailable::Closing => "the server is shutting down, send it again",
        };
        Self(StatusCode::SERVICE_UNAVAILABLE, reason.to_owned())
    }
}

/// `POST /api/{project}/envelope/`
pub async fn envelope_endpoint(
    State(app): State<App>,
    Path(project): Path<u64>,
    Query(query): Query<IngestQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let outcome = async {
        let body = body?;
        let envelope = Envelope::parse(&body)?;
        let key = auth::from_headers(&headers);
        auth::check(
            [key.as_deref(), query.sentry_key.as_deref(), envelope.key.as_deref()],
            &app.public_key,
            project,
        )?;
        let Some(payload) = envelope.check_in else { return Ok(Json(json!({})).into_response()) };
        let (id, discarded) = match parse_check_in(payload, None) {
            Ok(event) => (event.check_in_id, take(&app, event).await?),
            Err(PayloadError::Refused(error)) => (crons_types::CheckInId::NIL, discard(vec![error])),
            Err(malformed) => return Err(Refusal(StatusCode::BAD_REQUEST, malformed.to_string())),
        };
        let mut answer = json!({ "id": id });
        // Sentry answers 200 and drops it; we answer the same, but say so.
        if !discarded.is_empty() {
            answer["discarded"] = discarded.iter().map(ToString::to_string).collect();
        }
        Ok::<_, Refusal>(Json(answer).into_response())
    };
    outcome.await.unwrap_or_else(IntoResponse::into_response)
}

/// The path of the second way, with the key in it or not.
#[derive(Debug, Deserialize)]
pub struct CronPath {
    project: u64,
    slug: String,
    key: Option<String>,
}

/// `GET` and `POST /api/{project}/cron/{slug}[/{key}][/]`
pub async fn cron(
    State(app): State<App>,
    Path(CronPath { project, slug, key }): Path<CronPath>,
    Query(query): Query<IngestQuery>,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let outcome = async {
        let header_key = auth::from_headers(&headers);
        auth::check(
            [key.as_deref(), header_key.as_deref(), query.sentry_key.as_deref()],
            &app.public_key,
            project,
        )?;
        let body = body?;
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        // With a JSON body the query string does not count, and the other way round, as at Sentry.
        let as_json = method == Method::POST
            && content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"));
        if as_json && body.len() > MAX_ITEM {
            return Err(EnvelopeError::TooLarge(body.len()).into());
        }
        let payload = if as_json { body.to_vec() } else { from_query(&query)? };
        match parse_check_in(&payload, Some(&slug)) {
            Ok(event) => drop(take(&app, event).await?),
            Err(PayloadError::Refused(error)) => drop(discard(vec![error])),
            Err(malformed) => return Err(Refusal(StatusCode::BAD_REQUEST, malformed.to_string())),
        }
        Ok::<_, Refusal>(StatusCode::ACCEPTED.into_response())
    };
    outcome.await.unwrap_or_else(IntoResponse::into_response)
}

/// The query string as the JSON that would say the same, so that both are judged alike.
fn from_query(query: &IngestQuery) -> Result<Vec<u8>, Refusal> {
    let bad = |detail: String| Refusal(StatusCode::BAD_REQUEST, detail);
    let Some(status) = &query.status else {
        return Err(bad("there is no status: call with ?status=in_progress, ok or error".to_owned()));
    };
    let mut payload = json!({ "status": status });
    if let Some(id) = &query.check_in_id {
        payload["check_in_id"] = json!(id);
    }
    if let Some(environment) = &query.environment {
        payload["environment"] = json!(environment);
    }
    if let Some(duration) = &query.duration {
        let seconds: f64 = duration
            .parse()
            .map_err(|_| bad(format!("duration: {duration:?} is no number of seconds, such as 1.5")))?;
        payload["duration"] = json!(seconds);
    }
    Ok(payload.to_string().into_bytes())
}

/// Has a check-in stored; what kept it from counting, if anything did.
async fn take(app: &App, event: CheckInEvent) -> Result<Vec<ProcessingError>, Refusal> {
    Ok(match app.inbox.check_in(event).await? {
        Verdict::Refused(errors) => errors,
        Verdict::Accepted { .. } | Verdict::Held => Vec::new(),
    })
}

fn discard(errors: Vec<ProcessingError>) -> Vec<ProcessingError> {
    for error in &errors {
        tracing::warn!("check-in refused: {error}");
    }
    errors
}
