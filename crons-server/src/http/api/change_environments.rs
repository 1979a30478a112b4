//! Mutes, unmutes and deletes one environment of a monitor.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::change_monitors::{delete, refusal};
use super::monitors::show;
use super::request::{InPath, MonitorInPath, body};
use crate::domain::{Command, CommandError};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::state::AppState;
use crate::mask;

#[derive(Deserialize)]
pub struct EnvironmentPath {
    environment: String,
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
    MonitorInPath(slug): MonitorInPath,
    InPath(EnvironmentPath { environment }): InPath<EnvironmentPath>,
    json: Bytes,
) -> Result<Response, HttpError> {
    let EnvironmentChange { is_muted } = body(&json, r#"{"isMuted": true}"#)?;
    let command = Command::ChangeEnvironment {
        monitor: slug.clone(),
        environment: environment.clone(),
        muted: is_muted,
    };
    state.inbox.command(command).await?.map_err(|error| match error {
        CommandError::NoMonitor | CommandError::NoEnvironment(_) => HttpError::not_found(format!(
            "there is no monitor {} with an environment {}; `crons list` and GET /monitors/{{slug}}/ show its environments",
            paths::named(&slug),
            paths::named(&environment)
        )),
        error => refusal(error, &slug),
    })?;
    tracing::info!(slug = %mask::hide(&slug), environment = %mask::hide(&environment), is_muted, "environment changed");
    show(&state, slug).await
}

/// `DELETE /api/0/organizations/crons/monitors/{slug}/environments/{environment}/`
pub async fn delete_environment(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    InPath(EnvironmentPath { environment }): InPath<EnvironmentPath>,
) -> Result<StatusCode, HttpError> {
    delete(&state, slug, vec![environment]).await
}
