//! The flags that change a configuration for a replay.

use crons_server::ConfigChange;
use crons_types::{Interval, Minutes, Schedule, Timezone};

use crate::values;

/// The changes to the stored configurations.
#[derive(clap::Args)]
pub(crate) struct ChangeArguments {
    /// Replay with this crontab.
    #[arg(long, value_name = "CRONTAB", conflicts_with = "interval", value_parser = |text: &str| Schedule::crontab(text))]
    schedule: Option<Schedule>,
    /// Replay with this interval, such as "10 minutes".
    #[arg(long, value_name = "SPAN", value_parser = |text: &str| text.parse::<Interval>())]
    interval: Option<Interval>,
    /// Replay with this time zone.
    #[arg(long, value_name = "TZ")]
    timezone: Option<Timezone>,
    /// Replay with this margin, in minutes or as "1 hour".
    #[arg(long, value_name = "MARGIN", value_parser = |text: &str| Minutes::parse(text))]
    checkin_margin: Option<Minutes>,
    /// Replay with this longest run time, in minutes or as "1 hour".
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Minutes::parse(text))]
    max_runtime: Option<Minutes>,
    /// Open an incident after this many failures in a row, 1 to 720.
    #[arg(long, value_name = "N", value_parser = values::threshold)]
    failure_issue_threshold: Option<u32>,
    /// Resolve an incident after this many successes in a row, 1 to 720.
    #[arg(long, value_name = "N", value_parser = values::threshold)]
    recovery_threshold: Option<u32>,
}

impl ChangeArguments {
    /// The names of the arguments, for groups.
    pub(crate) const NAMES: [&str; 7] = [
        "schedule",
        "interval",
        "timezone",
        "checkin_margin",
        "max_runtime",
        "failure_issue_threshold",
        "recovery_threshold",
    ];

    pub(crate) fn into_config(self) -> ConfigChange {
        ConfigChange {
            schedule: self.schedule.or(self.interval.map(Schedule::Interval)),
            timezone: self.timezone,
            checkin_margin: self.checkin_margin.map(Minutes::get),
            max_runtime: self.max_runtime.map(Minutes::get),
            failure_issue_threshold: self.failure_issue_threshold,
            recovery_threshold: self.recovery_threshold,
        }
    }
}
