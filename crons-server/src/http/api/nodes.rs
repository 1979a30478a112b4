//! The list of the servers on the database.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::Scope;
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::store::Duty;

/// A server on the database.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    name: String,
    started_at: Timestamp,
    /// The instant until which the server has stored what it received; `null` before it receives.
    watermark: Option<Timestamp>,
    duties: Vec<&'static str>,
    /// The names of the targets whose messages the server sends.
    targets: Vec<String>,
    is_this: bool,
    /// Whether the server has said nothing for so long that the others go on without it.
    is_gone: bool,
}

/// `GET /api/0/organizations/crons/nodes/`: the servers on a database of PostgreSQL, the one that has run longest first; on SQLite none.
///
/// # Errors
/// If the database has not answered for some seconds: the list is then of before.
pub async fn nodes(State(state): State<AppState>, _: Scope) -> Result<Json<Vec<Node>>, HttpError> {
    if !state.group.is_current() {
        return Err(HttpError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the database has not told for some seconds which servers there are",
        ));
    }
    let nodes = state.group.nodes().into_iter().map(|node| Node {
        name: node.name,
        started_at: node.started,
        watermark: node.watermark,
        duties: node.duties.into_iter().map(Duty::name).collect(),
        targets: node.targets,
        is_this: node.is_this,
        is_gone: node.is_gone,
    });
    Ok(Json(nodes.collect()))
}
