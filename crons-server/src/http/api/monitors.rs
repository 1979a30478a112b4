//! Monitors with their environments: the list, and one of them.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::cursor::{links, page_request};
use super::request::{MonitorInPath, Scope, no_monitor};
use super::revision::etag;
use super::shapes::Monitor;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// `GET /api/0/organizations/crons/monitors/`
pub async fn monitors(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let page = page_request(&query)?;
    let found = state.read(move |queries| queries.monitors(page)).await?;
    let links = links("monitors/", &[("per_page", Some(page.limit.to_string()))], page, found.more);
    Ok((links, Json(found.items.iter().map(Monitor::from).collect::<Vec<_>>())).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/`
pub async fn monitor(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
) -> Result<Response, HttpError> {
    show(&state, slug).await
}

/// Answers with a monitor, and its revision as `ETag`.
pub(super) async fn show(state: &AppState, slug: String) -> Result<Response, HttpError> {
    let wanted = slug.clone();
    let found = state.read(move |queries| queries.monitor(&wanted)).await?;
    let found = found.ok_or_else(|| no_monitor(&slug))?;
    Ok(([(header::ETAG, etag(&found))], Json(Monitor::from(&found))).into_response())
}
