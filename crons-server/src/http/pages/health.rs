//! The state of a monitor or an environment in one word, with an icon and a colour.

use maud::{Markup, html};

use crate::domain::{EnvironmentStatus, Status};
use crate::http::error::HttpError;

/// A state, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Health {
    Failed,
    TimedOut,
    Missed,
    /// The newest run is unknown, or there is none yet.
    Unknown,
    InProgress,
    Ok,
    /// Every environment is muted.
    Muted,
    Disabled,
}

impl Health {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ok,
        Self::Failed,
        Self::Missed,
        Self::TimedOut,
        Self::InProgress,
        Self::Muted,
        Self::Disabled,
        Self::Unknown,
    ];

    /// The state of an environment. `failing` is the status of its newest failure; it counts only while an incident is open.
    pub(crate) fn of_environment(
        status: EnvironmentStatus,
        newest: Option<Status>,
        failing: Option<Status>,
    ) -> Self {
        if status == EnvironmentStatus::Error {
            return failing
                .or(newest)
                .filter(|status| status.is_finished())
                .map_or(Self::Failed, Self::of_run);
        }
        match newest {
            None | Some(Status::Unknown) => Self::Unknown,
            Some(Status::InProgress) => Self::InProgress,
            Some(Status::Ok | Status::Error | Status::Missed | Status::Timeout) => Self::Ok,
        }
    }

    /// The state that a single run shows.
    pub(crate) fn of_run(status: Status) -> Self {
        match status {
            Status::Ok => Self::Ok,
            Status::Error => Self::Failed,
            Status::Missed => Self::Missed,
            Status::Timeout => Self::TimedOut,
            Status::InProgress => Self::InProgress,
            Status::Unknown => Self::Unknown,
        }
    }

    /// The state of a name in a query.
    ///
    /// # Errors
    /// If there is no such state; the message lists all.
    pub(crate) fn of_query(key: &str) -> Result<Self, HttpError> {
        Self::ALL.into_iter().find(|state| state.key() == key).ok_or_else(|| {
            let key: String = key.chars().take(80).collect();
            let allowed = Self::ALL.map(|state| format!("`{}`", state.key())).join(", ");
            HttpError::bad_request(format!("state: {key:?} is no state; allowed are {allowed}"))
        })
    }

    /// The name in queries and in style sheets.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timeout",
            Self::Missed => "missed",
            Self::Unknown => "unknown",
            Self::InProgress => "in_progress",
            Self::Ok => "ok",
            Self::Muted => "muted",
            Self::Disabled => "disabled",
        }
    }

    /// The word for people, as at Sentry.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::TimedOut => "Timed out",
            Self::Missed => "Missed",
            Self::Unknown => "Unknown",
            Self::InProgress => "In progress",
            Self::Ok => "Okay",
            Self::Muted => "Muted",
            Self::Disabled => "Disabled",
        }
    }

    /// The icon, which the word beside it explains.
    pub(crate) fn icon(self) -> Markup {
        html! {
            svg class={ "icon " (self.key()) } aria-hidden="true" { use href={ "#i-" (self.key()) } {} }
        }
    }

    /// The icon and the word.
    pub(crate) fn label(self) -> Markup {
        html! { span class={ "state " (self.key()) } { (self.icon()) " " (self.word()) } }
    }
}

/// The shapes of all icons and patterns, once in each document, where [`Health::icon`] and timelines refer to them. Each state has a shape
/// of its own, so that none depends on its colour.
pub(super) fn sprite() -> Markup {
    let shapes = [
        ("ok", "M3.5 8.5l3 3 6-7"),
        ("failed", "M4 4l8 8M12 4l-8 8"),
        ("timeout", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 5v3.5h3"),
        ("missed", "M8 2.5v6.5M8 12.5v.5"),
        ("in_progress", "M13.5 8A5.5 5.5 0 1 1 8 2.5M8 2.5l3-1.5M8 2.5l3 2"),
        ("unknown", "M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.6 8 9 8 10M8 13v.3"),
        ("muted", "M3 6v4h2.5L9 13V3L5.5 6zM11 6l4 4M15 6l-4 4"),
        ("disabled", "M5.5 3.5v9M10.5 3.5v9"),
    ];
    html! {
        svg.sprite aria-hidden="true" width="0" height="0" {
            defs {
                @for (key, path) in shapes {
                    symbol id={ "i-" (key) } viewBox="0 0 16 16" { path d=(path) {} }
                }
                // The hatching of a timeout, which differs from a failure without its hue.
                pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch-ground width="4" height="4" {}
                    rect.hatch-line width="1.6" height="4" {}
                }
                pattern id="hatch-outage" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)" {
                    rect.outage-line width="1.5" height="6" {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_below_its_threshold_leaves_the_monitor_okay() {
        use EnvironmentStatus::{Active, Error, Ok as Well};
        for (status, newest, failing, expected) in [
            (Well, Some(Status::Ok), None, Health::Ok),
            (Well, Some(Status::Error), Some(Status::Error), Health::Ok),
            (Active, Some(Status::Missed), Some(Status::Missed), Health::Ok),
            (Well, Some(Status::InProgress), Some(Status::Error), Health::InProgress),
            (Active, None, None, Health::Unknown),
            (Well, Some(Status::Unknown), None, Health::Unknown),
            (Error, Some(Status::Missed), Some(Status::Missed), Health::Missed),
            (Error, Some(Status::InProgress), Some(Status::Timeout), Health::TimedOut),
            (Error, Some(Status::Ok), Some(Status::Error), Health::Failed),
            // Retention has deleted the failures of a long incident.
            (Error, Some(Status::InProgress), None, Health::Failed),
        ] {
            assert_eq!(
                Health::of_environment(status, newest, failing),
                expected,
                "{status:?} {newest:?} {failing:?}"
            );
        }
    }

    #[test]
    fn a_state_that_does_not_exist_is_refused_with_all_that_do() {
        for state in Health::ALL {
            assert_eq!(Health::of_query(state.key()).unwrap(), state);
        }
        assert!(Health::of_query("okay").is_err());
    }
}
