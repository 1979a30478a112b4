//! The list of monitors with their environments, and a single monitor.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::cursor::{links, page_request};
use super::monitor_query::MonitorQuery;
use super::request::{MonitorInPath, Scope, no_monitor, project};
use super::revision::etag;
use super::shapes::Monitor;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::{MonitorView, PageRequest, Queries, StoreError};

/// `GET /api/0/organizations/crons/monitors/`
pub async fn monitors(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let page = page_request(&query)?;
    let query = MonitorQuery::of_query(&query)?;
    let mut same_query = query.written.clone();
    same_query.push(("per_page", Some(page.limit.to_string())));
    let (found, more) = state.read(move |queries| page_of(queries, &query, page)).await?;
    let links = links("monitors/", &same_query, page, more);
    let shown = found.iter().map(|(view, environments)| Monitor::with(view, environments));
    Ok((links, Json(shown.collect::<Vec<_>>())).into_response())
}

/// A monitor, and the names of its environments that the answer shows; all if there are none.
type Shown = (MonitorView, Vec<String>);

/// The monitors of a page of the list, and whether the list goes on behind it.
fn page_of(
    queries: &dyn Queries,
    query: &MonitorQuery,
    PageRequest { skip, limit }: PageRequest,
) -> Result<(Vec<Shown>, bool), StoreError> {
    let all = query.apply(queries.summaries()?);
    let (skip, limit) = (skip as usize, limit as usize);
    let more = all.len() > skip.saturating_add(limit);
    let slugs: Vec<String> = all.into_iter().skip(skip).take(limit).collect();
    let mut views: HashMap<String, MonitorView> = queries
        .monitors_named(&slugs)?
        .into_iter()
        .map(|view| (view.monitor.slug.to_string(), view))
        .collect();
    let in_order = slugs.iter().filter_map(|slug| views.remove(slug));
    Ok((in_order.map(|view| (view, query.environments.clone())).collect(), more))
}

/// The parameters of one monitor.
pub(super) const MONITOR_PARAMETERS: [&str; 2] = ["environment", "project"];

/// `GET /api/0/organizations/crons/monitors/{slug}/`, with `?environment=` once or more often only with these environments.
pub async fn monitor(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&MONITOR_PARAMETERS)?;
    for named in query.values("project")? {
        project(named)?;
    }
    let environments: Vec<String> = query.values("environment")?.into_iter().map(str::to_owned).collect();
    answer(&state, slug, &environments).await
}

/// Answers with a monitor, and its revision as `ETag`.
pub(super) async fn show(state: &AppState, slug: String) -> Result<Response, HttpError> {
    answer(state, slug, &[]).await
}

async fn answer(state: &AppState, slug: String, environments: &[String]) -> Result<Response, HttpError> {
    let wanted = slug.clone();
    let found = state.read(move |queries| queries.monitor(&wanted)).await?;
    let found = found.ok_or_else(|| no_monitor(&slug))?;
    Ok(([(header::ETAG, etag(&found))], Json(Monitor::with(&found, environments))).into_response())
}
