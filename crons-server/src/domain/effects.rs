//! Notifications of failures and incidents.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::model::{CheckIn, Incident, Monitor, MonitorEnvironment, Status};

/// A failure that people are notified of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    pub check_in: Uuid,
    /// The time of the notification.
    pub at: Timestamp,
    /// Sentry's sentence: "A missed check-in was detected".
    pub reason: String,
}

/// The notifications that follow from a check-in or a deadline.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effects {
    pub occurrences: Vec<Occurrence>,
    pub incident_events: Vec<IncidentEvent>,
}

/// The kind of an [`IncidentEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentEventKind {
    /// The number of failures reached the threshold of the monitor.
    Opened,
    /// A further failure while it is open.
    Failure,
    /// The incident is still open, some time after people were notified.
    Reminder,
    /// The incident is still open and unacknowledged, and other people are to be notified.
    Escalated,
    /// The environment has recovered.
    Resolved,
    /// The environment has failed for two weeks.
    Broken,
    /// The environment was muted, since it has failed for two more weeks.
    Muted,
}

/// An event of an incident, with everything that an alert contains.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentEvent {
    pub kind: IncidentEventKind,
    /// The time of the decision.
    pub at: Timestamp,
    pub monitor: Monitor,
    /// The environment after the event; `last_ok` in it is the start of the newest run that ended well.
    pub environment: MonitorEnvironment,
    pub incident: Incident,
    /// The run that failed last, or that resolved the incident; the run that opened it in a reminder, an escalation, and a message that it
    /// was opened that a silence kept back.
    pub check_in: Uuid,
    /// The facts about that run that a message shows; `None` if its row was not loaded, as in a reminder and after a silence.
    pub run: Option<RunFacts>,
    /// Sentry's sentence about the failures; none if it is resolved.
    pub reason: Option<String>,
}

/// The facts about a run that a message shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    pub status: Status,
    /// The time at which it began, or at which a missed run should have.
    pub started_at: Timestamp,
    pub expected_at: Option<Timestamp>,
    pub duration_ms: Option<i64>,
    pub note: Option<Box<str>>,
}

impl From<&CheckIn> for RunFacts {
    fn from(row: &CheckIn) -> Self {
        Self {
            status: row.status,
            started_at: row.date_added,
            expected_at: row.expected_time,
            duration_ms: row.duration_ms,
            note: row.note.clone(),
        }
    }
}

impl IncidentEvent {
    /// Sentry's title of the issue.
    pub fn title(&self) -> String {
        title(self.monitor.name())
    }

    /// The fingerprint of the environment: a tool that groups by it shows all its incidents as one issue that comes back.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.monitor.guid, &self.environment.name)
    }

    /// Sentry's tags.
    pub fn tags(&self) -> [(&'static str, String); 4] {
        tags(self.monitor.guid, self.monitor.slug.as_str(), self.incident.guid, &self.environment.name)
    }

    /// The tags that the filters of alert rules look at.
    pub fn filter_tags(&self) -> Vec<(&'static str, String)> {
        let Monitor { guid, slug, owner, .. } = &self.monitor;
        filter_tags(*guid, slug.as_str(), owner.as_deref(), Some(self.incident.guid), &self.environment.name)
    }
}

/// The tags that filters look at: Sentry's, and the owner. A tag is missing for `None`.
pub fn filter_tags(
    monitor: Uuid,
    monitor_slug: &str,
    owner: Option<&str>,
    incident: Option<Uuid>,
    environment: &str,
) -> Vec<(&'static str, String)> {
    let mut tags = Vec::from(tags(monitor, monitor_slug, incident.unwrap_or_default(), environment));
    tags.retain(|(key, _)| incident.is_some() || *key != "monitor.incident");
    tags.extend(owner.map(|owner| ("owner", owner.to_owned())));
    tags
}

/// Sentry's level of all failures, whatever they are.
pub const LEVEL: &str = "error";

/// Sentry's title of a failure.
pub fn title(monitor_name: &str) -> String {
    format!("Cron failure: {monitor_name}")
}

/// The fingerprint of all incidents of an environment.
pub fn fingerprint(monitor: Uuid, environment: &str) -> String {
    format!("crons:{monitor}:{environment}")
}

/// Sentry's tags.
pub fn tags(
    monitor: Uuid,
    monitor_slug: &str,
    incident: Uuid,
    environment: &str,
) -> [(&'static str, String); 4] {
    [
        ("monitor.id", monitor.to_string()),
        ("monitor.slug", monitor_slug.to_owned()),
        ("monitor.incident", incident.to_string()),
        ("environment", environment.to_owned()),
    ]
}
