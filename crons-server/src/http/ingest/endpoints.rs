//! The two ways in: an envelope from an SDK, and a URL that anything can call.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crons_types::{ACCEPTED_BUT, CheckInId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::auth::{self, Keys, Place};
use super::body;
use crate::domain::{InvalidCheckIn, ProcessingError, ReceivedCheckIn, Verdict};
use crate::http::access::constant_time_eq;
use crate::http::error::{HttpError, with_reason};
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::ingest::{Envelope, EnvelopeError, MAX_ITEM, parse_check_in, remarks};
use crate::mask;

/// What is said to an envelope with a check-in.
#[derive(Serialize)]
struct Answer {
    /// The reason, where the status says that the check-in was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Sentry answers 200 and drops it; we answer the same, but say so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discarded: Vec<String>,
    /// Remarks about what was not taken as it was sent, though the check-in counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    id: CheckInId,
}

impl From<EnvelopeError> for HttpError {
    fn from(error: EnvelopeError) -> Self {
        let status =
            if error.is_too_large() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        Self::new(status, error.to_string())
    }
}

/// `POST /api/{project}/envelope/`
pub async fn envelope_endpoint(
    State(state): State<AppState>,
    project: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, HttpError> {
    let Path(project) = project?;
    envelope(&state, &project, request).await
}

/// The same, by whatever way it comes.
pub async fn envelope<B>(state: &AppState, project: &str, request: Request<B>) -> Result<Response, HttpError>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let (head, body) = request.into_parts();
    // First of all: a client that is still sending does not see why it is refused.
    let body = body::read(&head.headers, body).await?;
    let envelope = Envelope::parse(&body)?;
    let mut keys = Keys::of_request(&head)?;
    keys.add(Place::Envelope, envelope.key.as_deref());
    let invalid_dsn =
        envelope.invalid_dsn.map(|reason| format!("the envelope's `dsn` cannot be read: {reason}"));
    keys.check(&state.public_key, auth::project(project)?)
        .map_err(|refused| HttpError::from(refused).with_notes(invalid_dsn.as_slice()))?;
    let Some(payload) = envelope.check_in else { return Ok(no_check_in(&envelope.remarks)) };
    let mut arrival = parse_check_in(payload, None);
    arrival.remark(envelope.remarks);
    let id = arrival.parsed.as_ref().map_or(CheckInId::NIL, |event| event.check_in_id);
    let taken = take(state, arrival).await?;
    let (discarded, remarks) = (texts(&taken.discarded), texts(&taken.remarks));
    let detail = taken.retry_after.map(|_| discarded.join("; "));
    let mut answer = Json(Answer { detail, discarded, remarks, id }).into_response();
    if let Some(seconds) = taken.retry_after {
        // Of an envelope with one check-in, all is refused.
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(taken.with_reasons(answer))
}

/// Answers an envelope without a check-in: 200, as any other; with the reason, if one was meant.
fn no_check_in(remarks: &[String]) -> Response {
    if remarks.is_empty() {
        return Json(json!({})).into_response();
    }
    let remarks: Vec<_> = remarks.iter().map(|remark| mask::hide(remark)).collect();
    for remark in &remarks {
        // Quoted: what a client sends must not look like a line of ours.
        tracing::warn!(?remark, "an envelope had no check-in");
    }
    with_reason(Json(json!({ "discarded": remarks })).into_response(), &remarks.join("; "))
}

/// The path of the second way, with the key in it or not.
#[derive(Debug, Deserialize)]
pub struct CronPath {
    project: String,
    slug: String,
    key: Option<String>,
}

/// `GET` and `POST /api/{project}/cron/{slug}[/{key}][/]`
pub async fn cron(
    State(state): State<AppState>,
    path: Result<Path<CronPath>, PathRejection>,
    request: Request,
) -> Result<Response, HttpError> {
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body).await?;
    let Path(CronPath { project, slug, key }) = path?;
    let mut keys = Keys::of_request(&head)?;
    if key.is_none() && constant_time_eq(slug.as_bytes(), state.public_key.as_bytes()) {
        return Err(HttpError::bad_request(
            "monitor_slug: the path has the key in its place; call /api/1/cron/{slug}/{key}/",
        ));
    }
    keys.add(Place::Path, key.as_deref());
    keys.check(&state.public_key, auth::project(&project)?)?;
    let query = QueryPairs::of(&head.uri);
    let content_type =
        head.headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    // With a JSON body the query string does not count, and the other way round, as at Sentry.
    let as_json = content_type
        .as_ref()
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"))
        // Some clients name a type also where they send nothing.
        && (head.method == Method::POST || !body.is_empty());
    if as_json && body.len() > MAX_ITEM {
        return Err(EnvelopeError::TooLarge(body.len()).into());
    }
    let unread =
        remarks::of_url(head.uri.query().unwrap_or_default(), as_json, body.len(), content_type.as_deref());
    let payload =
        if as_json { body } else { from_query(&query).map_err(|refused| refused.with_notes(&unread))? };
    let mut arrival = parse_check_in(&payload, Some(&slug));
    arrival.remark(unread);
    let taken = take(&state, arrival).await?;
    // As at Sentry: 202 and an empty body, whatever becomes of it. But the reason is in a header.
    Ok(taken.with_reasons(StatusCode::ACCEPTED.into_response()))
}

/// The query string as the JSON that would say the same, so that both are judged alike.
fn from_query(query: &QueryPairs) -> Result<Vec<u8>, HttpError> {
    let Some(status) = query.value("status")? else {
        return Err(HttpError::bad_request(
            "status: it is missing in the query string; call with ?status=in_progress, ok or error",
        ));
    };
    let mut payload = json!({ "status": status });
    for name in ["check_in_id", "environment"] {
        if let Some(value) = query.value(name)? {
            payload[name] = json!(value);
        }
    }
    if let Some(duration) = query.value("duration")? {
        let seconds = duration.parse().ok().filter(|seconds: &f64| seconds.is_finite()).ok_or_else(|| {
            HttpError::bad_request(format!(
                "duration: {} is no number of seconds; write one such as 1.5, or leave it out",
                crate::quote::quoted(duration)
            ))
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
    /// Seconds until the monitor's next check-in is taken, if there were too many.
    retry_after: Option<u64>,
}

/// The limit that was reached, as `X-Sentry-Rate-Limits` writes it behind the seconds. Its category is one that no client
/// sends in: a client takes a limit of the category `monitor` for one of all its monitors, and those of other jobs would be
/// missed. Clients heed a 429 without this header as a limit of everything.
const LIMIT: &str = "monitor_environment:project:monitor_env_rate_limit";
const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

/// Has it stored, also if it is no check-in.
async fn take(state: &AppState, arrival: ReceivedCheckIn) -> Result<Taken, HttpError> {
    // What no SDK sends gets a plain answer; what Sentry answers yes to and drops, gets that and the reason.
    let malformed = matches!(arrival.parsed, Err(InvalidCheckIn { malformed: true, .. }));
    let held: Vec<String> = arrival.parsed.as_ref().map(|event| event.remarks.clone()).unwrap_or_default();
    match state.inbox.check_in(arrival).await? {
        Verdict::Refused(discarded)
            if matches!(discarded.last(), Some(ProcessingError::MonitorEnvironmentRateLimited(_))) =>
        {
            // Counted by the minute of the clock.
            let second = state.inbox.clock().now().as_second().rem_euclid(60);
            Ok(Taken { discarded, retry_after: Some(60 - second.unsigned_abs()), ..Taken::default() })
        }
        Verdict::Refused(mut errors) if malformed => {
            // The reason is the last one of them, and remarks may be long.
            let reason = errors.len().min(1);
            errors.rotate_right(reason);
            Err(HttpError::bad_request(format!("malformed check-in: {}", texts(&errors).join("; "))))
        }
        Verdict::Refused(discarded) => Ok(Taken { discarded, ..Taken::default() }),
        Verdict::Accepted { warnings: remarks, .. } => Ok(Taken { remarks, ..Taken::default() }),
        Verdict::Deferred => {
            let remarks = held.iter().map(|remark| mask::hide(remark).into_owned());
            let remarks = remarks.map(ProcessingError::CheckInValidationFailed).collect();
            Ok(Taken { remarks, ..Taken::default() })
        }
    }
}

impl Taken {
    /// Adds headers with the reasons and with the limit that was reached, if there are any.
    fn with_reasons(&self, mut answer: Response) -> Response {
        if let Some(seconds) = self.retry_after
            && let Ok(limit) = HeaderValue::from_str(&format!("{seconds}:{LIMIT}"))
        {
            answer.headers_mut().insert(RATE_LIMITS, limit);
        }
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
