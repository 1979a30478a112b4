//! The lists of payloads that were refused, or accepted with remarks.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::{MonitorInPath, Scope, require_monitor};
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::store::ProcessingErrorsView;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProcessingErrors<'a> {
    date_received: Timestamp,
    payload: &'a str,
    accepted: bool,
    errors: Vec<ProcessingError<'a>>,
}

/// An error with Sentry's name for it, such as `CHECKIN_VALIDATION_FAILED`.
#[derive(Serialize, ToSchema)]
struct ProcessingError<'a> {
    r#type: &'a str,
    message: &'a str,
}

/// `GET /api/0/organizations/crons/processing-errors/`: of payloads for no known monitor, and rows that cannot be read.
pub async fn processing_errors(State(state): State<AppState>, _: Scope) -> Result<Response, HttpError> {
    list(&state, None).await
}

/// `GET /api/0/organizations/crons/monitors/{slug}/processing-errors/`
pub async fn processing_errors_of(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
) -> Result<Response, HttpError> {
    require_monitor(&state, &slug).await?;
    list(&state, Some(slug)).await
}

async fn list(state: &AppState, slug: Option<String>) -> Result<Response, HttpError> {
    let found = state.read(move |queries| queries.processing_errors(slug.as_deref())).await?;
    Ok(Json(found.iter().map(ProcessingErrors::from).collect::<Vec<_>>()).into_response())
}

impl<'a> From<&'a ProcessingErrorsView> for ProcessingErrors<'a> {
    fn from(view: &'a ProcessingErrorsView) -> Self {
        let errors =
            view.errors.iter().map(|error| ProcessingError { r#type: &error.name, message: &error.message });
        Self {
            date_received: view.received,
            payload: &view.payload,
            accepted: view.accepted,
            errors: errors.collect(),
        }
    }
}
