//! The page that a message links to: it shows an incident to a person who is not signed in, and acknowledges it or mutes its environment.
//!
//! The key in its address opens the page of one incident and nothing else. Programs that follow the links of a mail ask by GET or HEAD,
//! which change nothing.

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use uuid::Uuid;

use super::actions::{no_command, refusal};
use super::document::{Head, bare_document};
use super::monitor::failures;
use super::return_to::see_other;
use super::words;
use crate::domain::{Command, CommandError};
use crate::http::access::constant_time_eq;
use crate::http::api::{InPath, acknowledging_person, incident_id};
use crate::http::authority;
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::mask;
use crate::store::IncidentView;

/// The values of the field `do`.
const ACKNOWLEDGE: &str = "acknowledge";
const MUTE: &str = "mute";

/// Admits requests with the key of the incident, and those that `require_token` admits. A wrong key is refused in the same way whether or
/// not there is such an incident.
pub async fn admit_responder(
    State(state): State<AppState>,
    InPath(written): InPath<String>,
    request: Request,
    next: Next,
) -> Response {
    let query = QueryPairs::of(request.uri());
    let presented = query.value("key").ok().flatten().unwrap_or_default();
    let key = Uuid::try_parse(&written).ok().map(|incident| state.response_keys.key(incident));
    if key.is_some_and(|key| constant_time_eq(presented.as_bytes(), key.as_bytes())) {
        return next.run(request).await;
    }
    authority::require_token(State(state), request, next).await
}

/// `GET /incidents/{id}/respond?key=..`: the incident, with the forms that respond to it.
pub async fn respond_page(
    State(state): State<AppState>,
    InPath(written): InPath<String>,
) -> Result<Response, HttpError> {
    let (view, is_muted) = find(&state, incident_id(&written)?).await?;
    let (now, is_guarded) = (state.inbox.clock().now(), state.access.is_guarded());
    let title =
        if view.incident.resolved_at.is_some() { "The incident is over" } else { "Acknowledge or mute" };
    Ok(bare_document(&Head { title, state: None }, &page(&view, title, is_muted, is_guarded, now)))
}

/// `POST /incidents/{id}/respond?key=..` with the field `do`: `acknowledge` in the name of `by`, or `mute`, which mutes the environment.
/// Leads back to the page.
pub async fn respond(
    State(state): State<AppState>,
    InPath(written): InPath<String>,
    uri: Uri,
    Form(form): Form,
) -> Result<Response, HttpError> {
    form.only(&["do", "by"])?;
    let incident = incident_id(&written)?;
    let (IncidentView { monitor_slug: slug, environment, incident: found, .. }, _) =
        find(&state, incident).await?;
    let asked = form.value("do")?.unwrap_or_default();
    let command = match asked {
        ACKNOWLEDGE => {
            let by = acknowledging_person(form.value("by")?.unwrap_or_default())?;
            Command::Acknowledge { incident, by: Some(by) }
        }
        // An old link opens its page as long as the incident is stored, and must not mute later incidents.
        MUTE if found.resolved_at.is_some() => {
            return Err(HttpError::new(
                StatusCode::CONFLICT,
                "the incident is over, so its link mutes nothing any more; mute the environment on the page of its monitor",
            ));
        }
        MUTE => Command::ChangeEnvironment {
            monitor: slug.clone(),
            environment: environment.clone(),
            muted: true,
        },
        other => return Err(no_command(other, &[ACKNOWLEDGE, MUTE])),
    };
    state.inbox.command(command).await?.map_err(|error| refusal(error, &slug))?;
    tracing::info!(
        %incident, slug = %mask::hide(&slug), environment = %mask::hide(&environment), response = asked,
        "responded to an incident on the page of its messages"
    );
    // The query has the key, without which the page would ask for the sign-in.
    Ok(see_other(uri.path_and_query().map_or("/", |page| page.as_str())))
}

/// Returns an incident, and whether its environment is muted.
async fn find(state: &AppState, incident: Uuid) -> Result<(IncidentView, bool), HttpError> {
    let found = state
        .read(move |queries| {
            let Some(found) = queries.incident(incident)? else { return Ok(None) };
            let monitor = queries.monitor(&found.view.monitor_slug)?;
            let is_muted = monitor.is_some_and(|view| {
                let mut environments = view.environments.iter().map(|view| &view.environment);
                environments.any(|each| each.name == found.view.environment && each.muted)
            });
            Ok(Some((found.view, is_muted)))
        })
        .await?;
    found.ok_or_else(|| refusal(CommandError::NoIncident, ""))
}

fn page(view: &IncidentView, title: &str, is_muted: bool, is_guarded: bool, now: Timestamp) -> Markup {
    let IncidentView { monitor_slug, environment, incident, .. } = view;
    let end = incident.resolved_at.unwrap_or(now);
    let lasted = words::span(end.duration_since(incident.started_at).as_secs().unsigned_abs());
    html! {
        h1 { (title) }
        p.facts {
            span { "Monitor " b { (monitor_slug) } }
            span { "Environment " b { (environment) } }
        }
        p {
            @match incident.resolved_at {
                None => { "Failing since " (words::time(incident.started_at)) " UTC, for " (lasted) ": " }
                Some(resolved) => {
                    "It failed from " (words::time(incident.started_at)) " to " (words::time(resolved)) " UTC, for " (lasted) ": "
                }
            }
            (failures(incident.failures)) "."
        }
        p {
            @match &incident.acknowledged {
                Some(acknowledged) => { "Acknowledged by " b { (acknowledged.by) } " at " (words::time(acknowledged.at)) " UTC." }
                None => "Nobody has acknowledged it.",
            }
            @if is_muted { " Messages about this environment are muted; its runs are still recorded." }
        }
        @if incident.resolved_at.is_none() { (forms(incident.acknowledged.is_some(), is_muted)) }
        p.note {
            a href={ "/why/" (incident.guid.simple()) } { "Why there is this incident" } ", "
            a href={ "/monitors/" (monitor_slug) } { "the page of the monitor" }
            @if is_guarded { "; both need the sign-in" }
            "."
        }
    }
}

/// The forms that respond to an open incident, apart from what is done already. They send to the address of the page, which has the key.
fn forms(is_acknowledged: bool, is_muted: bool) -> Markup {
    html! {
        @if !is_acknowledged {
            section {
                h2 { "Take it in hand" }
                p { "No further failures of this incident are told and nobody is reminded; its end is." }
                form.actions method="post" {
                    label { "Your name " input name="by" required maxlength="200" autocomplete="name"; } " "
                    button.primary type="submit" name="do" value=(ACKNOWLEDGE) { "Acknowledge" }
                }
            }
        }
        @if !is_muted {
            section {
                h2 { "Stop all messages" }
                p { "No messages about this environment are sent until somebody unmutes it on the page of the monitor. Its runs are still recorded." }
                form.actions method="post" {
                    button type="submit" name="do" value=(MUTE) { "Mute this environment" }
                }
            }
        }
    }
}
