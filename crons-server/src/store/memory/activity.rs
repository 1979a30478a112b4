//! Summaries of monitors, and their runs by time, computed from every row.

use std::collections::BTreeMap;

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::tables::Tables;
use crate::domain::{CheckIn, EnvironmentStatus, Monitor, Status};
use crate::store::limits::DURATION_SAMPLES;
use crate::store::views::{
    Activity, Buckets, CheckInView, EnvironmentSummary, MonitorSummary, RunMark, StatsQuery, StatsView,
};

/// Failures and unknown runs, in the order in which a bucket shows them.
const FAILED: [Status; 4] = [Status::Unknown, Status::Error, Status::Timeout, Status::Missed];

impl Tables {
    /// The wanted monitors with their row ids, in the order of slugs.
    pub fn monitors_by_slug(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<(i64, &Monitor)> {
        let wanted = self.monitors.iter().filter(|(_, monitor)| is_wanted(monitor.slug.as_str()));
        let mut found: Vec<_> = wanted.map(|(id, monitor)| (*id, monitor)).collect();
        found.sort_by_key(|(_, monitor)| monitor.slug.as_str());
        found
    }

    /// The status of the newest failure of an environment that is in error.
    pub fn failing(&self, environment: i64) -> Option<Status> {
        if self.environments[&environment].value.status != EnvironmentStatus::Error {
            return None;
        }
        let newest = self.newest_runs(environment);
        let is_failure = |status: Status| FAILED.contains(&status) && status != Status::Unknown;
        newest.iter().map(|(_, run)| run.status).find(|status| is_failure(*status))
    }

    pub fn summaries(&self) -> Vec<MonitorSummary> {
        let summary = |(id, monitor): (i64, &Monitor)| {
            let mut environments: Vec<_> = self
                .environments_of(id)
                .map(|(id, row)| EnvironmentSummary {
                    name: row.name.clone(),
                    status: row.status,
                    muted: row.muted,
                    last_check_in: row.last_check_in,
                    next_check_in_latest: row.next_check_in_latest,
                    newest: self.newest_runs(id).first().map(|(_, run)| run.status),
                    failing: self.failing(id),
                })
                .collect();
            environments.sort_by(|a, b| a.name.cmp(&b.name));
            MonitorSummary {
                id: monitor.guid,
                slug: monitor.slug.to_string(),
                name: monitor.name().to_owned(),
                owner: monitor.owner.clone(),
                enabled: monitor.enabled,
                muted: monitor.muted,
                environments,
            }
        };
        self.monitors_by_slug(|_| true).into_iter().map(summary).collect()
    }

    pub fn stats(&self, query: &StatsQuery) -> Vec<StatsView> {
        let mut counts: BTreeMap<(String, i64, String, &'static str), StatsView> = BTreeMap::new();
        for row in self.runs.values() {
            let (slug, environment) = self.names(row.parent);
            let run = &row.value;
            let is_wanted = query.slugs.contains(&slug)
                && (query.environments.is_empty() || query.environments.contains(&environment))
                && run.date_added >= query.since
                && run.date_added < query.until;
            if !is_wanted {
                continue;
            }
            let bucket = run.date_added.as_second().div_euclid(query.resolution) * query.resolution;
            let key = (slug.clone(), bucket, environment.clone(), run.status.as_str());
            let counted = counts.entry(key).or_insert(StatsView {
                monitor_slug: slug,
                environment,
                bucket,
                status: run.status,
                count: 0,
                duration_ms: 0,
                timed: 0,
            });
            counted.count += 1;
            counted.duration_ms += run.duration_ms.unwrap_or_default();
            counted.timed += u32::from(run.duration_ms.is_some());
        }
        counts.into_values().collect()
    }

    pub fn activity(&self, slugs: &[String], buckets: Buckets) -> Vec<Activity> {
        let mut found = Vec::new();
        for (monitor, row) in self.monitors_by_slug(|slug| slugs.iter().any(|named| named == slug)) {
            let mut environments: Vec<_> = self.environments_of(monitor).collect();
            environments.sort_by_key(|(_, row)| row.name.as_str());
            for (id, environment) in environments {
                let newest = self.newest_runs(id);
                let sampled = newest.iter().take(DURATION_SAMPLES as usize).map(|(_, run)| *run);
                found.push(Activity {
                    monitor_slug: row.slug.to_string(),
                    environment: environment.name.clone(),
                    runs: marks(newest.iter().rev().map(|(_, run)| *run), buckets),
                    durations_ms: sampled
                        .filter(|run| run.status.is_reported_end())
                        .filter_map(|run| run.duration_ms)
                        .collect(),
                });
            }
        }
        found
    }

    pub fn runs_between(
        &self,
        slug: &str,
        environment: Option<&str>,
        time: Range<Timestamp>,
        limit: u32,
    ) -> Vec<CheckInView> {
        let Some(monitor) = self.monitor_id(slug) else { return Vec::new() };
        let environments = self.environments_of(monitor);
        let wanted = environments.filter(|(_, row)| environment.is_none_or(|name| row.name == name));
        let runs = wanted.flat_map(|(id, row)| self.runs_of(id).map(move |(id, run)| (id, run, row)));
        let mut runs: Vec<_> = runs.filter(|(_, run, _)| time.contains(&run.date_added)).collect();
        runs.sort_by_key(|(id, run, _)| (!FAILED.contains(&run.status), run.date_added, *id));
        runs.into_iter()
            .take(limit as usize)
            .map(|(_, run, row)| CheckInView { environment: row.name.clone(), check_in: run.clone() })
            .collect()
    }
}

/// The marks of runs that come in the order of their starts.
fn marks<'a>(runs: impl Iterator<Item = &'a CheckIn>, buckets: Buckets) -> Vec<RunMark> {
    let runs: Vec<RunMark> = runs.map(mark).collect();
    let before = runs.iter().rfind(|run| run.started < buckets.since);
    let is_long = |run: &&RunMark| {
        run.status == Status::InProgress || run.ended.is_some_and(|ended| ended > buckets.since)
    };
    let mut marks: Vec<RunMark> = before.filter(is_long).copied().into_iter().collect();
    for number in 0..buckets.count {
        let bucket: Vec<&RunMark> =
            runs.iter().filter(|run| buckets.number(run.started) == Some(number)).collect();
        let first = |status: Status| bucket.iter().find(|run| run.status == status);
        let mut kinds: Vec<RunMark> = FAILED.into_iter().filter_map(first).map(|run| **run).collect();
        if kinds.is_empty() {
            kinds.extend(first(Status::Ok).or_else(|| first(Status::InProgress)).map(|run| **run));
        }
        kinds.sort_by_key(|run| run.started);
        marks.extend(kinds);
    }
    marks
}

fn mark(run: &CheckIn) -> RunMark {
    let ended = match run.status {
        Status::InProgress | Status::Missed => None,
        Status::Timeout => run.timeout_at,
        Status::Ok | Status::Error | Status::Unknown => match run.duration_ms {
            Some(milliseconds) => run.date_added.checked_add(SignedDuration::from_millis(milliseconds)).ok(),
            None => run.date_in_progress.and(Some(run.date_updated)),
        },
    };
    RunMark { status: run.status, started: run.date_added, ended }
}
