//! Commands about monitors and environments: disable, mute, delete.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::monitors::monitor;
use super::request::{InPath, ORGANIZATION, body, no_monitor, organization};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::mask;
use crate::pipeline::{self, Deletion};

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
    let wanted = slug.clone();
    let (found, unknown) = state
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
    let (wanted, named) = (slug.clone(), environments.clone());
    let deletion =
        state.inbox.work(move |records, now| pipeline::delete(records, &wanted, &named, now)).await?;
    match deletion {
        Deletion::NoMonitor => Err(no_monitor(&slug)),
        Deletion::NoEnvironment(environment) => Err(HttpError::not_found(format!(
            "environment: monitor {} has no environment {}, so nothing was deleted; GET the monitor to see which it has",
            paths::named(&slug),
            paths::named(&environment)
        ))),
        Deletion::Done => {
            state.inbox.deleted().notify_one();
            let environments: Vec<_> = environments.iter().map(|name| mask::hide(name)).collect();
            tracing::info!(slug = %mask::hide(&slug), ?environments, "monitor deleted, or these environments of it");
            Ok(StatusCode::ACCEPTED)
        }
    }
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
    let (wanted, wanted_environment) = (slug.clone(), environment.clone());
    let found = state
        .inbox
        .work(move |records, _| pipeline::set_muted(records, &wanted, &wanted_environment, is_muted))
        .await?;
    if !found {
        return Err(HttpError::not_found(format!(
            "there is no monitor {} with an environment {}; `GET /monitors/{{slug}}/` lists its environments",
            paths::named(&slug),
            paths::named(&environment)
        )));
    }
    tracing::info!(slug = %mask::hide(&slug), environment = %mask::hide(&environment), is_muted, "environment changed");
    monitor(State(state), InPath((name, slug))).await
}
