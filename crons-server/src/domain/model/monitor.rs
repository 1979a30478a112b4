//! Monitors, their configurations and their environments, as they are stored.

use crons_types::{Schedule, Slug, Timezone};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
