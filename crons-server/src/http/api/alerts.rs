//! The messages about incidents, with what became of them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::request::{InPath, organization};
use crate::http::error::Refusal;
use crate::http::state::App;

/// Alerts that are shown.
const ALERTS: u32 = 100;

/// `GET /api/0/organizations/crons/alerts/`: what was told, or is still to be, newest first.
pub async fn alerts(State(app): State<App>, InPath(name): InPath<String>) -> Result<Response, Refusal> {
    organization(&name)?;
    Ok(Json(app.read(|reader| reader.alerts(ALERTS)).await?).into_response())
}
