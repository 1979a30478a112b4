//! Incidents: the list, and one of them with its occurrences.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::cursor::{PAGING, links, offset};
use super::incident_shapes::Incident;
use super::request::{
    self, InPath, MonitorInPath, Scope, beginning_of, instant, organization, require_monitor,
};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::quote::quoted;
use crate::store::{IncidentFilter, PageRequest};

/// The parameters of both lists.
pub(super) const PARAMETERS: [&str; 4] = ["environment", "status", "before", PAGING[1]];

/// The number of incidents of a page.
const PER_PAGE: u32 = 100;

/// Reads the parameter `status`: `true` for resolved incidents, `false` for open ones, `None` for both.
fn resolved(query: &QueryPairs) -> Result<Option<bool>, HttpError> {
    match query.value("status")? {
        None => Ok(None),
        Some("open") => Ok(Some(false)),
        Some("resolved") => Ok(Some(true)),
        Some(other) => {
            let other = quoted(other);
            Err(HttpError::bad_request(format!(
                "status: {other} is no status of an incident; write open or resolved, or leave it out for both"
            )))
        }
    }
}

/// `GET /api/0/organizations/crons/incidents/`
pub async fn incidents(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    list(&state, None, &query).await
}

/// `GET /api/0/organizations/crons/monitors/{slug}/incidents/`
pub async fn incidents_of(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    require_monitor(&state, &slug).await?;
    list(&state, Some(slug), &query).await
}

async fn list(state: &AppState, slug: Option<String>, query: &QueryPairs) -> Result<Response, HttpError> {
    query.only(&PARAMETERS)?;
    let page = PageRequest { skip: offset(query.value("cursor")?)?, limit: PER_PAGE };
    let path = slug.as_ref().map_or("incidents/".to_owned(), |slug| format!("monitors/{slug}/incidents/"));
    let environment = query.value("environment")?.map(str::to_owned);
    let (resolved, before) = (resolved(query)?, instant(query, "before")?);
    let same_query = [
        ("environment", environment.clone()),
        ("status", query.value("status")?.map(str::to_owned)),
        ("before", before.map(|before| before.to_string())),
    ];
    let found = state
        .read(move |queries| {
            let filter = IncidentFilter {
                monitor_slug: slug.as_deref(),
                environment: environment.as_deref(),
                resolved,
                before,
            };
            queries.incidents(filter, page)
        })
        .await?;
    let links = links(&path, &same_query, page, found.more);
    Ok((links, Json(found.items.iter().map(Incident::from).collect::<Vec<_>>())).into_response())
}

/// `GET /api/0/organizations/crons/incidents/{id}/`
pub async fn incident(
    State(state): State<AppState>,
    InPath((name, id)): InPath<(String, String)>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let id = incident_id(&id)?;
    let found = state.read(move |queries| queries.incident(id)).await?.ok_or_else(|| no_incident(id))?;
    Ok(Json(Incident::from(&found)).into_response())
}

pub(crate) fn incident_id(written: &str) -> Result<Uuid, HttpError> {
    request::id(written, "the id of an incident from /api/0/organizations/crons/incidents/")
}

pub(super) fn no_incident(id: Uuid) -> HttpError {
    let beginning = beginning_of(id);
    HttpError::not_found(format!("there is no incident {beginning}; /incidents/ lists those that there are"))
}
