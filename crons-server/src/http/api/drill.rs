//! Starts a drill of the alert path.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::{InPath, organization};
use crate::http::authority::Authority;
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::pipeline::Task;

/// A drill that has begun.
#[derive(Serialize, ToSchema)]
pub(super) struct StartedDrill {
    /// The id by which `/alerts/?incident=` lists its messages.
    id: Uuid,
    /// The number of its messages, one for each target that rules or the digest name.
    targets: usize,
}

/// `POST /api/0/organizations/crons/alerts/drill/`: stores a test message for each target that rules or the digest name. They are sent as all
/// others.
pub async fn drill(
    State(state): State<AppState>,
    Extension(authority): Extension<Authority>,
    InPath(name): InPath<String>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    authority.require_admin("start a drill")?;
    let id = Uuid::new_v4();
    let targets = state.inbox.task(Task::Drill(id)).await?.new_alerts;
    if targets == 0 {
        return Err(HttpError::new(
            StatusCode::CONFLICT,
            "neither a rule nor the digest names a target, so nothing is ever sent; add a table such as [webhook.ops] and an [[alert]] with to = [\"ops\"]",
        ));
    }
    tracing::info!(%id, targets, "a drill of the alert path has begun");
    Ok((StatusCode::ACCEPTED, Json(StartedDrill { id, targets })).into_response())
}
