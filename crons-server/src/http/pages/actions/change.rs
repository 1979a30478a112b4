//! Mutes, unmutes, disables and enables one monitor, or mutes one environment of it.

use axum::extract::State;
use axum::response::Response;

use super::refusal::refusal;
use crate::domain::{Command, MonitorChange};
use crate::http::api::InPath;
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::return_to::{RETURN_TO, return_to, see_other};
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::mask;

/// A change by one button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Mute,
    Unmute,
    Disable,
    Enable,
}

impl Change {
    pub(crate) const ALL: [Self; 4] = [Self::Mute, Self::Unmute, Self::Disable, Self::Enable];

    /// The value of the field `do`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Disable => "disable",
            Self::Enable => "enable",
        }
    }

    /// The words on its button.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Mute => "Mute",
            Self::Unmute => "Unmute",
            Self::Disable => "Disable",
            Self::Enable => "Enable",
        }
    }

    /// The change that the field `do` names.
    ///
    /// # Errors
    /// If it is none of these, which the message lists.
    fn of(form: &QueryPairs) -> Result<Self, HttpError> {
        let asked = form.value("do")?.unwrap_or_default();
        Self::named(asked).ok_or_else(|| no_command(asked, &Self::ALL.map(Self::key)))
    }

    /// The change of this key; `None` if there is none.
    pub(super) fn named(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.key() == key)
    }

    /// The change of a whole monitor.
    pub(super) fn of_monitor(self) -> MonitorChange {
        let (enabled, muted) = match self {
            Self::Mute => (None, Some(true)),
            Self::Unmute => (None, Some(false)),
            Self::Disable => (Some(false), None),
            Self::Enable => (Some(true), None),
        };
        MonitorChange { enabled, muted, ..MonitorChange::default() }
    }
}

/// `POST /monitors/{slug}/change` with the fields `do` and, to mute or unmute only that one, `environment`.
pub async fn change(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
    Form(form): Form,
) -> Result<Response, HttpError> {
    form.only(&["do", "environment", RETURN_TO])?;
    let page = return_to(&form, &format!("/monitors/{slug}"))?;
    let environment = form.value("environment")?;
    let change = Change::of(&form)?;
    let command = match (environment, change) {
        (None, change) => Command::ChangeMonitor {
            monitor: slug.clone(),
            change: Box::new(change.of_monitor()),
            expected: None,
        },
        (Some(environment), Change::Mute | Change::Unmute) => Command::ChangeEnvironment {
            monitor: slug.clone(),
            environment: environment.to_owned(),
            muted: change == Change::Mute,
        },
        (Some(_), Change::Disable | Change::Enable) => {
            return Err(HttpError::bad_request(format!(
                "do: {:?} is for a whole monitor; leave out `environment`, or mute it",
                change.key()
            )));
        }
    };
    state.inbox.command(command).await?.map_err(|error| refusal(error, &slug))?;
    tracing::info!(
        slug = %mask::hide(&slug),
        environment = environment.map(|name| mask::hide(name).into_owned()),
        change = change.key(),
        "monitor changed on its page"
    );
    Ok(see_other(&page))
}

/// Refuses a value of the field `do`, and lists those that are allowed.
pub(crate) fn no_command(asked: &str, allowed: &[&str]) -> HttpError {
    let asked: String = asked.chars().take(80).collect();
    let allowed: Vec<String> = allowed.iter().map(|key| format!("`{key}`")).collect();
    HttpError::bad_request(format!("do: {asked:?} is no command; allowed are {}", allowed.join(", ")))
}
