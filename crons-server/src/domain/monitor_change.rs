//! The values that people give a monitor when they create or change it.

use crons_types::{Schedule, Slug, Timezone};

use super::model::Config;

/// A monitor to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMonitor {
    pub slug: Slug,
    /// `None`: the slug.
    pub name: Option<String>,
    pub enabled: bool,
    /// Whether its first environment begins muted.
    pub muted: bool,
    pub owner: Option<String>,
    pub config: Config,
}

/// A change of a monitor. `None` leaves a field as it is; an inner `None` takes its value away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MonitorChange {
    pub slug: Option<Slug>,
    pub name: Option<Option<String>>,
    pub owner: Option<Option<String>>,
    pub enabled: Option<bool>,
    /// Mutes or unmutes all environments, and the first one of a monitor that has none.
    pub muted: Option<bool>,
    pub schedule: Option<Schedule>,
    pub checkin_margin: Option<Option<u32>>,
    pub max_runtime: Option<Option<u32>>,
    pub timezone: Option<Option<Timezone>>,
    pub failure_issue_threshold: Option<Option<u32>>,
    pub recovery_threshold: Option<Option<u32>>,
}

impl MonitorChange {
    /// Returns whether the change may move the deadlines of open runs.
    pub fn changes_runtime(&self) -> bool {
        self.max_runtime.is_some()
    }

    pub(super) fn apply_to(&self, config: &mut Config) {
        if let Some(schedule) = &self.schedule {
            config.schedule = schedule.clone();
        }
        config.timezone = self.timezone.unwrap_or(config.timezone);
        config.checkin_margin = self.checkin_margin.unwrap_or(config.checkin_margin);
        config.max_runtime = self.max_runtime.unwrap_or(config.max_runtime);
        config.failure_issue_threshold =
            self.failure_issue_threshold.unwrap_or(config.failure_issue_threshold);
        config.recovery_threshold = self.recovery_threshold.unwrap_or(config.recovery_threshold);
    }
}
