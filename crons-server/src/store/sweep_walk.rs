//! The walk of a sweep through the runs of one environment, from the newest to the oldest, whatever the database.

use serde::Deserialize;
use uuid::Uuid;

use super::error::StoreError;
use super::expired::Expired;
use super::rows::{StoredRow, get, maybe, text};

/// The approximate number of rows that one step of a sweep reads.
pub(super) const LOOKED_AT: usize = 5_000;
/// The most entries of the index that are counted to tell whether an environment needs a walk.
const COUNTED: u32 = 20_000;
/// The largest threshold that a configuration can have, assumed for one that cannot be read.
const MOST_THRESHOLD: u32 = 720;

/// The bounds of one sweep, instants in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cutoffs {
    /// Successful runs that started before are too old.
    pub success_before: i64,
    /// The other rows, such as failed runs, incidents and usage, are too old if they are from before this.
    pub failure_before: i64,
    /// The number of successful runs to keep of each environment, and of others.
    pub check_ins: u32,
}

impl Cutoffs {
    /// The number of runs that an environment without a walk has at most.
    fn most_runs(&self) -> i64 {
        self.check_ins.min(COUNTED).into()
    }

    /// The number of runs of an environment that are to be counted, at most.
    pub(super) fn counted(&self) -> i64 {
        self.most_runs() + 1
    }
}

/// A run as a walk reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalkedRun<'row> {
    pub id: i64,
    /// The start, in microseconds.
    pub date_added: i64,
    /// The status and the id; `None` of a run that cannot be read.
    pub run: Option<(&'row str, Uuid)>,
}

/// The statements of a walk.
pub(super) trait WalkRows {
    /// The walks through the next environments that are not deleted, by row id after `after`: at least one, unless there is none.
    fn walks_after(&self, after: i64, cutoffs: Cutoffs) -> Result<Vec<Walk>, StoreError>;

    /// Reads the runs of an environment before a start and a row id, the newest first, as long as `visit` returns `true`.
    fn runs_before(
        &self,
        environment: i64,
        position: (i64, i64),
        limit: i64,
        visit: &mut dyn FnMut(WalkedRun<'_>) -> bool,
    ) -> Result<(), StoreError>;

    /// The occurrences of an incident behind the newest `skip` ones.
    fn occurrences_behind(&self, incident: i64, skip: u32, limit: i64) -> Result<Vec<i64>, StoreError>;
}

/// The walk through one environment, and how far it has come.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) environment: i64,
    /// The number of finished runs that the monitor's thresholds look at.
    thresholds: u32,
    incident: Option<OpenIncident>,
    /// The start of the last run that was read, in microseconds, and its row id.
    position: (i64, i64),
    successes: Kind,
    others: Kind,
    finished: Kind,
    /// Whether all runs were read, so that occurrences are next.
    runs_done: bool,
}

#[derive(Debug)]
struct OpenIncident {
    id: i64,
    started_at: i64,
    /// `None` if it cannot be read.
    starting_check_in: Option<Uuid>,
}

/// A kind of runs: the number of those read, and the start of the oldest one that is within the number to keep.
#[derive(Debug, Default)]
struct Kind {
    seen: u32,
    last_kept: Option<i64>,
}

impl Kind {
    /// Counts a run. Returns whether it started before `most` runs of its kind.
    fn is_beyond(&mut self, most: u32, date_added: i64) -> bool {
        self.seen = self.seen.saturating_add(1);
        if self.seen == most.max(1) {
            self.last_kept = Some(date_added);
        }
        self.last_kept.is_some_and(|last| date_added < last)
    }
}

impl Walk {
    /// Begins a walk: the row id of the environment, the config of its monitor, the open incident as `id, started_at, starting_check_in`, the
    /// number of runs, of which at most [`Cutoffs::counted`] are counted, and the start of the oldest one.
    pub(super) fn of_row<R: StoredRow>(row: &R, cutoffs: Cutoffs) -> Result<Self, R::Error> {
        let incident = match maybe(row, 2)? {
            Some(id) => {
                Some(OpenIncident { id, started_at: get(row, 3)?, starting_check_in: get(row, 4).ok() })
            }
            None => None,
        };
        let (count, oldest): (i64, Option<i64>) = (get(row, 5)?, maybe(row, 6)?);
        let before = cutoffs.success_before.max(cutoffs.failure_before);
        Ok(Self {
            environment: get(row, 0)?,
            thresholds: text(row, 1).map_or(MOST_THRESHOLD, thresholds),
            incident,
            position: (i64::MAX, i64::MAX),
            successes: Kind::default(),
            others: Kind::default(),
            finished: Kind::default(),
            // The index alone shows that no run is too old, and that there are not too many.
            runs_done: count <= cutoffs.most_runs() && oldest.is_none_or(|oldest| oldest >= before),
        })
    }

    /// Reads a page, and adds the rows to delete to `expired` as far as that has room. Returns the number of rows read, and whether the walk
    /// is at its end.
    pub(super) fn step(
        &mut self,
        rows: &impl WalkRows,
        cutoffs: Cutoffs,
        expired: &mut Expired,
    ) -> Result<(usize, bool), StoreError> {
        if self.runs_done {
            return self.occurrences(rows, cutoffs, expired);
        }
        let (mut read, mut full) = (0, false);
        let limit = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
        rows.runs_before(
            self.environment,
            self.position,
            limit,
            &mut |WalkedRun { id, date_added, run }| {
                full = expired.room() == 0;
                if full {
                    return false;
                }
                read += 1;
                self.position = (date_added, id);
                // A run that cannot be read is kept.
                if let Some((status, guid)) = run
                    && self.is_expired(cutoffs, status, guid, date_added)
                {
                    expired.newest = expired.newest.max(date_added);
                    expired.check_ins.push(id);
                }
                true
            },
        )?;
        self.runs_done = !full && read < LOOKED_AT;
        Ok((read, false))
    }

    /// Returns whether a run is too old or one too many, and neither a threshold nor the open incident needs it.
    ///
    /// Runs of an open incident are never too old. They can be too many, except for its first: a job that is not run any more misses for
    /// years.
    fn is_expired(&mut self, cutoffs: Cutoffs, status: &str, guid: Uuid, date_added: i64) -> bool {
        let (kind, before) = match status {
            "ok" => (&mut self.successes, cutoffs.success_before),
            "error" | "missed" | "timeout" | "unknown" => (&mut self.others, cutoffs.failure_before),
            _ => return false,
        };
        let too_many = kind.is_beyond(cutoffs.check_ins, date_added);
        let started = self.incident.as_ref().map_or(i64::MAX, |incident| incident.started_at);
        let too_old = date_added < before.min(started);
        let unneeded = if status == "unknown" {
            self.finished.last_kept.is_some_and(|last| date_added < last)
        } else {
            self.finished.is_beyond(self.thresholds, date_added)
        };
        let is_start =
            self.incident.as_ref().is_some_and(|incident| incident.starting_check_in == Some(guid));
        (too_many || too_old) && unneeded && !is_start
    }

    /// Finds the occurrences of the open incident beyond the number of runs that are kept.
    fn occurrences(
        &self,
        rows: &impl WalkRows,
        cutoffs: Cutoffs,
        expired: &mut Expired,
    ) -> Result<(usize, bool), StoreError> {
        let Some(incident) = &self.incident else { return Ok((0, true)) };
        let room = expired.room();
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let found = rows.occurrences_behind(incident.id, cutoffs.check_ins, limit)?;
        let read = found.len();
        expired.occurrences.extend(found);
        Ok((read, read < room))
    }
}

/// The part of a config that a walk needs.
#[derive(Deserialize)]
struct Thresholds {
    failure_issue_threshold: Option<u32>,
    recovery_threshold: Option<u32>,
}

/// The number of finished runs that the thresholds of a config look at.
fn thresholds(config: &str) -> u32 {
    let Ok(config) = serde_json::from_str::<Thresholds>(config) else { return MOST_THRESHOLD };
    config.failure_issue_threshold.max(config.recovery_threshold).unwrap_or(1).max(1)
}
