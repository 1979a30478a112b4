//! The errors of commands that changed nothing.

use axum::http::StatusCode;

use crate::domain::CommandError;
use crate::http::api::no_monitor;
use crate::http::error::HttpError;
use crate::http::paths;
use crate::pipeline::Unavailable;

/// The error of a command about a monitor that changed nothing.
pub(crate) fn refusal(error: CommandError, slug: &str) -> HttpError {
    match error {
        CommandError::Unreadable(reason) => {
            tracing::error!(reason, "a command was left out");
            Unavailable::Database.into()
        }
        CommandError::NoEnvironment(environment) => HttpError::not_found(format!(
            "environment: monitor {} has no environment {}, so nothing was changed; its page shows which it has",
            paths::named(slug),
            paths::named(&environment)
        )),
        CommandError::IncidentResolved(resolved) => HttpError::new(
            StatusCode::CONFLICT,
            format!("the incident is over since {resolved}, so it cannot be acknowledged any more"),
        ),
        CommandError::NoIncident => {
            HttpError::not_found("there is no such incident; the page of its monitor lists its incidents")
        }
        CommandError::Changed => HttpError::new(
            StatusCode::CONFLICT,
            format!("monitor {} was changed since the page was loaded; load it again", paths::named(slug)),
        ),
        // No form creates or renames a monitor.
        CommandError::NoMonitor
        | CommandError::SlugTaken(_)
        | CommandError::TooManyMonitors(_)
        | CommandError::NoSilence
        | CommandError::SilenceEnded(_)
        | CommandError::TooManySilences(_) => no_monitor(slug),
    }
}
