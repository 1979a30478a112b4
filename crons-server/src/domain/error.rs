//! The reasons for which check-ins are refused, by Sentry's names, and how they count in the usage statistics.

use serde::Serialize;

use crate::mask::Mask;
use crate::quote::quoted;

/// The reason for which a check-in is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessingError {
    /// The run belongs to another environment or monitor, which the text names.
    CheckInEnvironmentMismatch(String),
    CheckInFinished,
    CheckInInvalidDuration,
    CheckInInvalidGuid(String),
    CheckInValidationFailed(String),
    /// A number of its configuration was beyond a limit and was cut to it. Sentry does so without an error.
    ConfigValueCut(String),
    MonitorDisabled,
    /// The quota of environments of the monitor, this many, is used up.
    MonitorEnvironmentLimitExceeded(u32),
    /// The check-in was one more than this many in one minute.
    MonitorEnvironmentRateLimited(u32),
    MonitorInvalidConfig(String),
    MonitorInvalidEnvironment(String),
    /// The quota of monitors, this many, is used up.
    MonitorLimitExceeded(u32),
    MonitorNotFound,
    /// The monitor does not exist, because the start of the run that would have created it was refused; the reason stands before this.
    MonitorOfRefusedStart,
    /// The monitor's name has no character that a slug may have.
    MonitorWithoutSlug(String),
    /// A row of the database that bears on the check-in cannot be read; the text names it, and the reason.
    UnreadableRow(String),
}

/// The outcome of a check-in in the usage statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Accepted,
    RateLimited,
    Filtered,
    Invalid,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::RateLimited => "rate_limited",
            Self::Filtered => "filtered",
            Self::Invalid => "invalid",
        }
    }
}

impl ProcessingError {
    /// Returns Sentry's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CheckInEnvironmentMismatch(_) => "CHECKIN_ENVIRONMENT_MISMATCH",
            Self::CheckInFinished => "CHECKIN_FINISHED",
            Self::CheckInInvalidDuration => "CHECKIN_INVALID_DURATION",
            Self::CheckInInvalidGuid(_) => "CHECKIN_INVALID_GUID",
            Self::CheckInValidationFailed(_) | Self::ConfigValueCut(_) => "CHECKIN_VALIDATION_FAILED",
            Self::MonitorDisabled => "MONITOR_DISABLED",
            Self::MonitorEnvironmentLimitExceeded(_) => "MONITOR_ENVIRONMENT_LIMIT_EXCEEDED",
            Self::MonitorEnvironmentRateLimited(_) => "MONITOR_ENVIRONMENT_RATELIMITED",
            Self::MonitorInvalidConfig(_) => "MONITOR_INVALID_CONFIG",
            Self::MonitorInvalidEnvironment(_) => "MONITOR_INVALID_ENVIRONMENT",
            Self::MonitorLimitExceeded(_) => "MONITOR_LIMIT_EXCEEDED",
            Self::MonitorNotFound | Self::MonitorOfRefusedStart | Self::MonitorWithoutSlug(_) => {
                "MONITOR_NOT_FOUND"
            }
            // Sentry has no name for it.
            Self::UnreadableRow(_) => "UNREADABLE_ROW",
        }
    }

    /// Hides the server's key in what it repeats of a check-in.
    pub fn hide(&mut self, mask: &Mask) {
        match self {
            Self::CheckInEnvironmentMismatch(text)
            | Self::CheckInInvalidGuid(text)
            | Self::CheckInValidationFailed(text)
            | Self::ConfigValueCut(text)
            | Self::MonitorInvalidConfig(text)
            | Self::MonitorInvalidEnvironment(text)
            | Self::MonitorWithoutSlug(text)
            | Self::UnreadableRow(text) => *text = mask.hide(text).into_owned(),
            Self::CheckInFinished
            | Self::CheckInInvalidDuration
            | Self::MonitorDisabled
            | Self::MonitorEnvironmentLimitExceeded(_)
            | Self::MonitorEnvironmentRateLimited(_)
            | Self::MonitorLimitExceeded(_)
            | Self::MonitorNotFound
            | Self::MonitorOfRefusedStart => {}
        }
    }

    /// Returns the outcome of a check-in that was refused for this reason, and Sentry's word for it.
    pub fn outcome(&self) -> (Outcome, &'static str) {
        match self {
            Self::MonitorEnvironmentRateLimited(_) => (Outcome::RateLimited, "rate_limited"),
            Self::MonitorDisabled => (Outcome::Filtered, "monitor_disabled"),
            Self::CheckInInvalidGuid(_) => (Outcome::Invalid, "invalid_guid"),
            Self::CheckInValidationFailed(_) | Self::ConfigValueCut(_) => {
                (Outcome::Invalid, "invalid_check_in")
            }
            Self::MonitorLimitExceeded(_) => (Outcome::Invalid, "monitor_limit_exceeded"),
            Self::MonitorNotFound
            | Self::MonitorOfRefusedStart
            | Self::MonitorWithoutSlug(_)
            | Self::MonitorInvalidConfig(_) => (Outcome::Invalid, "invalid_monitor"),
            Self::MonitorEnvironmentLimitExceeded(_) => {
                (Outcome::Invalid, "monitor_environment_limit_exceeded")
            }
            Self::MonitorInvalidEnvironment(_) => (Outcome::Invalid, "invalid_monitor_environment"),
            Self::CheckInEnvironmentMismatch(_) => (Outcome::Invalid, "monitor_environment_mismatch"),
            Self::UnreadableRow(_) => (Outcome::Invalid, "unreadable_row"),
            // Sentry counts these nowhere; here every refusal is counted.
            Self::CheckInFinished | Self::CheckInInvalidDuration => (Outcome::Invalid, "finished"),
        }
    }
}

impl std::fmt::Display for ProcessingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.name())?;
        match self {
            Self::CheckInEnvironmentMismatch(existing) => {
                write!(
                    f,
                    "this run belongs to {existing}; send both reports of a run with the same environment"
                )
            }
            Self::CheckInFinished => f.write_str("this run is over; use a new id for a new run"),
            Self::CheckInInvalidDuration => f.write_str("the run took longer than the server can count"),
            Self::CheckInInvalidGuid(reason)
            | Self::CheckInValidationFailed(reason)
            | Self::ConfigValueCut(reason)
            | Self::MonitorInvalidConfig(reason)
            | Self::MonitorInvalidEnvironment(reason)
            | Self::UnreadableRow(reason) => f.write_str(reason),
            Self::MonitorDisabled => f.write_str("the monitor is disabled; enable it to watch its job again"),
            Self::MonitorEnvironmentLimitExceeded(most) => {
                write!(f, "the monitor has {most} environments already; `max_environments` allows no more")
            }
            Self::MonitorEnvironmentRateLimited(most) => write!(
                f,
                "there were {most} check-ins of this monitor and environment in this minute already; `rate_limit` \
                 allows no more"
            ),
            Self::MonitorLimitExceeded(most) => {
                write!(f, "there are {most} monitors already; `max_monitors` allows no more")
            }
            Self::MonitorWithoutSlug(written) => {
                let written = quoted(written);
                write!(f, "monitor_slug: nothing of {written} is left as a slug; use a-z, 0-9, `-` and `_`")
            }
            Self::MonitorOfRefusedStart => f.write_str(
                "there is no such monitor, as the start of this run was refused for the reason given; send one that can be \
                 accepted",
            ),
            Self::MonitorNotFound => {
                f.write_str("there is no such monitor; send a `monitor_config` with a schedule to make it")
            }
        }
    }
}
