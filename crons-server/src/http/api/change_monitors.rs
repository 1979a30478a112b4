//! Commands about monitors and environments: disable, mute, delete.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::monitors::monitor;
use super::request::{InPath, ORGANIZATION, body, no_monitor, organization};
use crate::domain::{Command, CommandError};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::mask;
use crate::pipeline::Unavailable;

/// The body of a change of a monitor, with Sentry's keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MonitorChange {
    status: Option<MonitorStatus>,
    /// Mutes or unmutes all environments of the monitor.
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
    State(state): State<AppState>,
    InPath((name, slug)): InPath<(String, String)>,
    json: Result<Bytes, BytesRejection>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let MonitorChange { status, is_muted } = body(json, r#"{"status": "disabled", "isMuted": true}"#)?;
    let enabled = status.map(|status| status == MonitorStatus::Active);
    let command = Command::ChangeMonitor { monitor: slug.clone(), enabled, muted: is_muted };
    let changed = state.inbox.command(command).await?;
    let unknown = changed.map_err(|error| refusal(error, &slug))?.unknown_runs;
    let shown = mask::hide(&slug);
    tracing::info!(slug = %shown, ?status, ?is_muted, "monitor changed");
    if unknown > 0 {
        tracing::info!(
            slug = %shown,
            unknown,
            "runs are unknown that could not be heard while their monitor was disabled"
        );
    }
    monitor(State(state), InPath((name, slug))).await
}

/// `DELETE /api/0/organizations/crons/monitors/{slug}/`, with `?environment=` once or more often only of these environments.
///
/// The answer is 202, as at Sentry; the rows are then purged a few at a time.
pub async fn delete_monitor(
    State(state): State<AppState>,
    InPath((name, slug)): InPath<(String, String)>,
    query: QueryPairs,
) -> Result<StatusCode, HttpError> {
    organization(&name)?;
    let environments = environments_to_delete(query)?;
    let command = Command::Delete { monitor: slug.clone(), environments: environments.clone() };
    match state.inbox.command(command).await? {
        Err(CommandError::NoEnvironment(environment)) => Err(HttpError::not_found(format!(
            "environment: monitor {} has no environment {}, so nothing was deleted; GET the monitor to see which it has",
            paths::named(&slug),
            paths::named(&environment)
        ))),
        Err(error) => Err(refusal(error, &slug)),
        Ok(_) => {
            state.inbox.deleted().notify_one();
            let environments: Vec<_> = environments.iter().map(|name| mask::hide(name)).collect();
            tracing::info!(slug = %mask::hide(&slug), ?environments, "monitor deleted, or these environments of it");
            Ok(StatusCode::ACCEPTED)
        }
    }
}

/// The answer to a command about a monitor that changed nothing.
fn refusal(error: CommandError, slug: &str) -> HttpError {
    if let CommandError::Unreadable(reason) = error {
        tracing::error!(reason, "a command was left out");
        return Unavailable::Database.into();
    }
    no_monitor(slug)
}

/// Reads the names of the environments to delete; none for the whole monitor. Any other parameter is refused, since a misspelt one would
/// delete the whole monitor; `project` is accepted, as clients of Sentry send it.
fn environments_to_delete(query: QueryPairs) -> Result<Vec<String>, HttpError> {
    let mut environments = Vec::new();
    for (key, value) in query.into_pairs()? {
        match key.as_str() {
            "environment" if value.is_empty() => {
                return Err(HttpError::bad_request(
                    "environment: it is empty; write its name, or leave it out to delete the whole monitor",
                ));
            }
            "environment" => environments.push(value),
            "project" => project(&value)?,
            _ => {
                return Err(HttpError::bad_request(format!(
                    "query: there is no {key:?}; write `environment`, once for each to delete, or nothing to delete the \
                     whole monitor"
                )));
            }
        }
    }
    Ok(environments)
}

/// Accepts this server's project by its id or its slug, or Sentry's -1 for all projects.
fn project(named: &str) -> Result<(), HttpError> {
    if named == crate::PROJECT.to_string() || named == ORGANIZATION || named == "-1" {
        return Ok(());
    }
    Err(HttpError::not_found(format!(
        "there is no project {named:?}; this server has project {}",
        crate::PROJECT
    )))
}

/// The body of a change of an environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EnvironmentChange {
    #[serde(alias = "is_muted")]
    is_muted: bool,
}

/// `PUT /api/0/organizations/crons/monitors/{slug}/environments/{environment}/`
pub async fn change_environment(
    State(state): State<AppState>,
    InPath((name, slug, environment)): InPath<(String, String, String)>,
    json: Result<Bytes, BytesRejection>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    let EnvironmentChange { is_muted } = body(json, r#"{"isMuted": true}"#)?;
    let command = Command::ChangeEnvironment {
        monitor: slug.clone(),
        environment: environment.clone(),
        muted: is_muted,
    };
    state.inbox.command(command).await?.map_err(|error| match error {
        CommandError::NoMonitor | CommandError::NoEnvironment(_) => HttpError::not_found(format!(
            "there is no monitor {} with an environment {}; `GET /monitors/{{slug}}/` lists its environments",
            paths::named(&slug),
            paths::named(&environment)
        )),
        error => refusal(error, &slug),
    })?;
    tracing::info!(slug = %mask::hide(&slug), environment = %mask::hide(&environment), is_muted, "environment changed");
    monitor(State(state), InPath((name, slug))).await
}
