//! The two ways in: an envelope from an SDK, and a URL that anything can call.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crons_types::{ACCEPTED_BUT, CheckInId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::auth::{self, AuthError};
use super::body;
use super::envelope::{Envelope, EnvelopeError, MAX_ITEM};
use super::payload::parse_check_in;
use super::remarks;
use crate::lifecycle::{Arrival, Fault, ProcessingError, Verdict};
use crate::refusal::{Refusal, with_reason};
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

/// What is said to an envelope with a check-in.
#[derive(Serialize)]
struct Answer {
    /// Sentry answers 200 and drops it; we answer the same, but say so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discarded: Vec<String>,
    /// Remarks about what was not taken as it was sent, though the check-in counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    id: CheckInId,
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::new(StatusCode::FORBIDDEN, error.message())
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        let status =
            if error.is_too_large() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        Self::new(status, error.to_string())
    }
}

/// `POST /api/{project}/envelope/`
pub async fn envelope_endpoint(
    State(app): State<App>,
    project: Result<Path<u64>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    envelope(&app, project, request).await
}

/// The same, by whatever way it comes.
pub async fn envelope<B>(
    app: &App,
    project: Result<Path<u64>, PathRejection>,
    request: Request<B>,
) -> Result<Response, Refusal>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let (head, body) = request.into_parts();
    // First of all: a client that is still sending does not see why it is refused.
    let body = body::read(body).await?;
    let Path(project) = project?;
    let Query(query) = Query::<IngestQuery>::try_from_uri(&head.uri)?;
    let envelope = Envelope::parse(&body)?;
    let key = auth::from_headers(&head.headers);
    auth::check(
        [key.as_deref(), query.sentry_key.as_deref(), envelope.key.as_deref()],
        &app.public_key,
        project,
    )?;
    let Some(payload) = envelope.check_in else { return Ok(Json(json!({})).into_response()) };
    let arrival = parse_check_in(payload, None);
    let id = arrival.content.as_ref().map_or(CheckInId::NIL, |event| event.check_in_id);
    let taken = take(app, arrival).await?;
    let (discarded, remarks) = (texts(&taken.discarded), texts(&taken.remarks));
    Ok(taken.with_reasons(Json(Answer { discarded, remarks, id }).into_response()))
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
    path: Result<Path<CronPath>, PathRejection>,
    query: Result<Query<IngestQuery>, QueryRejection>,
    RawQuery(raw_query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let body = body::read(body).await?;
    let (Path(CronPath { project, slug, key }), Query(query)) = (path?, query?);
    let header_key = auth::from_headers(&headers);
    auth::check(
        [key.as_deref(), header_key.as_deref(), query.sentry_key.as_deref()],
        &app.public_key,
        project,
    )?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // With a JSON body the query string does not count, and the other way round, as at Sentry.
    let as_json = method == Method::POST
        && content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"));
    if as_json && body.len() > MAX_ITEM {
        return Err(EnvelopeError::TooLarge(body.len()).into());
    }
    let unread = remarks::of_url(raw_query.as_deref().unwrap_or_default(), as_json, body.len());
    let payload = if as_json { body } else { from_query(&query)? };
    let mut arrival = parse_check_in(&payload, Some(&slug));
    arrival.remark(unread);
    // As at Sentry: 202 and an empty body, whatever becomes of it. But the reason is in a header.
    Ok(take(&app, arrival).await?.with_reasons(StatusCode::ACCEPTED.into_response()))
}

/// `HEAD` of the same: whoever looks does not check in.
pub async fn no_head() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

/// The query string as the JSON that would say the same, so that both are judged alike.
fn from_query(query: &IngestQuery) -> Result<Vec<u8>, Refusal> {
    let Some(status) = &query.status else {
        return Err(Refusal::bad_request("there is no status: call with ?status=in_progress, ok or error"));
    };
    let mut payload = json!({ "status": status });
    if let Some(id) = &query.check_in_id {
        payload["check_in_id"] = json!(id);
    }
    if let Some(environment) = &query.environment {
        payload["environment"] = json!(environment);
    }
    if let Some(duration) = &query.duration {
        let seconds = duration.parse().ok().filter(|seconds: &f64| seconds.is_finite()).ok_or_else(|| {
            Refusal::bad_request(format!("duration: {duration:?} is no number of seconds, such as 1.5"))
        })?;
        payload["duration"] = json!(seconds);
    }
    Ok(payload.to_string().into_bytes())
}

/// The answer to a check-in.
#[derive(Default)]
struct Taken {
    /// Reasons why the check-in does not count.
    discarded: Vec<ProcessingError>,
    /// Remarks about what was not taken as it was sent, though the check-in counts.
    remarks: Vec<ProcessingError>,
}

/// Has it stored, also if it is no check-in.
async fn take(app: &App, arrival: Arrival) -> Result<Taken, Refusal> {
    // What no SDK sends gets a plain answer; what Sentry answers yes to and drops, gets that and the reason.
    let malformed = matches!(arrival.content, Err(Fault { malformed: true, .. }));
    let held = arrival.content.as_ref().map(|event| event.remarks.clone()).unwrap_or_default();
    match app.inbox.check_in(arrival).await? {
        Verdict::Refused(errors) if malformed => {
            Err(Refusal::bad_request(format!("malformed check-in: {}", texts(&errors).join("; "))))
        }
        Verdict::Refused(discarded) => Ok(Taken { discarded, remarks: Vec::new() }),
        Verdict::Accepted { noted: remarks, .. } => Ok(Taken { discarded: Vec::new(), remarks }),
        Verdict::Held => {
            let remarks = held.into_iter().map(ProcessingError::CheckInValidationFailed).collect();
            Ok(Taken { discarded: Vec::new(), remarks })
        }
    }
}

impl Taken {
    /// Adds a header with the reasons, if there are any.
    fn with_reasons(&self, answer: Response) -> Response {
        match (self.discarded.as_slice(), self.remarks.as_slice()) {
            ([], []) => answer,
            ([], remarks) => with_reason(answer, &format!("{ACCEPTED_BUT}{}", texts(remarks).join("; "))),
            (discarded, _) => with_reason(answer, &texts(discarded).join("; ")),
        }
    }
}

fn texts(errors: &[ProcessingError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}
