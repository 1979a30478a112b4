//! Monitors with their environments: the list, and one of them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::cursor::{links, page_request};
use super::request::{InPath, no_monitor, organization};
use super::shapes::Monitor;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// `GET /api/0/organizations/crons/monitors/`
pub async fn monitors(
    State(state): State<AppState>,
    InPath(name): InPath<String>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let page = page_request(&query)?;
    let found = state.read(move |queries| queries.monitors(page)).await?;
    let links = links("monitors/", &[("per_page", Some(page.limit.to_string()))], page, found.more);
    Ok((links, Json(found.items.iter().map(Monitor::from).collect::<Vec<_>>())).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/`
pub async fn monitor(
    State(state): State<AppState>,
    InPath((name, slug)): InPath<(String, String)>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let wanted = slug.clone();
    let found = state.read(move |queries| queries.monitor(&wanted)).await?;
    let found = found.ok_or_else(|| no_monitor(&slug))?;
    Ok(Json(Monitor::from(&found)).into_response())
}
