//! Ingest routes of Relay without check-ins: events, security reports, minidumps, attachments, traces.
//!
//! An SDK with this server's DSN sends those, too. They need the public key and are answered as by Relay; nothing of them is stored.

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

use super::auth::{self, KeyPlace, Keys};
use super::{body, endpoints};
use crate::http::error::HttpError;
use crate::http::state::AppState;

/// The parameters of the path by name; they depend on the route.
type Parameters = Result<Path<HashMap<String, String>>, PathRejection>;

/// `POST /api/{project}/store/`: an event, or an envelope.
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
    authenticate(&state, path, &head)?;
    // An event that cannot be read is accepted, too, since events are discarded.
    let id = body.ok().and_then(|event| event_id(&event));
    let id = id.map_or_else(|| Uuid::new_v4().simple().to_string(), |id| id.to_string());
    Ok(Json(json!({ "id": id })).into_response())
}

/// `GET /api/{project}/store/`: an event of an old SDK for browsers, which expects an image as the answer.
pub async fn store_pixel(
    State(state): State<AppState>,
    path: Parameters,
    request: Request,
) -> Result<Response, HttpError> {
    /// A transparent pixel.
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

/// OpenTelemetry: the answer is the empty message, which means full success, in the format of the request.
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
    authenticate(state, path, &head)
}

/// Rejects a request without the public key.
fn authenticate(state: &AppState, path: Parameters, head: &Parts) -> Result<(), HttpError> {
    let Path(path) = path?;
    let mut keys = Keys::of_request(head)?;
    keys.add(KeyPlace::Path, path.get("key").map(String::as_str));
    keys.check(&state.public_key, auth::project(project(&path))?)?;
    tracing::debug!("this server keeps check-ins only; what came over a route for other data was not kept");
    Ok(())
}

/// The project of a path; the route of the oldest SDKs has none.
fn project(path: &HashMap<String, String>) -> &str {
    const ONLY: &str = "1";
    path.get("project").map_or(ONLY, String::as_str)
}

/// The id of an event.
fn event_id(event: &[u8]) -> Option<CheckInId> {
    #[derive(Deserialize)]
    struct Event {
        event_id: String,
    }
    serde_json::from_slice::<Event>(event).ok()?.event_id.parse().ok()
}
