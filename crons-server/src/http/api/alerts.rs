//! The list of alerts, with the state of their delivery.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::request::Scope;
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::store::AlertView;

/// The number of alerts in the list.
const MAX_LISTED: u32 = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    id: Uuid,
    target: &'a str,
    event: &'a str,
    incident: Uuid,
    check_in_id: Uuid,
    status: &'static str,
    date_created: Timestamp,
    attempts: u32,
    next_attempt: Option<Timestamp>,
    date_delivered: Option<Timestamp>,
    date_given_up: Option<Timestamp>,
    last_answer: Option<&'a str>,
}

/// `GET /api/0/organizations/crons/alerts/`: the newest alerts, newest first.
pub async fn alerts(State(state): State<AppState>, _: Scope) -> Result<Response, HttpError> {
    let found = state.read(|queries| queries.alerts(MAX_LISTED)).await?;
    Ok(Json(found.iter().map(Alert::from).collect::<Vec<_>>()).into_response())
}

impl<'a> From<&'a AlertView> for Alert<'a> {
    fn from(view: &'a AlertView) -> Self {
        Self {
            id: view.id,
            target: &view.target,
            event: &view.event,
            incident: view.incident,
            check_in_id: view.check_in,
            status: match (view.delivered, view.expired) {
                (Some(_), _) => "delivered",
                (None, Some(_)) => "given_up",
                (None, None) => "waiting",
            },
            date_created: view.created,
            attempts: view.attempts,
            next_attempt: view.next_attempt,
            date_delivered: view.delivered,
            date_given_up: view.expired,
            last_answer: view.last_answer.as_deref(),
        }
    }
}
