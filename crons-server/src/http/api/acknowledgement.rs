//! Acknowledgement of incidents.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::incidents::{incident, incident_id, no_incident};
use super::request::{InPath, body, organization};
use crate::domain::{Command, CommandError};
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::quote::{not_one_line, quoted};

/// The longest name of a person who acknowledges, in characters.
pub(super) const MAX_NAME: usize = 200;

/// The body of an acknowledgement: the name of the person who takes the incident in hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledged {
    by: String,
}

/// `PUT /api/0/organizations/crons/incidents/{id}/acknowledgement/`
pub async fn acknowledge(
    state: State<AppState>,
    InPath(path): InPath<(String, String)>,
    json: Bytes,
) -> Result<Response, HttpError> {
    let Acknowledged { by } = body(&json, r#"{"by": "me"}"#)?;
    let by = acknowledging_person(&by)?;
    set(state, path, Some(by)).await
}

/// The name of the person who takes an incident in hand.
///
/// # Errors
/// If it is empty or too long, or has control characters.
pub(crate) fn acknowledging_person(by: &str) -> Result<String, HttpError> {
    if by.trim().is_empty() || by.chars().count() > MAX_NAME {
        let by = quoted(by);
        return Err(HttpError::bad_request(format!(
            "by: {by} is not 1 to {MAX_NAME} characters; write a name"
        )));
    }
    if let Some(fault) = not_one_line("by", by.trim()) {
        return Err(HttpError::bad_request(fault));
    }
    Ok(by.trim().to_owned())
}

/// `DELETE /api/0/organizations/crons/incidents/{id}/acknowledgement/`
pub async fn unacknowledge(
    state: State<AppState>,
    InPath(path): InPath<(String, String)>,
) -> Result<Response, HttpError> {
    set(state, path, None).await
}

async fn set(
    State(state): State<AppState>,
    (name, written): (String, String),
    by: Option<String>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let id = incident_id(&written)?;
    match state.inbox.command(Command::Acknowledge { incident: id, by }).await? {
        Err(CommandError::IncidentResolved(resolved)) => Err(HttpError::new(
            StatusCode::CONFLICT,
            format!("the incident {id} is over since {resolved}: there is nothing to have in hand"),
        )),
        Err(_) => Err(no_incident(id)),
        Ok(_) => incident(State(state), InPath((name, written))).await,
    }
}
