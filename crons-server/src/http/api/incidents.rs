//! Incidents: which there are and were, what happened in them, and who has them in hand.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cursor::{links, offset};
use super::request::{InPath, ORGANIZATION, body, instant, no_monitor, organization};
use crate::domain::{self, Incident, Occurrence};
use crate::http::error::Refusal;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::App;
use crate::store::{IncidentFilter, IncidentView};

/// Incidents on a page.
const PER_PAGE: u32 = 100;
/// Characters of the name of whoever acknowledges.
const MAX_NAME: usize = 200;

/// Whether the query asks for incidents that are resolved, or open ones; `None` for both.
fn resolved(query: &QueryPairs) -> Result<Option<bool>, Refusal> {
    match query.value("status")? {
        None => Ok(None),
        Some("open") => Ok(Some(false)),
        Some("resolved") => Ok(Some(true)),
        Some(other) => {
            let other: String = other.chars().take(80).collect();
            Err(Refusal::bad_request(format!(
                "status: {other:?} is no status of an incident; write open or resolved, or leave it out for both"
            )))
        }
    }
}

/// `GET /api/0/organizations/crons/incidents/`
pub async fn incidents(
    State(app): State<App>,
    InPath(name): InPath<String>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    list(&app, None, &query).await
}

/// `GET /api/0/organizations/crons/monitors/{slug}/incidents/`
pub async fn incidents_of(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let wanted = slug.clone();
    if !app.read(move |reader| reader.is_monitor(crate::PROJECT, &wanted)).await? {
        return Err(no_monitor(&slug));
    }
    list(&app, Some(slug), &query).await
}

async fn list(app: &App, slug: Option<String>, query: &QueryPairs) -> Result<Response, Refusal> {
    query.only(&["environment", "status", "before", "cursor"])?;
    let skip = offset(query.value("cursor")?)?;
    let path = slug.as_ref().map_or("incidents/".to_owned(), |slug| format!("monitors/{slug}/incidents/"));
    let environment = query.value("environment")?.map(str::to_owned);
    let (resolved, before) = (resolved(query)?, instant(query, "before")?);
    let same = [
        ("environment", environment.clone()),
        ("status", query.value("status")?.map(str::to_owned)),
        ("before", before.map(|before| before.to_string())),
    ];
    let (found, more) = app
        .read(move |reader| {
            let filter = IncidentFilter {
                monitor_slug: slug.as_deref(),
                environment: environment.as_deref(),
                resolved,
                before,
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
    InPath((name, id)): InPath<(String, String)>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let id = incident_id(&id)?;
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
    InPath(path): InPath<(String, String)>,
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
    InPath(path): InPath<(String, String)>,
) -> Result<Response, Refusal> {
    set(state, path, None).await
}

async fn set(
    State(app): State<App>,
    (name, written): (String, String),
    by: Option<String>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let id = incident_id(&written)?;
    let found = app
        .inbox
        .work(move |records, now| {
            let Some(mut incident) = records.incident(id)? else { return Ok(None) };
            domain::acknowledge(&mut incident, by, now);
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
        Some(None) => incident(State(app), InPath((name, written))).await,
    }
}

fn incident_id(written: &str) -> Result<Uuid, Refusal> {
    written.parse().map_err(|_| {
        let written: String = written.chars().take(80).collect();
        let written = paths::named(&written);
        Refusal::bad_request(format!(
            "id: {written} is no UUID; take the id of an incident from /api/0/organizations/{ORGANIZATION}/incidents/"
        ))
    })
}

fn no_incident(id: Uuid) -> Refusal {
    // The beginning is enough to recognise it by; as a whole it may be a key.
    let beginning: String = id.hyphenated().to_string().chars().take(8).collect();
    Refusal::not_found(format!("there is no incident {beginning}-…; /incidents/ lists those that there are"))
}

fn incident_json(view: &IncidentView) -> Value {
    let Incident { guid, started_at, starting_check_in, resolved_at, resolving_check_in, failures, .. } =
        &view.incident;
    let acknowledged = view.incident.acknowledged.as_ref();
    json!({
        "id": guid,
        "monitorSlug": view.monitor_slug,
        "environment": view.environment,
        "title": domain::title(&view.monitor_slug),
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
        "title": domain::title(&view.monitor_slug),
        "subtitle": format!("Your monitor is failing: {}.", occurrence.reason),
        "reason": occurrence.reason,
        "level": domain::LEVEL,
        "fingerprint": domain::fingerprint(view.monitor_guid, &view.environment),
        "tags": domain::tags(view.monitor_guid, &view.monitor_slug, view.incident.guid, &view.environment)
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
    })
}
