//! Ingest routes of Relay that carry no check-ins: events, security reports, minidumps, attachments, traces.
//!
//! A program that has been pointed here with its whole SDK sends those too. They need the key, as everything does, and are
//! answered as Relay answers them; nothing of them is kept.

use std::collections::HashMap;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crons_types::CheckInId;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::auth::{self, Keys, Place};
use super::{body, endpoints};
use crate::http::error::HttpError;
use crate::http::state::AppState;

/// Parts of the path by their names; which there are depends on the route.
type Parameters = Result<Path<HashMap<String, String>>, PathRejection>;

/// `POST /api/{project}/store/`: an event; envelopes may come here too.
pub async fn store(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    const ENVELOPE: &str = "application/x-sentry-envelope";
    let content_type = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if content_type.is_some_and(|value| value.starts_with(ENVELOPE.as_bytes())) {
        let Path(path) = path?;
        return endpoints::envelope(&state, project(&path), request).await;
    }
    let (head, body) = request.into_parts();
    let body = body::read(&head.headers, body).await;
    admit(&state, path, &head)?;
    // An event that cannot be read is taken all the same: it is not what this server is for.
    let id = body.ok().and_then(|event| event_id(&event));
    let id = id.map_or_else(|| Uuid::new_v4().simple().to_string(), |id| id.to_string());
    Ok(Json(json!({ "id": id })).into_response())
}

/// `GET /api/{project}/store/`: an event of an old SDK for browsers, which waits for an image.
pub async fn store_pixel(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    /// One transparent pixel.
    const GIF: &[u8] =
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\
        \x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
    discard(&state, path, request).await?;
    Ok(([(header::CONTENT_TYPE, "image/gif")], GIF).into_response())
}

/// Security and network reports of browsers, logs of integrations: an empty answer.
pub async fn report(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    discard(&state, path, request).await?;
    Ok(StatusCode::OK.into_response())
}

/// Crash reports: the answer is the id of the event, as text.
pub async fn crash(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    discard(&state, path, request).await?;
    Ok(Uuid::new_v4().hyphenated().to_string().into_response())
}

/// `POST /api/{project}/events/{event}/attachments/`
pub async fn attachments(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    discard(&state, path, request).await?;
    Ok(StatusCode::CREATED.into_response())
}

/// OpenTelemetry: the empty message that means "all of it was taken", in the form of the request.
pub async fn otlp(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_json = content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    discard(&state, path, request).await?;
    if is_json {
        return Ok(Json(json!({})).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/x-protobuf")], "").into_response())
}

async fn discard(state: &AppState, path: Parameters, request: Request) -> Result<(), HttpError> {
    let (head, body) = request.into_parts();
    body::discard(body).await?;
    admit(state, path, &head)
}

/// Refuses a request without the key.
fn admit(state: &AppState, path: Parameters, head: &Parts) -> Result<(), HttpError> {
    let Path(path) = path?;
    let mut keys = Keys::of_request(head)?;
    keys.add(Place::Path, path.get("key").map(String::as_str));
    keys.check(&state.public_key, auth::project(project(&path))?)?;
    tracing::debug!("this server keeps check-ins only; what came over a route for other data was not kept");
    Ok(())
}

/// The project of a path; there is one route without, of the oldest SDKs.
fn project(path: &HashMap<String, String>) -> &str {
    const ONLY: &str = "1";
    path.get("project").map_or(ONLY, String::as_str)
}

/// The id that an event has given itself.
fn event_id(event: &[u8]) -> Option<CheckInId> {
    #[derive(Deserialize)]
    struct Event {
        event_id: String,
    }
    serde_json::from_slice::<Event>(event).ok()?.event_id.parse().ok()
}
