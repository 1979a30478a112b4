//! A check-in as it reaches the core: read, bounded, and stamped with the time it arrived.

use crons_types::{CheckInId, CheckInStatus, Schedule, Slug, Timezone};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One check-in. Serialisable, because one that ends a run of an unknown monitor is kept for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckInEvent {
    pub project: u64,
    pub monitor_slug: Slug,
    /// As written; `production` if nothing was.
    pub environment: String,
    /// Nil: the run of this environment that began last and is not over, else a new one.
    pub check_in_id: CheckInId,
    pub status: CheckInStatus,
    pub duration_ms: Option<i64>,
    /// A check-in that is kept for later never has one.
    #[serde(skip)]
    pub config: Option<ConfigUpdate>,
    pub received: Timestamp,
}

/// A configuration that came with a check-in.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigUpdate {
    Valid(Box<ConfigPatch>),
    /// Refused, with the reason: a known monitor keeps what it has, an unknown one is not made.
    Invalid(String),
}

/// What a configuration says: for each key that can be absent, null or a value, those three.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigPatch {
    pub schedule: Schedule,
    pub checkin_margin: Option<Option<u32>>,
    pub max_runtime: Option<Option<u32>>,
    pub timezone: Option<Option<Timezone>>,
    pub failure_issue_threshold: Option<Option<u32>>,
    pub recovery_threshold: Option<Option<u32>>,
    pub owner: Option<String>,
    /// There was an owner, and it was none.
    pub owner_refused: bool,
}

/// Why a check-in was refused, by Sentry's names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessingError {
    /// The run belongs to another environment, monitor or project; where.
    CheckInEnvironmentMismatch(String),
    CheckInFinished,
    CheckInInvalidDuration,
    CheckInValidationFailed(String),
    MonitorDisabled,
    MonitorInvalidConfig(String),
    MonitorInvalidEnvironment(String),
    MonitorNotFound,
}

impl ProcessingError {
    /// Sentry's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CheckInEnvironmentMismatch(_) => "CHECKIN_ENVIRONMENT_MISMATCH",
            Self::CheckInFinished => "CHECKIN_FINISHED",
            Self::CheckInInvalidDuration => "CHECKIN_INVALID_DURATION",
            Self::CheckInValidationFailed(_) => "CHECKIN_VALIDATION_FAILED",
            Self::MonitorDisabled => "MONITOR_DISABLED",
            Self::MonitorInvalidConfig(_) => "MONITOR_INVALID_CONFIG",
            Self::MonitorInvalidEnvironment(_) => "MONITOR_INVALID_ENVIRONMENT",
            Self::MonitorNotFound => "MONITOR_NOT_FOUND",
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
            Self::CheckInValidationFailed(reason)
            | Self::MonitorInvalidConfig(reason)
            | Self::MonitorInvalidEnvironment(reason) => f.write_str(reason),
            Self::MonitorDisabled => f.write_str("the monitor is disabled; enable it to watch its job again"),
            Self::MonitorNotFound => {
                f.write_str("there is no such monitor; send a `monitor_config` with a schedule to make it")
            }
        }
    }
}
