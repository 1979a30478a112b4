//! Acknowledges an incident, and withdraws the acknowledgement.

use axum::extract::State;
use axum::response::Response;

use super::change::no_command;
use super::refusal::refusal;
use crate::domain::Command;
use crate::http::api::{InPath, acknowledging_person, incident_id};
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::return_to::{RETURN_TO, return_to, see_other};
use crate::http::state::AppState;

/// `POST /incidents/{id}/acknowledgement` with the fields `do`, which is `acknowledge` or `withdraw`, and `by`.
pub async fn acknowledge(
    State(state): State<AppState>,
    InPath(written): InPath<String>,
    Form(form): Form,
) -> Result<Response, HttpError> {
    form.only(&["do", "by", RETURN_TO])?;
    let incident = incident_id(&written)?;
    let page = return_to(&form, "/")?;
    let by = match form.value("do")?.unwrap_or_default() {
        "acknowledge" => Some(acknowledging_person(form.value("by")?.unwrap_or_default())?),
        "withdraw" => None,
        other => return Err(no_command(other, &["acknowledge", "withdraw"])),
    };
    state.inbox.command(Command::Acknowledge { incident, by }).await?.map_err(|error| refusal(error, ""))?;
    Ok(see_other(&page))
}
