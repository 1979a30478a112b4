//! The arguments of `crons run` for a job.

use std::collections::HashSet;

use crons_types::{MonitorConfig, Schedule, Timezone};
use jiff::SignedDuration;

use super::words::shell_quoted;

/// Slugs that are taken by other jobs of the same output.
#[derive(Debug, Default)]
pub(super) struct Slugs(HashSet<String>);

impl Slugs {
    /// Returns the slug, with a number behind it if another job has it.
    pub(super) fn unique(&mut self, slug: &str) -> String {
        let mut numbered =
            (2..).map(|number| format!("{}-{number}", slug.chars().take(44).collect::<String>()));
        let mut candidate = slug.to_owned();
        while !self.0.insert(candidate.clone()) {
            candidate = numbered.next().unwrap_or_default();
        }
        candidate
    }
}

/// A job as `crons run` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) slug: String,
    pub(super) schedule: Schedule,
    pub(super) timezone: Timezone,
    /// The longest delay with which the scheduler itself may start the job.
    pub(super) lateness: SignedDuration,
    /// The time for which the scheduler lets the job run; `None` for any time.
    pub(super) longest: Option<SignedDuration>,
}

impl Wrapped {
    /// The arguments of `crons`, without the command of the job.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["run".to_owned(), self.slug.clone()];
        let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
        match &self.schedule {
            Schedule::Crontab(crontab) => {
                option("--schedule", crontab.as_str().to_owned());
                option("--timezone", self.timezone.to_string());
            }
            // An interval does not depend on a zone.
            Schedule::Interval(interval) => option("--interval", interval.to_string()),
        }
        let margin = minutes(self.lateness).min(MonitorConfig::MAX_CHECKIN_MARGIN);
        if margin > MonitorConfig::DEFAULT_CHECKIN_MARGIN {
            option("--checkin-margin", margin.to_string());
        }
        if let Some(longest) = self.longest {
            option("--max-runtime", minutes(longest).clamp(1, MonitorConfig::MAX_MAX_RUNTIME).to_string());
        }
        arguments
    }

    /// The words before the command of the job, for `sh`.
    pub(super) fn for_shell(&self, crons: &str) -> String {
        let words = std::iter::once(crons.to_owned()).chain(self.arguments());
        words.map(|word| shell_quoted(&word)).collect::<Vec<_>>().join(" ")
    }
}

/// Minutes, a part of one counted as one.
fn minutes(time: SignedDuration) -> u32 {
    u32::try_from(time.as_millis().max(0).unsigned_abs().div_ceil(60_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_that_is_taken_gets_a_number() {
        let mut slugs = Slugs::default();
        let long = "a".repeat(50);
        let taken = ["backup", "backup", "sync", "backup", &long, &long].map(|slug| slugs.unique(slug));
        let shortened = format!("{}-2", "a".repeat(44));
        assert_eq!(taken, ["backup", "backup-2", "sync", "backup-3", &long, &shortened]);
    }

    #[test]
    fn arguments_name_schedule_zone_margin_and_longest_run() {
        let mut wrapped = Wrapped {
            slug: "backup".to_owned(),
            schedule: Schedule::crontab("0 3 * * *").unwrap(),
            timezone: Timezone::parse("Europe/Vienna").unwrap(),
            lateness: SignedDuration::ZERO,
            longest: None,
        };
        let shown = wrapped.for_shell("/opt/my crons");
        assert_eq!(shown, "'/opt/my crons' run backup --schedule '0 3 * * *' --timezone Europe/Vienna");
        wrapped.lateness = SignedDuration::from_secs(61);
        wrapped.longest = Some(SignedDuration::from_secs(3_600));
        wrapped.schedule = Schedule::interval("90 minutes").unwrap();
        let shown = wrapped.for_shell("crons");
        assert_eq!(shown, "crons run backup --interval '90 minutes' --checkin-margin 2 --max-runtime 60");
    }
}
