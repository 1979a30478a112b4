//! The results of queries: plain structs of the domain's types, whatever the backend.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::{
    Broken, CheckIn, EnvironmentStatus, Incident, Monitor, MonitorEnvironment, Occurrence, Outage, Status,
    is_muted, revision,
};

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
    /// Returns whether all environments are muted; without any, whether the first one will be.
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
    /// The times at which people were told that it lasts for weeks; `None` if it does not.
    pub broken: Option<Broken>,
    pub newest: Option<CheckIn>,
    /// The status of the newest failure, while the environment is in error.
    pub failing: Option<Status>,
}

/// A monitor with as much as counts, filters and orders over all monitors need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorSummary {
    pub id: Uuid,
    pub slug: String,
    /// The name for people.
    pub name: String,
    pub owner: Option<String>,
    pub enabled: bool,
    /// Whether the first environment will be muted.
    pub muted: bool,
    /// The environments, in the order of names.
    pub environments: Vec<EnvironmentSummary>,
}

/// An environment of a [`MonitorSummary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentSummary {
    pub name: String,
    pub status: EnvironmentStatus,
    pub muted: bool,
    /// The start of the newest check-in.
    pub last_check_in: Option<Timestamp>,
    /// The deadline after which the next run counts as missed.
    pub next_check_in_latest: Option<Timestamp>,
    /// The status of the newest check-in.
    pub newest: Option<Status>,
    /// The status of the newest failure, while the environment is in error.
    pub failing: Option<Status>,
}

/// A stretch of time, divided into buckets of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets {
    pub since: Timestamp,
    pub length: SignedDuration,
    pub count: u32,
}

impl Buckets {
    /// The end of the last bucket.
    pub fn until(&self) -> Timestamp {
        self.start(self.count)
    }

    /// The start of the bucket with this number; of that behind the last one, the end of all.
    pub fn start(&self, number: u32) -> Timestamp {
        let length = self.length.saturating_mul(i32::try_from(number).unwrap_or(i32::MAX));
        self.since.saturating_add(length).unwrap_or(Timestamp::MAX)
    }

    /// The number of the bucket that an instant is in; `None` before and behind all.
    pub fn number(&self, instant: Timestamp) -> Option<u32> {
        let after = instant.duration_since(self.since);
        if after.is_negative() {
            return None;
        }
        let number = after.as_micros() / self.length.as_micros().max(1);
        u32::try_from(number).ok().filter(|number| *number < self.count)
    }
}

/// The runs of an environment in a stretch of time, of each bucket the first of each kind at most: a bucket with a failure has its
/// failures, with or without other runs; one without has an `ok`, or else a run in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub monitor_slug: String,
    pub environment: String,
    /// Runs in the order of their starts. The first one may have begun before all buckets and reach into them.
    pub runs: Vec<RunMark>,
    /// The durations of the newest finished runs in milliseconds, the newest first.
    pub durations_ms: Vec<i64>,
}

/// A run as a timeline shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunMark {
    pub status: Status,
    pub started: Timestamp,
    /// The end, as far as it is known; `None` of a run in progress, and of one that never began.
    pub ended: Option<Timestamp>,
}

/// The check-ins that statistics count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsQuery {
    pub slugs: Vec<String>,
    /// The environments to count; empty: all.
    pub environments: Vec<String>,
    /// The earliest start, included.
    pub since: Timestamp,
    /// The latest start, excluded.
    pub until: Timestamp,
    /// The length of a bucket in seconds. Buckets begin at its multiples since 1970.
    pub resolution: i64,
}

/// The check-ins of one bucket, environment and status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsView {
    pub monitor_slug: String,
    pub environment: String,
    /// The start of the bucket in seconds since 1970.
    pub bucket: i64,
    pub status: Status,
    pub count: u32,
    /// The sum of the durations that are known.
    pub duration_ms: i64,
    /// The number of check-ins whose duration is known.
    pub timed: u32,
}

/// The check-ins of a monitor that a query asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckInFilter {
    /// The environments to list; empty: all.
    pub environments: Vec<String>,
    /// The earliest start, included; `None`: the first.
    pub since: Option<Timestamp>,
    /// The latest start, included; `None`: the last.
    pub until: Option<Timestamp>,
}

/// A check-in with the name of its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckInView {
    pub environment: String,
    pub check_in: CheckIn,
}

/// The place of a run in the list of runs, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunPlace {
    pub started: Timestamp,
    /// Orders runs with the same start.
    pub arrival_seq: i64,
}

/// A run with its place in the list, behind which the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    pub place: RunPlace,
    pub run: CheckInView,
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

/// A payload that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedView {
    /// The monitor that it is for; `None` if it is for no known one.
    pub monitor_slug: Option<String>,
    pub received: Timestamp,
    /// The payload as sent; of a long one, its beginning.
    pub payload: String,
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
    /// Sentry's word for the reason; `None` for accepted check-ins.
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

/// The stored data about check-ins, in order of arrival. Each tuple begins with the slug of the monitor and, where the row does not name
/// it, the environment.
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

/// A drill that reached all of its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofView {
    /// The time of the last delivery.
    pub at: Timestamp,
    /// The time from the start of the drill until then.
    pub took: SignedDuration,
}
