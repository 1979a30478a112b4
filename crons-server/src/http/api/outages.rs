//! The list of times in which the server was not receiving.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::{PAGING, links, page_request};
use super::request::{Scope, instant};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// The parameters of the list.
pub(super) const PARAMETERS: [&str; 3] = ["since", PAGING[0], PAGING[1]];

#[derive(Serialize, ToSchema)]
pub(super) struct Outage {
    since: Timestamp,
    until: Timestamp,
}

/// `GET /api/0/organizations/crons/outages/`: outages that ended after `?since=`, oldest first.
pub async fn outages(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&PARAMETERS)?;
    let page = page_request(&query)?;
    let since = instant(&query, "since")?;
    let from = since.unwrap_or(Timestamp::MIN);
    let found = state.read(move |queries| queries.outages(from, page)).await?;
    let shown: Vec<_> =
        found.items.iter().map(|outage| Outage { since: outage.since, until: outage.until }).collect();
    let same_query =
        [("per_page", Some(page.limit.to_string())), ("since", since.map(|since| since.to_string()))];
    Ok((links("outages/", &same_query, page, found.more), Json(shown)).into_response())
}
