//! Incidents: which there are and were, what happened in them, and who has them in hand.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cursor::{links, offset};
use super::{InPath, Instant, body, no_monitor, organization};
use crate::lifecycle::{self, Incident, Occurrence};
use crate::refusal::Refusal;
use crate::state::App;
use crate::store::{IncidentFilter, IncidentView};

/// Incidents on a page.
const PER_PAGE: u32 = 100;
/// Characters of the name of whoever acknowledges.
const MAX_NAME: usize = 200;

/// Which incidents to show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentQuery {
    environment: Option<String>,
    /// `open` or `resolved`; both if left out.
    status: Option<IncidentStatus>,
    /// Only those that began before.
    before: Option<Instant>,
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum IncidentStatus {
    Open,
    Resolved,
}

impl IncidentStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }
}

/// `GET /api/0/organizations/crons/incidents/`
pub async fn incidents(
    State(app): State<App>,
    InPath(name): InPath<String>,
    query: Result<Query<IncidentQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    list(&app, None, query?.0).await
}

/// `GET /api/0/organizations/crons/monitors/{slug}/incidents/`
pub async fn incidents_of(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    query: Result<Query<IncidentQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let wanted = slug.clone();
    if app.read(move |reader| reader.monitors(crate::PROJECT, Some(&wanted))).await?.is_empty() {
        return Err(no_monitor(&slug));
    }
    list(&app, Some(slug), query?.0).await
}

async fn list(app: &App, slug: Option<String>, query: IncidentQuery) -> Result<Response, Refusal> {
    let skip = offset(query.cursor.as_deref())?;
    let path = slug.as_ref().map_or("incidents/".to_owned(), |slug| format!("monitors/{slug}/incidents/"));
    let same = [
        ("environment", query.environment.clone()),
        ("status", query.status.map(|status| status.as_str().to_owned())),
        ("before", query.before.map(|Instant(before)| before.to_string())),
    ];
    let (found, more) = app
        .read(move |reader| {
            let filter = IncidentFilter {
                monitor_slug: slug.as_deref(),
                environment: query.environment.as_deref(),
                resolved: query.status.map(|status| status == IncidentStatus::Resolved),
                before: query.before.map(|Instant(before)| before),
            };
            reader.incidents(filter, skip, PER_PAGE)
        })
        .await?;
    let links = links(&path, &same, skip, PER_PAGE, more);
    Ok((links, Json(found.iter().map(incident_json).collect::<Vec<_>>())).into_response())
}

/// `GET /api/0/organizations/crons/incidents/{id}/`
pub async fn incident(
    State(app): State<App>,
    InPath((name, id)): InPath<(String, Uuid)>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let found = app.read(move |reader| reader.incident(id)).await?.ok_or_else(|| no_incident(id))?;
    let mut json = incident_json(&found);
    json["occurrences"] =
        found.occurrences.iter().map(|occurrence| occurrence_json(&found, occurrence)).collect();
    Ok(Json(json).into_response())
}

/// Who has it in hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledged {
    by: String,
}

/// `PUT /api/0/organizations/crons/incidents/{id}/acknowledgement/`
pub async fn acknowledge(
    state: State<App>,
    InPath(path): InPath<(String, Uuid)>,
    json: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let Acknowledged { by } = body(json, r#"{"by": "me"}"#)?;
    if by.trim().is_empty() || by.chars().count() > MAX_NAME {
        return Err(Refusal::bad_request(format!(
            "by: {by:?} is not 1 to {MAX_NAME} characters; write a name"
        )));
    }
    set(state, path, Some(by)).await
}

/// `DELETE /api/0/organizations/crons/incidents/{id}/acknowledgement/`
pub async fn unacknowledge(
    state: State<App>,
    InPath(path): InPath<(String, Uuid)>,
) -> Result<Response, Refusal> {
    set(state, path, None).await
}

async fn set(
    State(app): State<App>,
    (name, id): (String, Uuid),
    by: Option<String>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let found = app
        .inbox
        .work(move |records, now| {
            let Some(mut incident) = records.incident(id)? else { return Ok(None) };
            lifecycle::acknowledge(&mut incident, by, now);
            records.save_acknowledgement(&incident)?;
            Ok(Some(incident.resolved_at))
        })
        .await?;
    match found {
        None => Err(no_incident(id)),
        Some(Some(resolved)) => Err(Refusal::new(
            axum::http::StatusCode::CONFLICT,
            format!("the incident {id} is over since {resolved}: there is nothing to have in hand"),
        )),
        Some(None) => incident(State(app), InPath((name, id))).await,
    }
}

fn no_incident(id: Uuid) -> Refusal {
    Refusal::not_found(format!("there is no incident {id}"))
}

fn incident_json(view: &IncidentView) -> Value {
    let Incident { guid, started_at, starting_check_in, resolved_at, resolving_check_in, failures, .. } =
        &view.incident;
    let acknowledged = view.incident.acknowledged.as_ref();
    json!({
        "id": guid,
        "monitorSlug": view.monitor_slug,
        "environment": view.environment,
        "title": lifecycle::title(&view.monitor_slug),
        "status": if resolved_at.is_some() { "resolved" } else { "open" },
        "startedAt": started_at,
        "startingCheckInId": starting_check_in,
        "resolvedAt": resolved_at,
        "resolvingCheckInId": resolving_check_in,
        // Milliseconds, as durations of check-ins are.
        "duration": resolved_at.map(|resolved| resolved.duration_since(*started_at).as_millis()),
        "failures": failures,
        "acknowledged": acknowledged.map(|acknowledged| json!({"at": acknowledged.at, "by": acknowledged.by})),
    })
}

fn occurrence_json(view: &IncidentView, occurrence: &Occurrence) -> Value {
    json!({
        "at": occurrence.at,
        "checkInId": occurrence.check_in,
        "title": lifecycle::title(&view.monitor_slug),
        "subtitle": format!("Your monitor is failing: {}.", occurrence.reason),
        "reason": occurrence.reason,
        "level": lifecycle::LEVEL,
        "fingerprint": lifecycle::fingerprint(view.monitor_guid, &view.environment),
        "tags": lifecycle::tags(view.monitor_guid, &view.monitor_slug, view.incident.guid, &view.environment)
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
    })
}
