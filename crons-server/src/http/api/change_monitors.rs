//! Creates, changes and deletes a monitor.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::monitor_body::{self, MonitorBody};
use super::monitors::show;
use super::request::{MonitorInPath, ORGANIZATION, Scope, body, no_monitor, project};
use super::revision::expected;
use crate::domain::{Command, CommandError, CommandOutcome};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::mask;
use crate::pipeline::Unavailable;

/// A body that changes a monitor.
const CHANGE: &str = r#"{"status": "disabled", "isMuted": true}"#;

/// `POST /api/0/organizations/crons/monitors/`
pub async fn create_monitor(
    State(state): State<AppState>,
    _: Scope,
    json: Bytes,
) -> Result<Response, HttpError> {
    let written: MonitorBody = body(&json, monitor_body::EXAMPLE)?;
    let new = written.into_new().map_err(HttpError::bad_request)?;
    let slug = new.slug.to_string();
    let command = Command::CreateMonitor(Box::new(new));
    state.inbox.command(command).await?.map_err(|error| refusal(error, &slug))?;
    tracing::info!(slug = %mask::hide(&slug), "monitor created");
    let location = format!("/api/0/organizations/{ORGANIZATION}/monitors/{slug}/");
    let created = show(&state, slug).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], created).into_response())
}

/// `PUT /api/0/organizations/crons/monitors/{slug}/`: changes what the body names, and leaves the rest as it is. With `If-Match`, only
/// a monitor of this revision.
pub async fn change_monitor(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    headers: HeaderMap,
    json: Bytes,
) -> Result<Response, HttpError> {
    let written: MonitorBody = body(&json, CHANGE)?;
    let change = Box::new(written.into_change().map_err(HttpError::bad_request)?);
    let renamed = change.slug.as_ref().map(ToString::to_string);
    let command = Command::ChangeMonitor { monitor: slug.clone(), change, expected: expected(&headers) };
    let changed = state.inbox.command(command).await?.map_err(|error| refusal(error, &slug))?;
    let shown = mask::hide(&slug);
    tracing::info!(slug = %shown, "monitor changed");
    log_unknown(&changed, &shown);
    show(&state, renamed.unwrap_or_else(|| slug.clone())).await
}

/// Logs the number of runs that became unknown; nothing for none.
pub(super) fn log_unknown(changed: &CommandOutcome, slug: &str) {
    let unknown = changed.unknown_runs;
    if unknown > 0 {
        tracing::info!(
            slug,
            unknown,
            "runs became unknown: their reports were filtered while the monitor was disabled"
        );
    }
}

/// `DELETE /api/0/organizations/crons/monitors/{slug}/`, with `?environment=` once or more often only of these environments.
///
/// The answer is 202, as at Sentry; the rows are then purged a few at a time.
pub async fn delete_monitor(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<StatusCode, HttpError> {
    let environments = environments_to_delete(query)?;
    delete(&state, slug, environments).await
}

/// Deletes a monitor; with `environments`, only these of it.
pub(super) async fn delete(
    state: &AppState,
    slug: String,
    environments: Vec<String>,
) -> Result<StatusCode, HttpError> {
    match state.delete_monitor(&slug, environments).await? {
        Err(CommandError::NoEnvironment(environment)) => Err(HttpError::not_found(format!(
            "environment: monitor {} has no environment {}, so nothing was deleted; `crons list` and GET /monitors/{{slug}}/ show which it has",
            paths::named(&slug),
            paths::named(&environment)
        ))),
        Err(error) => Err(refusal(error, &slug)),
        Ok(()) => Ok(StatusCode::ACCEPTED),
    }
}

/// The answer to a command about a monitor that changed nothing.
pub(super) fn refusal(error: CommandError, slug: &str) -> HttpError {
    match error {
        CommandError::Unreadable(reason) => {
            tracing::error!(reason, "a command was left out");
            Unavailable::Database.into()
        }
        CommandError::Changed => HttpError::new(
            StatusCode::CONFLICT,
            format!(
                "monitor {} was changed since you read it; GET it again, and send your change with its new `ETag` in `If-Match`",
                paths::named(slug)
            ),
        ),
        CommandError::SlugTaken(taken) => HttpError::bad_request(format!(
            "slug: there is a monitor {} already; write another slug, or PUT to change that monitor",
            paths::named(taken.as_str())
        )),
        CommandError::TooManyMonitors(most) => HttpError::bad_request(format!(
            "the server has {most} monitors, and no more are allowed; delete one, or raise `max_monitors`"
        )),
        CommandError::NoMonitor
        | CommandError::NoEnvironment(_)
        | CommandError::NoIncident
        | CommandError::IncidentResolved(_)
        | CommandError::NoSilence
        | CommandError::SilenceEnded(_)
        | CommandError::TooManySilences(_) => no_monitor(slug),
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
