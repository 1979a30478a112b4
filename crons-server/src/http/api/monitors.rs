//! Monitors and their environments: shown, disabled, muted, deleted.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cursor::{links, offset, per_page};
use super::request::{InPath, ORGANIZATION, body, config_json, no_monitor, organization};
use crate::http::error::Refusal;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::App;
use crate::mask;
use crate::pipeline::{self, Deletion};
use crate::store::{EnvironmentView, MonitorView};

/// `GET /api/0/organizations/crons/monitors/`
pub async fn monitors(
    State(app): State<App>,
    InPath(name): InPath<String>,
    query: QueryPairs,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let limit = per_page(query.value("per_page")?)?;
    let skip = offset(query.value("cursor")?)?;
    let (found, more) = app.read(move |reader| reader.monitors(crate::PROJECT, skip, limit)).await?;
    let links = links("monitors/", &[("per_page", Some(limit.to_string()))], skip, limit, more);
    Ok((links, Json(found.iter().map(monitor_json).collect::<Vec<_>>())).into_response())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/`
pub async fn monitor(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let wanted = slug.clone();
    let found = app.read(move |reader| reader.monitor(crate::PROJECT, &wanted)).await?;
    let monitor = found.ok_or_else(|| no_monitor(&slug))?;
    Ok(Json(monitor_json(&monitor)).into_response())
}

/// What can be changed of a monitor, in Sentry's words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MonitorChange {
    status: Option<MonitorStatus>,
    /// Of all its environments.
    #[serde(alias = "is_muted")]
    is_muted: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MonitorStatus {
    Active,
    Disabled,
}

/// `PUT /api/0/organizations/crons/monitors/{slug}/`
pub async fn change_monitor(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    json: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let MonitorChange { status, is_muted } = body(json, r#"{"status": "disabled", "isMuted": true}"#)?;
    let wanted = slug.clone();
    let (found, unknown) = app
        .inbox
        .work(move |records, now| {
            let mut unknown = 0;
            let mut found = records.monitor(&wanted)?.is_some();
            if let Some(status) = status {
                let enabled = status == MonitorStatus::Active;
                let changed = pipeline::set_enabled(records, &wanted, enabled, now)?;
                found &= changed.is_some();
                unknown = changed.unwrap_or_default();
            }
            if let Some(muted) = is_muted {
                found &= pipeline::set_all_muted(records, &wanted, muted)?;
            }
            Ok((found, unknown))
        })
        .await?;
    if !found {
        return Err(no_monitor(&slug));
    }
    let shown = mask::hide(&slug);
    tracing::info!(slug = %shown, ?status, ?is_muted, "monitor changed");
    if unknown > 0 {
        tracing::info!(
            slug = %shown,
            unknown,
            "runs are unknown that could not be heard while their monitor was disabled"
        );
    }
    monitor(State(app), InPath((name, slug))).await
}

/// `DELETE /api/0/organizations/crons/monitors/{slug}/`, with `?environment=` once or more often only of these environments.
///
/// As at Sentry: 202, and what is stored goes bit by bit.
pub async fn delete_monitor(
    State(app): State<App>,
    InPath((name, slug)): InPath<(String, String)>,
    query: QueryPairs,
) -> Result<StatusCode, Refusal> {
    organization(&name)?;
    let environments = environments_to_delete(query)?;
    let (wanted, named) = (slug.clone(), environments.clone());
    let deletion =
        app.inbox.work(move |records, now| pipeline::delete(records, &wanted, &named, now)).await?;
    match deletion {
        Deletion::NoMonitor => Err(no_monitor(&slug)),
        Deletion::NoEnvironment(environment) => Err(Refusal::not_found(format!(
            "environment: monitor {} has no environment {}, so nothing was deleted; GET the monitor to see which it has",
            paths::named(&slug),
            paths::named(&environment)
        ))),
        Deletion::Done => {
            app.inbox.deleted().notify_one();
            let environments: Vec<_> = environments.iter().map(|name| mask::hide(name)).collect();
            tracing::info!(slug = %mask::hide(&slug), ?environments, "monitor deleted, or these environments of it");
            Ok(StatusCode::ACCEPTED)
        }
    }
}

/// A query that is misread would delete the whole monitor: it holds nothing but environments, and the project that clients
/// of Sentry name.
fn environments_to_delete(query: QueryPairs) -> Result<Vec<String>, Refusal> {
    let mut environments = Vec::new();
    for (key, value) in query.into_pairs()? {
        match key.as_str() {
            "environment" if value.is_empty() => {
                return Err(Refusal::bad_request(
                    "environment: it is empty; write its name, or leave it out to delete the whole monitor",
                ));
            }
            "environment" => environments.push(value),
            "project" => project(&value)?,
            _ => {
                return Err(Refusal::bad_request(format!(
                    "query: there is no {key:?}; write `environment`, once for each to delete, or nothing to delete the \
                     whole monitor"
                )));
            }
        }
    }
    Ok(environments)
}

/// By its id, its slug, or Sentry's -1 for all projects.
fn project(named: &str) -> Result<(), Refusal> {
    if named == crate::PROJECT.to_string() || named == ORGANIZATION || named == "-1" {
        return Ok(());
    }
    Err(Refusal::not_found(format!(
        "there is no project {named:?}; this server has project {}",
        crate::PROJECT
    )))
}

/// What can be changed of an environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EnvironmentChange {
    #[serde(alias = "is_muted")]
    is_muted: bool,
}

/// `PUT /api/0/organizations/crons/monitors/{slug}/environments/{environment}/`
pub async fn change_environment(
    State(app): State<App>,
    InPath((name, slug, environment)): InPath<(String, String, String)>,
    json: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    organization(&name)?;
    let EnvironmentChange { is_muted } = body(json, r#"{"isMuted": true}"#)?;
    let (wanted, wanted_environment) = (slug.clone(), environment.clone());
    let found = app
        .inbox
        .work(move |records, _| pipeline::set_muted(records, &wanted, &wanted_environment, is_muted))
        .await?;
    if !found {
        return Err(Refusal::not_found(format!(
            "there is no monitor {} with an environment {}; `GET /monitors/{{slug}}/` lists its environments",
            paths::named(&slug),
            paths::named(&environment)
        )));
    }
    tracing::info!(slug = %mask::hide(&slug), environment = %mask::hide(&environment), is_muted, "environment changed");
    monitor(State(app), InPath((name, slug))).await
}

fn monitor_json(view: &MonitorView) -> Value {
    let monitor = &view.monitor;
    let muted = !view.environments.is_empty() && view.environments.iter().all(|view| view.environment.muted);
    json!({
        "id": monitor.guid,
        "slug": monitor.slug,
        "name": monitor.slug,
        "status": if monitor.enabled { "active" } else { "disabled" },
        "isMuted": muted,
        "isUpserting": monitor.upserting,
        "config": config_json(&monitor.config),
        "dateCreated": monitor.date_created,
        "owner": monitor.owner.as_deref().map(owner_json),
        "project": {"id": monitor.project.to_string(), "slug": ORGANIZATION, "name": ORGANIZATION},
        "environments": view.environments.iter().map(environment_json).collect::<Vec<_>>(),
    })
}

fn owner_json(owner: &str) -> Value {
    let (kind, id) = owner.split_once(':').unwrap_or(("user", owner));
    json!({"type": kind, "id": id, "name": id})
}

fn environment_json(view: &EnvironmentView) -> Value {
    let environment = &view.environment;
    let incident = |since: Timestamp| json!({"startingTimestamp": since, "resolvingTimestamp": null, "brokenNotice": null});
    json!({
        "name": environment.name,
        "status": environment.status.as_str(),
        "isMuted": environment.muted,
        "dateCreated": environment.date_created,
        "lastCheckIn": environment.last_check_in,
        "nextCheckIn": environment.next_check_in,
        "nextCheckInLatest": environment.next_check_in_latest,
        "activeIncident": view.incident_since.map(incident),
    })
}
