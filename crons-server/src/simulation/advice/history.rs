//! The part of a monitor's history that advice looks at.

use crons_types::calendar::{next_after, previous_before};
use jiff::{SignedDuration, Timestamp};

use crate::domain::{CheckIn, JobReport, Monitor, Outage, Status};
use crate::simulation::replay::reports_of;

/// Runs of an environment that are read, at most.
pub(crate) const HISTORY: u32 = 1_000;

/// The newest runs of one environment.
#[derive(Debug)]
pub(crate) struct History<'a> {
    pub monitor: &'a Monitor,
    /// The runs, newest first.
    pub runs: &'a [CheckIn],
    pub outages: &'a [Outage],
}

/// A run that the job has reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub at: Timestamp,
    /// The last expected time up to it.
    pub before: Option<Timestamp>,
    /// The first expected time after it.
    pub after: Option<Timestamp>,
}

impl History<'_> {
    /// The newest runs that had the schedule of today, newest first: runs of an earlier schedule prove nothing about this one.
    fn current(&self) -> impl Iterator<Item = &CheckIn> {
        let today = &self.monitor.config;
        self.runs
            .iter()
            .take(HISTORY as usize)
            .take_while(move |run| run.config.schedule == today.schedule && run.config.zone() == today.zone())
    }

    /// The reports of the job, in the order of time.
    pub(super) fn reports(&self) -> Vec<JobReport> {
        let mut reports = Vec::new();
        for run in self.current().filter(|run| run.reported.is_some()) {
            reports.extend(reports_of(run).into_iter().map(|(at, status, duration_ms)| JobReport {
                run: run.guid,
                at: at.max(run.date_added),
                status,
                duration_ms,
            }));
        }
        // Runs are newest first, so of one instant the later arrival would come first.
        reports.reverse();
        reports.sort_by_key(|report| (report.at, report.status.is_terminal()));
        reports
    }

    /// The runs that the job has reported, oldest first.
    pub(super) fn starts(&self) -> Vec<Start> {
        let config = &self.monitor.config;
        let mut starts: Vec<Timestamp> =
            self.current().filter(|run| run.reported.is_some()).map(|run| run.date_added).collect();
        starts.sort();
        let around = |at: Timestamp| Start {
            at,
            before: at
                .checked_add(SignedDuration::from_nanos(1))
                .ok()
                .and_then(|behind| previous_before(&config.schedule, &config.zone(), at, behind)),
            after: next_after(&config.schedule, &config.zone(), at),
        };
        starts.into_iter().map(around).collect()
    }

    /// The ends that arrived, each as the whole minutes after the minute of its run's start within which it was not late.
    pub(super) fn runtimes(&self) -> Vec<i64> {
        let runs = self.current().filter_map(|run| {
            let begin = run.date_in_progress.filter(|begin| *begin <= run.date_updated)?;
            run.reported.filter(|reported| reported.is_reported_end())?;
            Some(run.date_updated.as_second().div_euclid(60) - begin.as_second().div_euclid(60) + 1)
        });
        runs.collect()
    }

    /// The number of stored runs of this status.
    pub(super) fn stored(&self, status: Status) -> usize {
        self.current().filter(|run| run.status == status).count()
    }
}
