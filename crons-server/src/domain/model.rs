//! The things the server keeps: monitors, their environments, check-ins, incidents.

use crons_types::{Schedule, Slug, Timezone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decision::{Consequence, Decision, Opening};
use super::follow_up::FollowUp;
use super::silenced::Withheld;

/// The only project of the server.
pub const PROJECT: u64 = 1;

/// The source of ids of new rows: random on the server, counted in a simulation.
pub type NewId<'a> = &'a mut dyn FnMut() -> Uuid;

/// A job that is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    pub guid: Uuid,
    pub project: u64,
    pub slug: Slug,
    /// The name for people; `None`: the slug.
    pub name: Option<String>,
    /// The first two spellings of the slug, one a line; `None` if none is known.
    pub spelling: Option<String>,
    /// The deadlines of a disabled monitor are not evaluated, and its check-ins are refused.
    pub enabled: bool,
    /// Whether the configuration comes along with check-ins.
    pub upserting: bool,
    pub config: Config,
    /// The last change of `config` and `owner`.
    pub configured: Configured,
    pub owner: Option<String>,
    /// Whether the first environment begins muted. A later one begins muted if all others are.
    pub muted: bool,
    pub date_created: Timestamp,
}

impl Monitor {
    /// The longest name in characters, as at Sentry.
    pub const MAX_NAME: usize = 128;

    /// The name for people.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.slug.as_str())
    }
}

/// The last change of a configuration: its author and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configured {
    pub by: Author,
    pub at: Timestamp,
}

/// The author of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The job itself: its check-ins bring the configuration along.
    Code,
    /// A person, by the API or a page.
    Person,
}

impl Author {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Person => "person",
        }
    }
}

/// The configuration of a monitor. `None` where it was not given, which is not the same as the default.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Config {
    pub schedule: Schedule,
    /// The margin in minutes.
    pub checkin_margin: Option<u32>,
    /// The longest run in minutes.
    pub max_runtime: Option<u32>,
    pub timezone: Option<Timezone>,
    pub failure_issue_threshold: Option<u32>,
    pub recovery_threshold: Option<u32>,
}

impl Config {
    /// Minutes a check-in may be late.
    pub fn margin(&self) -> u32 {
        self.checkin_margin.unwrap_or(crons_types::MonitorConfig::DEFAULT_CHECKIN_MARGIN).max(1)
    }

    /// Minutes a run may take.
    pub fn runtime(&self) -> u32 {
        self.max_runtime.unwrap_or(crons_types::MonitorConfig::DEFAULT_MAX_RUNTIME).max(1)
    }

    /// Failures that open an incident.
    pub fn failures(&self) -> usize {
        self.failure_issue_threshold.unwrap_or(1).max(1) as usize
    }

    /// Successes that resolve one.
    pub fn recoveries(&self) -> usize {
        self.recovery_threshold.unwrap_or(1).max(1) as usize
    }

    /// The zone of the schedule.
    pub fn zone(&self) -> Timezone {
        self.timezone.unwrap_or_default()
    }
}

/// A monitor in one environment, which is the unit that has a status and incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorEnvironment {
    pub name: String,
    pub status: EnvironmentStatus,
    pub muted: bool,
    pub date_created: Timestamp,
    /// The start of the newest check-in.
    pub last_check_in: Option<Timestamp>,
    /// The start of the next expected run.
    pub next_check_in: Option<Timestamp>,
    /// The deadline after which that run counts as missed.
    pub next_check_in_latest: Option<Timestamp>,
    /// The start of the newest successful run.
    pub last_ok: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentStatus {
    /// No run has ended yet.
    Active,
    Ok,
    Error,
}

impl EnvironmentStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

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

/// A time in which a monitor failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub guid: Uuid,
    /// The start of the first of the failures that opened it.
    pub started_at: Timestamp,
    pub starting_check_in: Uuid,
    /// The decision that opened it; `None` for incidents of earlier versions.
    pub opening: Option<Opening>,
    /// The arrival of the report that resolved it, never before `started_at`; the run of the report may have begun earlier.
    pub resolved_at: Option<Timestamp>,
    pub resolving_check_in: Option<Uuid>,
    /// The number of successes in a row that resolved it; `None` while it is open, and for incidents of earlier versions.
    pub recovery_threshold: Option<u32>,
    /// Failures since it began.
    pub failures: Failures,
    /// Whether people were notified that it opened; they are not while the environment is muted.
    pub notified: bool,
    /// The person who has it in hand, and since when: no further failures are notified.
    pub acknowledged: Option<Acknowledgement>,
    /// The message about it that a silence keeps back, or kept back last; `None` if none did.
    pub withheld: Option<Withheld>,
    /// `None` unless it has lasted so long that its environment counts as broken.
    pub broken: Option<Broken>,
    /// The reminders and escalations; `None` until people are notified that it opened.
    pub follow_up: Option<FollowUp>,
}

/// An environment that has failed for weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// The time at which people were told.
    pub detected_at: Timestamp,
    /// The time at which the environment was muted for it.
    pub muted_at: Option<Timestamp>,
}

impl Incident {
    /// Records that people were notified at `at` that it opened. `first` is the shortest time after which a rule tells them again.
    pub(super) fn begin_follow_up(&mut self, at: Timestamp, first: Option<SignedDuration>) {
        self.follow_up = Some(FollowUp::new(at, first));
    }

    /// The instant at which the next reminder or escalation is decided; `None` if there is none, or if it is resolved.
    pub fn follow_up_due(&self) -> Option<Timestamp> {
        self.follow_up.filter(|_| self.resolved_at.is_none()).and_then(|follow_up| follow_up.due)
    }

    /// Records that no message about it is kept back any more.
    pub(super) fn settle_withheld(&mut self) {
        if let Some(withheld) = &mut self.withheld {
            withheld.pending = false;
        }
    }

    /// The instant at which a silence ends that keeps a message about it back; `None` if none does.
    pub fn withheld_until(&self) -> Option<Timestamp> {
        self.withheld.as_ref().filter(|withheld| withheld.pending).map(|withheld| withheld.silence.until)
    }
}

/// The acknowledgement of an incident by a person who has it in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub at: Timestamp,
    /// The name of the person, as that person has given it.
    pub by: String,
}

/// The most monitors and environments that clients can create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Monitors of a project.
    pub monitors: u32,
    /// Environments of a monitor.
    pub environments: u32,
}

impl Default for Quotas {
    /// Returns Sentry's quotas.
    fn default() -> Self {
        Self { monitors: 1_500, environments: 1_000 }
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

/// Returns the start of the minute that `instant` lies in.
pub fn truncate_to_minute(instant: Timestamp) -> Timestamp {
    // Minutes before 1970 would round the other way; the server's clock is never there.
    Timestamp::from_second(instant.as_second().div_euclid(60) * 60).unwrap_or(instant)
}

/// The first full minute that is not before `instant`: a deadline within a minute is evaluated at its end.
pub fn evaluation_minute(instant: Timestamp) -> Timestamp {
    const ALMOST_A_MINUTE: SignedDuration = SignedDuration::new(59, 999_999_999);
    truncate_to_minute(instant.saturating_add(ALMOST_A_MINUTE).unwrap_or(instant))
}

/// Failures, counted by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Failures {
    pub error: u32,
    pub missed: u32,
    pub timeout: u32,
}

impl Failures {
    pub(super) fn count(&mut self, status: Status) {
        let kind = match status {
            Status::Error => &mut self.error,
            Status::Missed => &mut self.missed,
            Status::Timeout => &mut self.timeout,
            Status::Ok | Status::InProgress | Status::Unknown => return,
        };
        *kind = kind.saturating_add(1);
    }
}
