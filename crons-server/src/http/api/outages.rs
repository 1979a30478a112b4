//! The times in which the server was not receiving.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::request::{InPath, organization, since};
use crate::http::error::Refusal;
use crate::http::query::QueryPairs;
use crate::http::state::App;

/// `GET /api/0/organizations/crons/outages/`: when this server could hear nobody.
pub async fn outages(
    State(app): State<App>,
    InPath(name): InPath<String>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let since = since(&query)?.unwrap_or(Timestamp::MIN);
    let found = app.read(move |reader| reader.outages(since)).await?;
    let found: Vec<_> =
        found.iter().map(|outage| json!({"since": outage.since, "until": outage.until})).collect();
    Ok(Json(found).into_response())
}
