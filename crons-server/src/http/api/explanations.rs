//! Derivations: why a run or an incident came to its status.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::request::{InPath, organization};
use crate::domain::{Explanation, ExplanationJson};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::state::AppState;

/// `GET /api/0/organizations/crons/explanations/{id}/`: of a check-in or of an incident.
pub async fn explanation(
    State(state): State<AppState>,
    InPath((name, id)): InPath<(String, String)>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let explanation = derive(&state, &id).await?;
    Ok(Json(ExplanationJson::from(&explanation)).into_response())
}

/// Derives the status of the check-in or the incident with an id as it was written.
///
/// # Errors
/// 400 if that is no UUID, 404 if nothing has this id.
pub(crate) async fn derive(state: &AppState, written: &str) -> Result<Explanation, HttpError> {
    let id: Uuid = written.parse().map_err(|_| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "id: {} is no UUID; take the id of a check-in or an incident from the API, an alert or a page",
            paths::named(&written)
        ))
    })?;
    let found = state.read(move |queries| queries.explained(id)).await?;
    let found = found.ok_or_else(|| {
        // The first digits are enough to recognise an id; the whole may be a key.
        let beginning: String = id.hyphenated().to_string().chars().take(8).collect();
        HttpError::not_found(format!(
            "there is no check-in and no incident {beginning}-…; it may have been deleted, or is too old to be kept"
        ))
    })?;
    Ok(found.explanation())
}
