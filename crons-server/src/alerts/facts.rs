//! The facts that messages consist of, each a value of the JSON that webhooks get.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{Failures, IncidentEventKind, RunFacts};

/// The event of the messages of a drill in the database.
pub(crate) const DRILL: &str = "drill";

/// The word of the key `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventName {
    Opened,
    /// A further failure while the incident is open.
    Failure,
    /// The incident is still open, some time after people were told.
    Reminder,
    Resolved,
    /// The environment has failed for two weeks.
    Broken,
    /// The environment was muted, since it has failed for two more weeks.
    Muted,
    /// A message of `crons alert test`.
    Test,
    /// A test of the path from rules to targets.
    Drill,
    /// A summary of a day.
    Digest,
    /// Another target has accepted no message for a while.
    TargetFailing,
    /// Another target that had failed accepts messages again.
    TargetRecovered,
}

impl EventName {
    /// The word in JSON, in the database and in the list of alerts.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Failure => "failure",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Broken => "broken",
            Self::Muted => "muted",
            Self::Test => "test",
            Self::Drill => DRILL,
            Self::Digest => "digest",
            Self::TargetFailing => "target_failing",
            Self::TargetRecovered => "target_recovered",
        }
    }

    /// Whether the message is about the server itself or all jobs, and not about a run.
    pub(super) fn is_about_server(self) -> bool {
        match self {
            Self::Opened | Self::Failure | Self::Reminder | Self::Resolved | Self::Broken | Self::Muted => {
                false
            }
            Self::Test | Self::Drill | Self::Digest | Self::TargetFailing | Self::TargetRecovered => true,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Monitor {
    pub(super) id: Uuid,
    pub(super) slug: String,
    /// `user:…` or `team:…`.
    pub(super) owner: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Incident {
    pub(super) id: Uuid,
    /// The start of the first of the failures that opened the incident.
    pub(super) started_at: Timestamp,
    pub(super) resolved_at: Option<Timestamp>,
    /// The length in whole seconds; `null` while the incident is open.
    pub(super) duration_s: Option<i64>,
    /// The number of failures since its start, by kind: `error`, `missed`, `timeout`.
    pub(super) failures: Failures,
}

/// The facts about the run of `check_in_id`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Run {
    /// `error`, `missed`, `timeout` or `ok`.
    pub(super) status: Cow<'static, str>,
    /// The time at which it began, or at which a missed run should have.
    pub(super) started_at: Timestamp,
    /// The time at which the schedule expected it; `null` if it was not expected.
    pub(super) expected_at: Option<Timestamp>,
    /// Milliseconds; `null` if unknown.
    pub(super) duration_ms: Option<i64>,
    /// Words of the job about the run, such as the end of its output.
    pub(super) note: Option<String>,
}

/// The addresses of pages about the event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Links {
    /// The page that explains the failed run, or the incident if it is resolved.
    pub(super) why: String,
    pub(super) monitor: String,
    /// The page that acknowledges the incident or mutes its environment, with the key that opens it; `null` unless the incident is open.
    #[serde(default)]
    pub(super) acknowledge: Option<String>,
}

/// The title and the text of a message about the server itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) text: String,
}

/// A message that was sent as part of a group.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Member {
    /// The id of the message.
    pub(super) id: Uuid,
    pub(super) event: EventName,
    pub(super) at: Timestamp,
    pub(super) fingerprint: String,
    pub(super) monitor: Monitor,
    pub(super) environment: String,
    pub(super) incident: Incident,
    pub(super) check_in_id: Uuid,
    pub(super) reason: Option<String>,
    pub(super) last_ok: Option<Timestamp>,
    #[serde(default)]
    pub(super) links: Option<Links>,
}

impl From<&RunFacts> for Run {
    fn from(facts: &RunFacts) -> Self {
        Self {
            status: Cow::Borrowed(facts.status.as_str()),
            started_at: facts.started_at,
            expected_at: facts.expected_at,
            duration_ms: facts.duration_ms,
            note: facts.note.as_deref().map(str::to_owned),
        }
    }
}

impl From<IncidentEventKind> for EventName {
    fn from(kind: IncidentEventKind) -> Self {
        match kind {
            IncidentEventKind::Opened | IncidentEventKind::Escalated => Self::Opened,
            IncidentEventKind::Failure => Self::Failure,
            IncidentEventKind::Reminder => Self::Reminder,
            IncidentEventKind::Resolved => Self::Resolved,
            IncidentEventKind::Broken => Self::Broken,
            IncidentEventKind::Muted => Self::Muted,
        }
    }
}
