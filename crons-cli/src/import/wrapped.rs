//! The arguments of `crons run` for a job.

use std::collections::{HashMap, HashSet};

use crons_types::{MonitorConfig, Schedule, Timezone};
use jiff::{SignedDuration, Timestamp};

use super::words::shell_quoted;
use crate::clock_changes;

/// The most characters of a slug before a number.
const MAX_STEM: usize = 44;

/// Slugs that are taken by other jobs of the same output.
#[derive(Debug, Default)]
pub(super) struct Slugs {
    taken: HashSet<String>,
    /// The number that comes next behind a stem.
    numbers: HashMap<String, u32>,
}

impl Slugs {
    /// Takes the slug of a job that is wrapped already.
    pub(super) fn reserve(&mut self, slug: &str) {
        self.taken.insert(slug.to_owned());
    }

    /// Returns the slug, with a number behind it if another job has it.
    pub(super) fn unique(&mut self, slug: &str) -> String {
        if self.taken.insert(slug.to_owned()) {
            return slug.to_owned();
        }
        let stem = slug.chars().take(MAX_STEM).collect::<String>();
        let stem = stem.trim_end_matches(['-', '_']);
        let number = self.numbers.entry(stem.to_owned()).or_insert(2);
        loop {
            let candidate = format!("{stem}-{number}");
            *number += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
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
    /// The options of `crons run`.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut option = |name: &str, value: String| options.extend([name.to_owned(), value]);
        match &self.schedule {
            Schedule::Crontab(crontab) => {
                option("--schedule", crontab.as_str().to_owned());
                option("--timezone", self.timezone.to_string());
            }
            // An interval does not depend on a zone.
            Schedule::Interval(interval) => option("--interval", interval.to_string()),
        }
        if let Some(margin) = self.margin() {
            option("--checkin-margin", margin.to_string());
        }
        if let Some(longest) = self.longest {
            option("--max-runtime", minutes(longest).clamp(1, MonitorConfig::MAX_MAX_RUNTIME).to_string());
        }
        options
    }

    /// The arguments of `crons`, without the command of the job.
    pub(super) fn arguments(&self) -> Vec<String> {
        ["run".to_owned(), self.slug.clone()].into_iter().chain(self.options()).collect()
    }

    /// The words before the command of the job, for `sh`.
    pub(super) fn for_shell(&self, crons: &str) -> String {
        let words = std::iter::once(crons.to_owned()).chain(self.arguments());
        words.map(|word| shell_quoted(&word)).collect::<Vec<_>>().join(" ")
    }

    /// Warns of a delay of the scheduler that makes the margin so long that it hides missed runs.
    pub(super) fn margin_warning(&self) -> Option<String> {
        let config = MonitorConfig::new(self.schedule.clone()).checkin_margin(self.margin()?);
        config.ok()?.warning()
    }

    /// Warns of times that the clocks skip or repeat in the year after `now`, for schedulers that treat them unlike the server.
    pub(super) fn clock_warning(&self, now: Timestamp) -> Option<String> {
        clock_changes::warning(&self.schedule, self.timezone, now)
    }

    /// The margin in minutes; `None` for the default.
    fn margin(&self) -> Option<u32> {
        let margin = minutes(self.lateness).min(MonitorConfig::MAX_CHECKIN_MARGIN);
        (margin > MonitorConfig::DEFAULT_CHECKIN_MARGIN).then_some(margin)
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
        slugs.reserve("sync-2");
        assert_eq!(slugs.unique("sync"), "sync-3");
        let cut = format!("{}-{}", "b".repeat(43), "c".repeat(6));
        slugs.reserve(&cut);
        assert_eq!(slugs.unique(&cut), format!("{}-2", "b".repeat(43)), "no two dashes in a row");
    }

    #[test]
    fn many_jobs_of_one_name_are_numbered_in_time() {
        let mut slugs = Slugs::default();
        let last = (0..50_000).map(|_| slugs.unique("backup")).last();
        assert_eq!(last.as_deref(), Some("backup-50000"));
    }

    #[test]
    fn a_margin_that_hides_misses_gets_a_warning() {
        let warning = |crontab: &str, lateness| {
            let schedule = Schedule::crontab(crontab).unwrap();
            let lateness = SignedDuration::from_secs(lateness);
            let wrapped =
                Wrapped { slug: "a".to_owned(), schedule, timezone: Timezone::UTC, lateness, longest: None };
            wrapped.margin_warning().unwrap_or_default()
        };
        assert!(warning("0 0,12 * * *", 43_260).contains("721 minutes are not less than the 720"));
        assert_eq!(warning("0 0 * * *", 43_260), "");
        assert_eq!(warning("* * * * *", 60), "", "the default margin");
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
