//! The history that the inputs of a batch ask for, so that a store reads no other rows.

use std::collections::BTreeMap;

use crons_types::CheckInStatus;

use super::batch_keys::BatchKeys;
use super::model::{EnvironmentStatus, Status};
use super::snapshot::Snapshot;

/// The history of one environment that the inputs of a batch ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// The number of finished runs to read: so many of the newest, and so many up to each run of the environment that is in the snapshot.
    pub runs: usize,
    /// The newest run whose end the job itself has reported.
    pub reported: bool,
    /// The open incident.
    pub incident: bool,
}

/// The inputs of a batch that are about one environment.
#[derive(Debug, Clone, Copy, Default)]
struct Inputs {
    successes: bool,
    failures: bool,
    deadline: Option<Deadline>,
}

/// The deadline that may have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deadline {
    /// The deadline of the environment.
    Missed,
    /// The deadline of one of its runs, and perhaps that of the environment.
    TimedOut,
}

impl Snapshot {
    /// The history that the inputs of a batch ask for, by the index of the environment. The other rows are in the snapshot already.
    pub fn history_queries(&self, keys: &BatchKeys) -> BTreeMap<usize, HistoryQuery> {
        let mut inputs: BTreeMap<usize, Inputs> = BTreeMap::new();
        for key in &keys.check_ins {
            let monitor = self.monitor_at(&key.slug);
            let environment = monitor.and_then(|monitor| self.environment_at(monitor, &key.environment));
            let Some(environment) = environment else { continue };
            let of = inputs.entry(environment).or_default();
            of.successes |= key.status == CheckInStatus::Ok;
            of.failures |= key.status == CheckInStatus::Error;
            of.deadline = keys.overdue_until.map(|_| Deadline::TimedOut);
        }
        for row in &keys.missed {
            if let Some(environment) = self.environment_rows.get(row) {
                inputs.entry(*environment).or_default().deadline.get_or_insert(Deadline::Missed);
            }
        }
        for row in &keys.timed_out {
            let run = self.run_rows.get(row).map(|index| &self.runs[*index]);
            if let Some(Ok(environment)) = run.map(|run| &run.environment) {
                inputs.entry(*environment).or_default().deadline = Some(Deadline::TimedOut);
            }
        }
        let threshold = self.largest_threshold(keys);
        inputs
            .into_iter()
            .map(|(index, inputs)| (index, self.history_query(index, inputs, threshold)))
            .collect()
    }

    fn history_query(&self, environment: usize, inputs: Inputs, threshold: usize) -> HistoryQuery {
        let Inputs { successes, failures, deadline } = inputs;
        let (deadline, timeout) = (deadline.is_some(), deadline == Some(Deadline::TimedOut));
        let row = &self.environments[environment];
        let status = row.row.value.status;
        let opens = (failures || deadline) && (status != EnvironmentStatus::Error || successes);
        let resolves = successes && status != EnvironmentStatus::Ok;
        let has_failed = || row.runs.iter().any(|run| self.runs[*run].row.value.status == Status::Error);
        HistoryQuery {
            runs: if threshold > 1 && (opens || resolves) { threshold } else { 0 },
            reported: failures || timeout || has_failed(),
            incident: status == EnvironmentStatus::Error && (successes || failures || deadline),
        }
    }

    /// The largest threshold of the monitors, also as check-ins of the batch may change it.
    fn largest_threshold(&self, keys: &BatchKeys) -> usize {
        let stored = self.monitors.iter().map(|monitor| &monitor.value.config);
        let stored = stored.map(|config| config.failures().max(config.recoveries()));
        let brought = keys.check_ins.iter().map(|key| key.threshold);
        stored.chain(brought).max().unwrap_or(1)
    }
}
