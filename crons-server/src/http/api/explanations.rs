//! Explains why a run or an incident has its status.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::request::{self, InPath, beginning_of, organization};
use crate::domain::{Explanation, ExplanationJson};
use crate::http::error::HttpError;
use crate::http::state::AppState;

/// `GET /api/0/organizations/crons/explanations/{id}/`: the explanation of a check-in or an incident.
pub async fn explanation(
    State(state): State<AppState>,
    InPath((name, id)): InPath<(String, String)>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let explanation = derive(&state, &id).await?;
    Ok(Json(ExplanationJson::from(&explanation)).into_response())
}

/// Explains the status of the check-in or the incident with the id `written`.
///
/// # Errors
/// 400 if `written` is no UUID, 404 if no check-in and no incident has this id.
pub(crate) async fn derive(state: &AppState, written: &str) -> Result<Explanation, HttpError> {
    let id = request::id(written, "the id of a check-in or an incident from the API, an alert or a page")?;
    let found = state.read(move |queries| queries.explained(id)).await?;
    let found = found.ok_or_else(|| {
        let beginning = beginning_of(id);
        HttpError::not_found(format!(
            "there is no check-in and no incident {beginning}; it may have been deleted, or is too old to be kept"
        ))
    })?;
    Ok(found.explanation())
}
