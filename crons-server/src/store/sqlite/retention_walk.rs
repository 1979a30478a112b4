//! The walk of a sweep through the runs of one environment, from the newest to the oldest.

use rusqlite::{Connection, OptionalExtension, params};

use super::deletion::DELETED;
use super::expired::{Cutoffs, LOOKED_AT, limit};
use crate::store::error::StoreError;
use crate::store::expired::Expired;

/// The most entries of the index that are counted to tell whether an environment needs a walk.
const COUNTED: u32 = 20_000;
/// The largest threshold that a configuration can have, assumed for one that cannot be read.
const MOST_THRESHOLD: u32 = 720;

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
    starting_check_in: Vec<u8>,
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
    /// Begins the walk through the environment with the next row id after `after`; `None` if there is none.
    pub(super) fn next(connection: &Connection, after: i64) -> Result<Option<Self>, StoreError> {
        let mut statement = connection.prepare_cached(
            "SELECT e.id, iif(json_valid(m.config), max(1, coalesce(m.config ->> 'failure_issue_threshold', 1),
                 coalesce(m.config ->> 'recovery_threshold', 1)), ?3), i.id, i.started_at, i.starting_check_in
             FROM environments e JOIN monitors m ON m.id = e.monitor_id
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             WHERE e.id > ?1 AND e.monitor_id > ?2 ORDER BY e.id LIMIT 1",
        )?;
        let found = statement.query_row(params![after, DELETED, MOST_THRESHOLD], |row| {
            let incident = match row.get(2)? {
                Some(id) => {
                    Some(OpenIncident { id, started_at: row.get(3)?, starting_check_in: row.get(4)? })
                }
                None => None,
            };
            Ok(Self {
                environment: row.get(0)?,
                thresholds: row.get(1)?,
                incident,
                position: (i64::MAX, i64::MAX),
                successes: Kind::default(),
                others: Kind::default(),
                finished: Kind::default(),
                runs_done: false,
            })
        });
        Ok(found.optional()?)
    }

    /// Reads a page, and adds the rows to delete to `expired` as far as that has room. Returns the number of rows read, and whether the walk
    /// is at its end.
    pub(super) fn step(
        &mut self,
        connection: &Connection,
        cutoffs: Cutoffs,
        expired: &mut Expired,
    ) -> Result<(usize, bool), StoreError> {
        if self.runs_done || self.position.0 == i64::MAX && self.keeps_all_runs(connection, cutoffs)? {
            self.runs_done = true;
            return self.occurrences(connection, cutoffs, expired);
        }
        let mut statement = connection.prepare_cached(
            "SELECT id, date_added, status, guid FROM check_ins
             WHERE environment_id = ?1 AND (date_added, id) < (?2, ?3) ORDER BY date_added DESC, id DESC LIMIT ?4",
        )?;
        let mut rows =
            statement.query(params![self.environment, self.position.0, self.position.1, limit(LOOKED_AT)])?;
        let mut read = 0;
        while let Some(row) = rows.next()? {
            if expired.room() == 0 {
                return Ok((read, false));
            }
            read += 1;
            let (id, date_added) = (row.get(0)?, row.get(1)?);
            let (status, guid) = (row.get_ref(2)?.as_str(), row.get_ref(3)?.as_blob());
            self.position = (date_added, id);
            // A run that cannot be read is kept.
            let (Ok(status), Ok(guid)) = (status, guid) else { continue };
            if self.is_expired(cutoffs, status, guid, date_added) {
                expired.newest = expired.newest.max(date_added);
                expired.check_ins.push(id);
            }
        }
        self.runs_done = read < LOOKED_AT;
        Ok((read, false))
    }

    /// Returns whether the index alone shows that no run is too old, and that there are not too many.
    fn keeps_all_runs(&self, connection: &Connection, cutoffs: Cutoffs) -> Result<bool, StoreError> {
        let most = cutoffs.check_ins.min(COUNTED);
        let (count, oldest): (u32, Option<i64>) = connection
            .prepare_cached(
                "SELECT (SELECT count(*) FROM (SELECT 1 FROM check_ins WHERE environment_id = ?1 LIMIT ?2)),
                 (SELECT min(date_added) FROM check_ins WHERE environment_id = ?1)",
            )?
            .query_row(params![self.environment, i64::from(most) + 1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let before = cutoffs.success_before.max(cutoffs.failure_before);
        Ok(count <= most && oldest.is_none_or(|oldest| oldest >= before))
    }

    /// Returns whether a run is too old or one too many, and neither a threshold nor the open incident needs it.
    ///
    /// Runs of an open incident are never too old. They can be too many, except for its first: a job that is not run any more misses for
    /// years.
    fn is_expired(&mut self, cutoffs: Cutoffs, status: &str, guid: &[u8], date_added: i64) -> bool {
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
        let is_start = self.incident.as_ref().is_some_and(|incident| incident.starting_check_in == guid);
        (too_many || too_old) && unneeded && !is_start
    }

    /// Finds the occurrences of the open incident beyond the number of runs that are kept.
    fn occurrences(
        &self,
        connection: &Connection,
        cutoffs: Cutoffs,
        expired: &mut Expired,
    ) -> Result<(usize, bool), StoreError> {
        let Some(incident) = &self.incident else { return Ok((0, true)) };
        let room = expired.room();
        let mut statement = connection.prepare_cached(
            "SELECT id FROM occurrences WHERE incident_id = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
        )?;
        let found =
            statement.query_map(params![incident.id, limit(room), cutoffs.check_ins], |row| row.get(0))?;
        let found = found.collect::<Result<Vec<i64>, _>>()?;
        let read = found.len();
        expired.occurrences.extend(found);
        Ok((read, read < room))
    }
}
