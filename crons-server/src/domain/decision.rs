//! The reasons of decisions, stored with the rows that they are about, so that people can read them later.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::silenced::Silenced;

/// The reason why a run counts as missed, timed out, failed or unknown, and what followed from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub cause: Cause,
    /// `None` for a run that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<Consequence>,
    /// Whether the environment was muted, so that nobody was notified.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
    /// The silence that kept the message about it back; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced: Option<Silenced>,
}

/// The reason for the status of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The job itself reported at this time that the run failed.
    Reported { at: Timestamp },
    /// A deadline has passed.
    Deadline(PassedAt),
    /// A deadline has passed, and the server was not receiving from `since` to `until`.
    Outage { passed: PassedAt, since: Timestamp, until: Timestamp },
    /// The monitor was disabled until this time, and reports of it were refused.
    Disabled { until: Timestamp },
}

/// A deadline that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedAt {
    pub deadline: Timestamp,
    /// The minute of the server's clock in which it was evaluated.
    pub evaluated_at: Timestamp,
    /// The report of the run from which the deadline counts; `None` for a run that did not begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_report: Option<Timestamp>,
}

/// The effect of a failure on incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// The failure was the last of `threshold` in a row, and opened this incident.
    Opened { incident: Uuid, threshold: u32 },
    /// An incident was open already; `None` if its row is lost.
    Further { incident: Option<Uuid> },
    /// The failures in a row are fewer than the threshold. `last_ok` is the successful run before them; `None` if the history begins
    /// with them.
    BelowThreshold { failures: u32, threshold: u32, last_ok: Option<RunRef> },
    /// A run that began later had already ended.
    Superseded { by: RunRef },
}

/// A reference to another run of the same environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRef {
    pub id: Uuid,
    /// The time of its start.
    pub began: Timestamp,
}

/// The decision that opened an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    pub at: Timestamp,
    /// The last of the failures that opened it.
    pub check_in: Uuid,
    /// The number of failures in a row that it took.
    pub threshold: u32,
}

impl Cause {
    /// The time of the decision.
    pub(crate) fn decided_at(&self) -> Timestamp {
        match self {
            Self::Reported { at } => *at,
            Self::Deadline(passed) | Self::Outage { passed, .. } => passed.evaluated_at,
            Self::Disabled { until } => *until,
        }
    }
}

impl Decision {
    /// A decision from which nothing has followed yet.
    pub(super) fn new(cause: Cause) -> Box<Self> {
        Box::new(Self { cause, consequence: None, muted: false, silenced: None })
    }
}
