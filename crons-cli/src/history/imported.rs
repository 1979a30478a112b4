//! The history of one job, as a file has it.

use std::collections::HashMap;
use std::ops::Range;

use crons_server::ImportedRun;
use crons_types::MonitorConfig;
use jiff::Timestamp;

/// The history of a job.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The runs that the job has reported.
    pub(super) runs: Vec<ImportedRun>,
    /// The verdicts of the service, in the order of the file.
    pub(super) verdicts: Vec<Verdict>,
    /// The times in which the service was not receiving, as far as runs were expected in them.
    pub(super) outages: Vec<Range<Timestamp>>,
    /// Rows that cannot be read, each with its place and the reason.
    pub(super) skipped: Vec<String>,
    /// Rows that stand in the file twice, as pages of a list that goes on may.
    pub(super) repeated: usize,
}

/// The verdict of the service on a run.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) environment: String,
    /// The start of the run; of a missed one the time at which it was expected.
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    /// The failures in a row that open an incident.
    pub(super) failures: u32,
    /// The successes in a row that resolve one.
    pub(super) recoveries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok,
    Failed,
    Missed,
    /// The service does not know: it was not receiving.
    Unknown,
}

impl Verdict {
    pub(super) fn new(environment: &str, at: Timestamp, kind: Kind, config: &MonitorConfig) -> Self {
        Self {
            environment: environment.to_owned(),
            at,
            kind,
            failures: config.get_failure_issue_threshold().unwrap_or(1),
            recoveries: config.get_recovery_threshold().unwrap_or(1),
        }
    }
}

impl History {
    /// The first report of each environment.
    pub(super) fn begins(&self) -> HashMap<String, Timestamp> {
        let mut begins: HashMap<String, Timestamp> = HashMap::new();
        for run in &self.runs {
            if let Some(at) = run.started.or(run.ended.map(|(at, _)| at)) {
                let first = begins.entry(run.environment.clone()).or_insert(at);
                *first = at.min(*first);
            }
        }
        begins
    }

    /// Prepares the history for a replay. Drops the verdicts from before the first report of each environment, as the replay does not know
    /// the monitor there, and merges outages that touch.
    pub(super) fn prepare(&mut self) {
        let begins = self.begins();
        self.verdicts
            .retain(|verdict| begins.get(&verdict.environment).is_some_and(|begin| *begin <= verdict.at));
        self.outages.sort_by_key(|outage| outage.start);
        self.outages.dedup_by(|next, outage| {
            let touches = next.start <= outage.end;
            if touches {
                outage.end = outage.end.max(next.end);
            }
            touches
        });
    }

    /// The first and the last instant of the history; `None` if it is empty.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let runs = self.runs.iter().flat_map(|run| [run.started, run.ended.map(|(at, _)| at)]).flatten();
        let all = || runs.clone().chain(self.verdicts.iter().map(|verdict| verdict.at));
        Some((all().min()?, all().max()?))
    }
}
