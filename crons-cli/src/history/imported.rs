//! The history of one job, as a file has it.

use std::collections::HashMap;
use std::ops::Range;

use crons_server::ImportedRun;
use crons_types::MonitorConfig;
use jiff::Timestamp;
use serde_json::Value;

use super::unread::Unread;
use super::verdict::Verdict;

/// The history of a job.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The runs that the job has reported.
    pub(super) runs: Vec<ImportedRun>,
    /// The verdicts of the service, in the order of the file.
    pub(super) verdicts: Vec<Verdict>,
    /// The times in which the service was not receiving, as far as runs were expected in them.
    pub(super) outages: Vec<Range<Timestamp>>,
    /// Rows that cannot be read.
    pub(super) skipped: Vec<Skipped>,
    /// Rows that stand in the file twice, as pages of a list that goes on may.
    pub(super) repeated: usize,
}

/// A row that cannot be read.
#[derive(Debug)]
pub(super) struct Skipped {
    /// The place of the row, and the reason.
    pub(super) reason: String,
    /// The time of its run, if the row says that much.
    pub(super) unread: Option<Unread>,
}

impl History {
    /// Leaves a row out.
    pub(super) fn skip(&mut self, place: &str, reason: &str, row: &Value) {
        self.skipped.push(Skipped { reason: format!("{place}: {reason}"), unread: Unread::read(row) });
    }

    /// Adds rows that cannot be read and have a time. Their configuration is that of the other runs, or `config`; without either they count as
    /// rows without a time.
    pub(super) fn add_unread(&mut self, config: Option<MonitorConfig>) {
        let config = self.runs.first().map(|run| run.config.clone()).or(config);
        let mut skipped = std::mem::take(&mut self.skipped);
        for (number, row) in skipped.iter_mut().enumerate() {
            match (&row.unread, &config) {
                (Some(unread), Some(config)) => {
                    self.verdicts.push(unread.verdict(config));
                    self.runs.extend(unread.run(config, number));
                }
                _ => row.unread = None,
            }
        }
        self.skipped = skipped;
    }

    /// The number of rows whose runs may be counted as missed, as their time is not known.
    pub(super) fn without_time(&self) -> usize {
        self.skipped.iter().filter(|row| row.unread.is_none()).count()
    }

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
