//! The list of a monitor's check-ins.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::cursor::{links, page_request};
use super::request::{MonitorInPath, no_monitor};
use super::shapes::CheckIn;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// `GET /api/0/organizations/crons/monitors/{slug}/checkins/`
pub async fn check_ins(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let page = page_request(&query)?;
    let environment = query.value("environment")?.map(str::to_owned);
    let (wanted, of) = (slug.clone(), environment.clone());
    let found = state.read(move |queries| queries.check_ins(&wanted, of.as_deref(), page)).await?;
    let found = found.ok_or_else(|| no_monitor(&slug))?;
    let same_query = [("per_page", Some(page.limit.to_string())), ("environment", environment)];
    let links = links(&format!("monitors/{slug}/checkins/"), &same_query, page, found.more);
    Ok((links, Json(found.items.iter().map(CheckIn::from).collect::<Vec<_>>())).into_response())
}
