//! Payloads that were refused, or not taken as they were sent.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::request::{InPath, known, organization};
use crate::http::error::Refusal;
use crate::http::state::App;

/// `GET /api/0/organizations/crons/processing-errors/`: of payloads that are for no monitor, and rows that cannot be read.
pub async fn refused(State(app): State<App>, InPath(name): InPath<String>) -> Result<Response, Refusal> {
    organization(&name)?;
    let found = app.read(|reader| reader.refused(None)).await?;
    Ok(Json(found).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/processing-errors/`
pub async fn refused_of(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    known(&app, &slug).await?;
    let found = app.read(move |reader| reader.refused(Some(&slug))).await?;
    Ok(Json(found).into_response())
}
