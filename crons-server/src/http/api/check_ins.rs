//! The list of a monitor's check-ins, and one of them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::cursor::{PAGING, links, page_request};
use super::period::{PERIOD, period};
use super::request::{self, InPath, MonitorInPath, beginning_of, no_monitor, require_monitor};
use super::shapes::CheckIn;
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::quote::quoted;
use crate::store::CheckInFilter;

/// The parameters of the list.
pub(super) const PARAMETERS: [&str; 7] =
    ["environment", "expand", PERIOD[0], PERIOD[1], PERIOD[2], PAGING[0], PAGING[1]];

#[derive(Deserialize)]
pub struct CheckInPath {
    id: String,
}

/// `GET /api/0/organizations/crons/monitors/{slug}/checkins/`
pub async fn check_ins(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&PARAMETERS)?;
    let [start, end, _] = PERIOD;
    let page = page_request(&query)?;
    let with_groups = with_groups(&query)?;
    let (since, until) = period(&query, state.inbox.clock().now())?;
    let environments: Vec<String> = query.values("environment")?.into_iter().map(str::to_owned).collect();
    // The instants are in the links, so that later pages are of the same stretch of time.
    let instant = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    let mut same_query = vec![
        ("per_page", Some(page.limit.to_string())),
        (start, instant(since)),
        (end, instant(until)),
        ("expand", with_groups.then(|| GROUPS.to_owned())),
    ];
    same_query.extend(environments.iter().map(|name| ("environment", Some(name.clone()))));
    let (wanted, filter) = (slug.clone(), CheckInFilter { environments, since, until });
    let found = state.read(move |queries| queries.check_ins(&wanted, &filter, page)).await?;
    let found = found.ok_or_else(|| no_monitor(&slug))?;
    let links = links(&format!("monitors/{slug}/checkins/"), &same_query, page, found.more);
    let shown = found.items.iter().map(|view| CheckIn::with(view, with_groups));
    Ok((links, Json(shown.collect::<Vec<_>>())).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/checkins/{id}/`
pub async fn check_in(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    InPath(CheckInPath { id }): InPath<CheckInPath>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&["expand"])?;
    let with_groups = with_groups(&query)?;
    let guid = request::id(&id, "the id of a check-in from /monitors/{slug}/checkins/")?;
    let wanted = slug.clone();
    let found = state.read(move |queries| queries.check_in(&wanted, guid)).await?;
    let Some(found) = found else {
        require_monitor(&state, &slug).await?;
        return Err(HttpError::not_found(format!(
            "monitor {} has no check-in {}; /monitors/{{slug}}/checkins/ lists those that it has",
            paths::named(&slug),
            beginning_of(guid)
        )));
    };
    Ok(Json(CheckIn::with(&found, with_groups)).into_response())
}

/// The only value of `expand`.
const GROUPS: &str = "groups";

/// Returns whether the query asks for `expand=groups`.
fn with_groups(query: &QueryPairs) -> Result<bool, HttpError> {
    let values = query.values("expand")?;
    match values.iter().find(|value| **value != GROUPS) {
        None => Ok(!values.is_empty()),
        Some(other) => {
            let other = quoted(other);
            Err(HttpError::bad_request(format!(
                "expand: {other} is not allowed; write `{GROUPS}`, or leave it out"
            )))
        }
    }
}
