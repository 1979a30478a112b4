//! The results of queries: plain structs of the domain's types, whatever the backend.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{CheckIn, Incident, Monitor, MonitorEnvironment, Occurrence, Outage, is_muted, revision};

/// The part of a list that a query returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows of the list before the page.
    pub skip: u32,
    /// Rows of the page, at most.
    pub limit: u32,
}

/// A page of a list. Rows that cannot be read are left out, but they count, so that the pages after them are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Whether the list goes on behind this page.
    pub more: bool,
}

/// A monitor with its environments, those that need attention first.
#[derive(Debug, Clone, PartialEq)]
pub struct MonitorView {
    pub monitor: Monitor,
    pub environments: Vec<EnvironmentView>,
}

impl MonitorView {
    /// Whether all environments are muted; without any, whether the first one will be.
    pub fn is_muted(&self) -> bool {
        is_muted(&self.monitor, self.environments.iter().map(|view| &view.environment))
    }

    /// The revision of what a person can change.
    pub fn revision(&self) -> u64 {
        revision(&self.monitor, self.environments.iter().map(|view| &view.environment))
    }
}

/// An environment with its newest check-in.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentView {
    pub environment: MonitorEnvironment,
    /// The start of the incident that is not resolved; `None` without one.
    pub incident_since: Option<Timestamp>,
    pub newest: Option<CheckIn>,
}

/// A check-in with the name of its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckInView {
    pub environment: String,
    pub check_in: CheckIn,
}

/// An incident with its monitor and environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentView {
    pub monitor_guid: Uuid,
    pub monitor_slug: String,
    pub monitor_name: String,
    pub environment: String,
    pub incident: Incident,
}

/// An incident with the failures that people were notified of, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentDetail {
    pub view: IncidentView,
    pub occurrences: Vec<Occurrence>,
}

/// The incidents that a query asks for; `None` takes all.
#[derive(Debug, Clone, Copy, Default)]
pub struct IncidentFilter<'a> {
    pub monitor_slug: Option<&'a str>,
    pub environment: Option<&'a str>,
    /// `true` for resolved incidents, `false` for open ones.
    pub resolved: Option<bool>,
    /// Incidents that started before this instant.
    pub before: Option<Timestamp>,
}

/// A payload that was refused, or accepted with remarks, and the reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessingErrorsView {
    pub received: Timestamp,
    /// The payload as sent; of a long one, its beginning.
    pub payload: String,
    /// Whether the check-in counts all the same.
    pub accepted: bool,
    pub errors: Vec<ErrorView>,
}

/// A reason, by Sentry's name and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorView {
    pub name: String,
    pub message: String,
}

/// The number of check-ins of one hour, monitor, outcome and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageView {
    /// The start of the hour.
    pub hour: Timestamp,
    /// The slug; `None` for check-ins of no known monitor.
    pub monitor: Option<String>,
    pub outcome: String,
    /// Sentry's word; `None` for accepted check-ins.
    pub reason: Option<String>,
    pub count: u32,
}

/// An alert with the state of its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertView {
    pub id: Uuid,
    pub target: String,
    pub event: String,
    pub incident: Uuid,
    pub check_in: Uuid,
    pub created: Timestamp,
    pub attempts: u32,
    /// `None` once the alert is delivered or expired.
    pub next_attempt: Option<Timestamp>,
    pub delivered: Option<Timestamp>,
    pub expired: Option<Timestamp>,
    pub last_answer: Option<String>,
}

/// Everything that is stored about check-ins, in order of arrival. Each tuple begins with the slug of the monitor and, where the row does
/// not name it, the environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Export {
    pub check_ins: Vec<(String, String, CheckIn)>,
    pub environments: Vec<(String, MonitorEnvironment)>,
    pub incidents: Vec<(String, String, Incident)>,
    pub occurrences: Vec<(String, String, Occurrence)>,
    /// Outages of the server, oldest first.
    pub outages: Vec<Outage>,
    /// The last instant at which the server is known to have received; `None` before its first.
    pub last_heartbeat: Option<Timestamp>,
}
