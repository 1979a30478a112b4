//! The list of alerts, with the state of their delivery.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::{self, Scope};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::AlertView;

/// The number of alerts in the list.
const MAX_LISTED: u32 = 100;
/// The parameters of the list.
pub(super) const PARAMETERS: [&str; 1] = ["incident"];

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert<'a> {
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

/// `GET /api/0/organizations/crons/alerts/`: the newest alerts, newest first; with `?incident=` those of an incident or a drill, oldest first.
pub async fn alerts(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&PARAMETERS)?;
    let incident =
        query.value("incident")?.map(|id| request::id(id, "the id of an incident or a drill")).transpose()?;
    let found = match incident {
        Some(incident) => state.read(move |queries| queries.alerts_of(incident)).await?,
        None => state.read(|queries| queries.alerts(MAX_LISTED)).await?,
    };
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
