//! The two endpoints of check-ins: envelopes from SDKs, and a URL that any program can call.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crons_types::{ACCEPTED_BUT, CheckInId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::auth::{self, KeyPlace, Keys};
use super::body;
use crate::domain::{InvalidCheckIn, ProcessingError, ReceivedCheckIn, Verdict};
use crate::http::access::constant_time_eq;
use crate::http::error::{HttpError, with_reason};
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::ingest::{Envelope, EnvelopeError, MAX_ITEM, parse_check_in, remarks};
use crate::mask;

/// The answer to an envelope with a check-in.
#[derive(Serialize)]
struct Answer {
    /// The reason of a status other than 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The reasons why the check-in was discarded; Sentry answers 200, too, and does not say why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discarded: Vec<String>,
    /// Remarks about an accepted check-in.
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

/// Handles an envelope, whichever route it comes by.
pub async fn envelope<B>(state: &AppState, project: &str, request: Request<B>) -> Result<Response, HttpError>
where
    B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display> + Unpin,
{
    let (head, body) = request.into_parts();
    // The body is read before anything is refused: a client that is still sending does not see the answer.
    let body = body::read(&head.headers, body).await?;
    let envelope = Envelope::parse(&body)?;
    let mut keys = Keys::of_request(&head)?;
    keys.add(KeyPlace::Envelope, envelope.key.as_deref());
    let invalid_dsn =
        envelope.invalid_dsn.map(|reason| format!("the envelope's `dsn` cannot be read: {reason}"));
    keys.check(&state.public_key, auth::project(project)?)
        .map_err(|refused| HttpError::from(refused).with_notes(invalid_dsn.as_slice()))?;
    let Some(payload) = envelope.check_in else { return Ok(no_check_in(&envelope.remarks)) };
    let mut arrival = parse_check_in(payload, None);
    arrival.remark(envelope.remarks);
    let id = arrival.parsed.as_ref().map_or(CheckInId::NIL, |event| event.check_in_id);
    let taken = process(state, arrival).await?;
    let (discarded, remarks) = (texts(&taken.discarded), texts(&taken.remarks));
    let detail = taken.retry_after.map(|_| discarded.join("; "));
    let mut answer = Json(Answer { detail, discarded, remarks, id }).into_response();
    if let Some(seconds) = taken.retry_after {
        // An envelope has one check-in, so all of it is refused.
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(taken.with_reasons(answer))
}

/// Answers an envelope without a check-in: 200, with the remarks about parts that look like one.
fn no_check_in(remarks: &[String]) -> Response {
    if remarks.is_empty() {
        return Json(json!({})).into_response();
    }
    let remarks: Vec<_> = remarks.iter().map(|remark| mask::hide(remark)).collect();
    for remark in &remarks {
        // The text is quoted, so that a client cannot forge a line of the log.
        tracing::warn!(?remark, "an envelope had no check-in");
    }
    with_reason(Json(json!({ "discarded": remarks })).into_response(), &remarks.join("; "))
}

/// The parameters of the check-in URL.
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
    keys.add(KeyPlace::Path, key.as_deref());
    keys.check(&state.public_key, auth::project(&project)?)?;
    let query = QueryPairs::of(&head.uri);
    let content_type =
        head.headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    // A JSON body counts instead of the query string, as at Sentry.
    let as_json = content_type
        .as_ref()
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"))
        // A GET without a body may name a type, as some clients do.
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
    let taken = process(&state, arrival).await?;
    // The answer is 202 with an empty body in any case, as at Sentry; the reason of a refusal is in a header.
    Ok(taken.with_reasons(StatusCode::ACCEPTED.into_response()))
}

/// Converts a query string to the JSON of the same check-in, so that both are validated by the same code.
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

/// The result of a check-in, for its answer.
#[derive(Default)]
struct Taken {
    /// The reasons why the check-in was discarded.
    discarded: Vec<ProcessingError>,
    /// Remarks about an accepted check-in.
    remarks: Vec<ProcessingError>,
    /// The seconds until the monitor accepts check-ins again, after too many of them.
    retry_after: Option<u64>,
}

/// The limit in `X-Sentry-Rate-Limits`, after the seconds. No client sends in its category: a limit of the category `monitor` would stop
/// the check-ins of all monitors of the client, whose jobs would then be missed. A 429 without this header would stop everything.
const LIMIT: &str = "monitor_environment:project:monitor_env_rate_limit";
const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

/// Sends a check-in through the pipeline, also an invalid one, which is stored as a processing error.
async fn process(state: &AppState, arrival: ReceivedCheckIn) -> Result<Taken, HttpError> {
    // A malformed payload, which no SDK sends, is answered with 400; one that Sentry discards silently with 200 and the reason.
    let malformed = matches!(arrival.parsed, Err(InvalidCheckIn { malformed: true, .. }));
    let held: Vec<String> = arrival.parsed.as_ref().map(|event| event.remarks.clone()).unwrap_or_default();
    match state.inbox.check_in(arrival).await? {
        Verdict::Refused(discarded)
            if matches!(discarded.last(), Some(ProcessingError::MonitorEnvironmentRateLimited(_))) =>
        {
            // The limit counts by minutes of the clock.
            let second = state.inbox.clock().now().as_second().rem_euclid(60);
            Ok(Taken { discarded, retry_after: Some(60 - second.unsigned_abs()), ..Taken::default() })
        }
        Verdict::Refused(mut errors) if malformed => {
            // The reason is the last error; it goes first, as remarks before it may be long.
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
    /// Adds the headers with reasons and rate limit.
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
