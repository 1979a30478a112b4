//! Check-ins, each the row of a run, and the statuses of runs.

use jiff::Timestamp;
use uuid::Uuid;

use super::monitor::Config;
use crate::domain::decision::{Consequence, Decision};

/// A run, which is a row of check-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    pub guid: Uuid,
    pub status: Status,
    pub duration_ms: Option<i64>,
    pub date_added: Timestamp,
    pub date_updated: Timestamp,
    /// The minute of the server's clock in which it arrived.
    pub date_clock: Timestamp,
    /// The arrival of its begin; `None` if none arrived.
    pub date_in_progress: Option<Timestamp>,
    /// The time at which it was expected.
    pub expected_time: Option<Timestamp>,
    /// The deadline after which an open run counts as timed out.
    pub timeout_at: Option<Timestamp>,
    /// The last report of the job itself: of a run that timed out, how it ended after all.
    pub reported: Option<Status>,
    /// Whether a report about it was filtered while it was open: its monitor was disabled.
    pub unheard: bool,
    /// Words about the run from the job's side, such as why it failed and the end of its output; `None` if none came.
    pub note: Option<Box<str>>,
    /// The reason why it is missed, timed out, failed or unknown; `None` for other runs, and for those of earlier versions.
    pub decision: Option<Box<Decision>>,
    /// The id of the trace that the run belongs to, by which its errors are found; `None` if no report named one.
    pub trace: Option<Uuid>,
    /// The configuration of the monitor at that time.
    pub config: Config,
}

impl CheckIn {
    /// The incident that this failure opened or was counted in; `None` without one.
    pub fn incident(&self) -> Option<Uuid> {
        match self.decision.as_ref()?.consequence.as_ref()? {
            Consequence::Opened { incident, .. } => Some(*incident),
            Consequence::Further { incident } => *incident,
            Consequence::BelowThreshold { .. } | Consequence::Superseded { .. } => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Unknown,
    Ok,
    Error,
    InProgress,
    Missed,
    Timeout,
}

impl Status {
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::Ok, Self::Error, Self::InProgress, Self::Missed, Self::Timeout];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::InProgress => "in_progress",
            Self::Missed => "missed",
            Self::Timeout => "timeout",
        }
    }

    /// Returns whether the job itself reported how the run ended.
    pub fn is_reported_end(self) -> bool {
        matches!(self, Self::Ok | Self::Error)
    }

    /// Returns whether a run of this status counts for thresholds: neither open nor unknown.
    pub fn is_finished(self) -> bool {
        !matches!(self, Self::InProgress | Self::Unknown)
    }
}

impl From<crons_types::CheckInStatus> for Status {
    fn from(reported: crons_types::CheckInStatus) -> Self {
        match reported {
            crons_types::CheckInStatus::InProgress => Self::InProgress,
            crons_types::CheckInStatus::Ok => Self::Ok,
            crons_types::CheckInStatus::Error => Self::Error,
        }
    }
}

/// A run that is over, as thresholds see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedRun {
    pub guid: Uuid,
    pub status: Status,
    pub date_added: Timestamp,
    /// The place of the run in the order of arrival, by which runs of one instant are ordered.
    pub arrival_seq: i64,
}
