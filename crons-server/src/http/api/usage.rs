//! The lists of counts of check-ins by the hour.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::{PAGING, links, page_request};
use super::request::{MonitorInPath, Scope, instant, require_monitor};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::UsageView;

/// The earliest `since` for all monitors at once: there are as many rows as hours times monitors.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The start of the list if the query does not say.
const DEFAULT_AGE: SignedDuration = SignedDuration::from_hours(24);

/// The parameters of both lists.
pub(super) const PARAMETERS: [&str; 3] = ["since", PAGING[0], PAGING[1]];

#[derive(Serialize, ToSchema)]
pub(super) struct Usage<'a> {
    hour: Timestamp,
    monitor: Option<&'a str>,
    outcome: &'a str,
    reason: Option<&'a str>,
    count: u32,
}

/// `GET /api/0/organizations/crons/usage/`
pub async fn usage(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let since = since(&query, &state)?;
    if state.inbox.clock().now().duration_since(since) > MAX_AGE {
        return Err(HttpError::bad_request(format!(
            "since: {since} is more than 7 days ago; ask for one monitor, or for less"
        )));
    }
    list(&state, None, since, &query).await
}

/// `GET /api/0/organizations/crons/monitors/{slug}/usage/`
pub async fn usage_of(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let since = since(&query, &state)?;
    require_monitor(&state, &slug).await?;
    list(&state, Some(slug), since, &query).await
}

/// The start of the list: a day ago if the query does not say.
fn since(query: &QueryPairs, state: &AppState) -> Result<Timestamp, HttpError> {
    query.only(&PARAMETERS)?;
    let day_ago = || state.inbox.clock().now().checked_sub(DEFAULT_AGE).unwrap_or(Timestamp::MIN);
    Ok(instant(query, "since")?.unwrap_or_else(day_ago))
}

async fn list(
    state: &AppState,
    slug: Option<String>,
    since: Timestamp,
    query: &QueryPairs,
) -> Result<Response, HttpError> {
    let page = page_request(query)?;
    let path = slug.as_ref().map_or("usage/".to_owned(), |slug| format!("monitors/{slug}/usage/"));
    let found = state.read(move |queries| queries.usage(slug.as_deref(), since, page)).await?;
    // The instant is in the links, so that later pages are of the same list.
    let same_query = [("per_page", Some(page.limit.to_string())), ("since", Some(since.to_string()))];
    let links = links(&path, &same_query, page, found.more);
    Ok((links, Json(found.items.iter().map(Usage::from).collect::<Vec<_>>())).into_response())
}

impl<'a> From<&'a UsageView> for Usage<'a> {
    fn from(view: &'a UsageView) -> Self {
        Self {
            hour: view.hour,
            monitor: view.monitor.as_deref(),
            outcome: &view.outcome,
            reason: view.reason.as_deref(),
            count: view.count,
        }
    }
}
