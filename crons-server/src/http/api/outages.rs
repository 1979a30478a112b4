//! The list of times in which the server was not receiving.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::Scope;
use super::since_query::SinceQuery;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

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
    let asked = SinceQuery::read(&query)?;
    let (since, page) = (asked.since(), asked.page);
    let found = state.read(move |queries| queries.outages(since, page)).await?;
    let shown: Vec<_> =
        found.items.iter().map(|outage| Outage { since: outage.since, until: outage.until }).collect();
    Ok((asked.links("outages/", found.more), Json(shown)).into_response())
}
