//! The facts of a digest, which are the key `digest` of the JSON that webhooks get.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::Failures;

/// The jobs that a section lists at most, so that the JSON of a digest stays below a megabyte.
const MAX_LISTED: usize = 250;

/// The facts of a digest about the time from `since` on and before `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestFacts {
    pub since: Timestamp,
    pub until: Timestamp,
    /// The number of monitors that are not disabled.
    pub jobs: usize,
    pub failed: Section<FailedJob>,
    pub slow: Section<SlowJob>,
    pub never_ran: Section<IdleJob>,
    pub muted: Section<QuietJob>,
}

/// The jobs of which one thing is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Section<T> {
    /// The number of all of them.
    pub count: usize,
    /// The first ones.
    pub jobs: Vec<T>,
}

/// A job in an environment of which a run has failed, or that still fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailedJob {
    pub slug: String,
    pub environment: String,
    /// The failures of the time of the digest.
    pub failures: Failures,
    /// The start of the incident that is open; `null` if none is.
    pub failing_since: Option<Timestamp>,
}

/// A job in an environment that ran for much longer than it usually does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlowJob {
    pub slug: String,
    pub environment: String,
    /// The number of slow runs.
    pub runs: usize,
    /// The start of the longest one.
    pub started_at: Timestamp,
    /// The length of the longest one in milliseconds.
    pub duration_ms: i64,
    /// The median of the newest runs in milliseconds.
    pub median_ms: i64,
}

/// A job that was expected to run and did not begin once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdleJob {
    pub slug: String,
    /// `null` for a monitor that has had no check-in at all.
    pub environment: Option<String>,
    /// The number of runs that were missed.
    pub missed: u32,
    /// The start of the newest successful run.
    pub last_ok: Option<Timestamp>,
}

/// A job whose failures nobody is told of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuietJob {
    pub slug: String,
    /// `null` for a monitor that is disabled, or that has no environment yet.
    pub environment: Option<String>,
    pub reason: QuietReason,
    /// The end of the silence; `null` if it has none.
    pub until: Option<Timestamp>,
    /// The start of the incident that is open; `null` if none is.
    pub failing_since: Option<Timestamp>,
}

/// The reason why nobody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QuietReason {
    Muted,
    Disabled,
    /// A silence or a maintenance window.
    Silenced,
}

impl QuietReason {
    pub(super) const ALL: [Self; 3] = [Self::Muted, Self::Silenced, Self::Disabled];

    /// The word for people.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Muted => "muted",
            Self::Disabled => "disabled",
            Self::Silenced => "silenced",
        }
    }
}

impl Section<QuietJob> {
    /// Returns the jobs by their reason, each with a word and the number of all of them. If the section does not list all jobs, the reasons of
    /// the others are not known: then all stand behind one word.
    pub(super) fn by_reason(&self) -> Vec<(&'static str, usize, Vec<&QuietJob>)> {
        if self.count > self.jobs.len() {
            return vec![("without alerts", self.count, self.jobs.iter().collect())];
        }
        let all = QuietReason::ALL.map(|reason| {
            let jobs: Vec<&QuietJob> = self.jobs.iter().filter(|job| job.reason == reason).collect();
            (reason.word(), jobs.len(), jobs)
        });
        all.into_iter().filter(|(_, count, _)| *count > 0).collect()
    }
}

impl<T> Section<T> {
    /// Returns the section of these jobs, of which it lists the first ones.
    pub(crate) fn of(mut jobs: Vec<T>) -> Self {
        let count = jobs.len();
        jobs.truncate(MAX_LISTED);
        Self { count, jobs }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2024-06-03T{time}Z").parse().unwrap()
    }

    /// A digest with this number of jobs in the section of failures, and one in each other.
    pub(crate) fn facts(failed: usize) -> DigestFacts {
        let failed = (0..failed).map(|number| FailedJob {
            slug: format!("job-{number}"),
            environment: "production".to_owned(),
            failures: Failures { error: 1, missed: 2, timeout: 0 },
            failing_since: (number == 0).then(|| at("01:00:00")),
        });
        let [slug, environment] = ["a-job", "pro_duction"].map(str::to_owned);
        DigestFacts {
            since: "2024-06-02T08:00:00Z".parse().unwrap(),
            until: at("08:00:00"),
            jobs: 12,
            failed: Section::of(failed.collect()),
            slow: Section::of(vec![SlowJob {
                slug: slug.clone(),
                environment: environment.clone(),
                runs: 2,
                started_at: at("02:00:00"),
                duration_ms: 7_500_000,
                median_ms: 2_400_000,
            }]),
            never_ran: Section::of(vec![IdleJob {
                slug: slug.clone(),
                environment: None,
                missed: 0,
                last_ok: None,
            }]),
            muted: Section::of(vec![QuietJob {
                slug,
                environment: Some(environment),
                reason: QuietReason::Silenced,
                until: Some(at("09:00:00")),
                failing_since: None,
            }]),
        }
    }

    /// A digest of a day on which all went well.
    pub(crate) fn nothing(jobs: usize) -> DigestFacts {
        let empty = facts(0);
        DigestFacts {
            jobs,
            slow: Section::of(Vec::new()),
            never_ran: Section::of(Vec::new()),
            muted: Section::of(Vec::new()),
            ..empty
        }
    }

    #[test]
    fn a_long_list_is_counted_and_cut() {
        let facts = facts(10_000);
        assert_eq!((facts.failed.count, facts.failed.jobs.len()), (10_000, 250));
    }
}
