//! What need not be kept any more.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};

use super::StoreError;
use super::rows::Micros;
use super::sqlite::SqliteRecords;
use crate::settings::Retention;

/// Environments that are looked at in one transaction.
const ENVIRONMENTS: u32 = 50;
/// After this many rows the transaction ends, so that others do not wait for long.
const ROWS: u32 = 500;
/// Pages that are given back in one transaction: 1 MiB.
const PAGES: u32 = 256;
const HOURS_A_DAY: i64 = 24;

/// One walk through all environments.
#[derive(Debug)]
pub struct Sweep {
    now: Timestamp,
    kept: Retention,
    /// The environment that was done last.
    after: i64,
    /// Check-ins that were deleted so far.
    pub deleted: usize,
}

impl Sweep {
    pub fn new(now: Timestamp, kept: Retention) -> Self {
        Self { now, kept, after: 0, deleted: 0 }
    }

    fn before(&self, days: u32) -> Timestamp {
        let age = SignedDuration::from_hours(i64::from(days) * HOURS_A_DAY);
        self.now.checked_sub(age).unwrap_or(Timestamp::MIN)
    }
}

impl SqliteRecords<'_> {
    pub(super) fn sweep_some(&self, sweep: &mut Sweep) -> Result<bool, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT id FROM environments WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let environments: Vec<i64> = statement
            .query_map(params![sweep.after, ENVIRONMENTS], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut in_this_step = 0;
        for id in &environments {
            let successes = self.delete_old(
                *id,
                "c.status = 'ok'",
                sweep.before(sweep.kept.success_days),
                sweep.kept.check_ins,
            )?;
            let others = self.delete_old(
                *id,
                "c.status IN ('error', 'missed', 'timeout', 'unknown')",
                sweep.before(sweep.kept.failure_days),
                sweep.kept.check_ins,
            )?;
            self.delete_told(*id, sweep.kept.check_ins)?;
            sweep.deleted += successes + others;
            in_this_step += successes + others;
            if successes.max(others) < ROWS as usize {
                sweep.after = *id;
            }
            if in_this_step >= ROWS as usize {
                return Ok(true);
            }
        }
        if environments.is_empty() {
            self.delete_history(sweep)?;
        }
        Ok(!environments.is_empty())
    }

    pub(super) fn give_pages_back(&self) -> Result<bool, StoreError> {
        let free: u32 = self.0.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        if free > 0 {
            let mut statement = self.0.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut freed = statement.query([])?;
            // Each step frees a page.
            while freed.next()?.is_some() {}
        }
        // A file that could not be rewritten when it was opened gives nothing back.
        let left: u32 = self.0.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        Ok(0 < left && left < free)
    }

    /// Deletes runs that are too old or too many, but not those that thresholds still look at. Of an open incident none is
    /// too old, but the first is all that it needs: a job that nobody runs any more fails for years.
    fn delete_old(
        &self,
        environment: i64,
        of: &str,
        before: Timestamp,
        most: u32,
    ) -> Result<usize, StoreError> {
        // The oldest that is within the number.
        let oldest: Option<i64> = self
            .0
            .prepare_cached(&format!(
                "SELECT c.date_added FROM check_ins c WHERE c.environment_id = ?1 AND {of}
                 ORDER BY c.date_added DESC LIMIT 1 OFFSET ?2"
            ))?
            .query_row(params![environment, most.saturating_sub(1)], |row| row.get(0))
            .optional()?;
        let deleted = self
            .0
            .prepare_cached(&format!(
                "DELETE FROM check_ins WHERE id IN (
                 SELECT c.id FROM check_ins c WHERE c.environment_id = ?1 AND {of} AND c.date_added < min(
                     max(?3, min(?2, coalesce((SELECT started_at FROM incidents
                         WHERE environment_id = ?1 AND resolved_at IS NULL), 9e18))),
                     coalesce((SELECT date_added FROM check_ins WHERE environment_id = ?1
                         AND status IN ('ok', 'error', 'missed', 'timeout') ORDER BY date_added DESC LIMIT 1
                         OFFSET (SELECT max(1, coalesce(m.config ->> 'failure_issue_threshold', 1),
                             coalesce(m.config ->> 'recovery_threshold', 1)) - 1
                             FROM environments e JOIN monitors m ON m.id = e.monitor_id WHERE e.id = ?1)),
                         -9e18))
                 AND c.guid NOT IN (SELECT starting_check_in FROM incidents
                     WHERE environment_id = ?1 AND resolved_at IS NULL)
                 LIMIT ?4)"
            ))?
            .execute(params![environment, Micros(before), oldest.unwrap_or(i64::MIN), ROWS])?;
        Ok(deleted)
    }

    /// Of an open incident, what people were told is kept as often as runs are.
    fn delete_told(&self, environment: i64, most: u32) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "DELETE FROM occurrences WHERE id IN (SELECT o.id FROM occurrences o
                 JOIN incidents i ON i.id = o.incident_id AND i.resolved_at IS NULL WHERE i.environment_id = ?1
                 ORDER BY o.id DESC LIMIT ?2 OFFSET ?3)",
            )?
            .execute(params![environment, ROWS, most])?;
        Ok(())
    }

    /// What is kept as long as failures are.
    fn delete_history(&self, sweep: &Sweep) -> Result<(), StoreError> {
        let before = sweep.before(sweep.kept.failure_days);
        for statement in [
            "DELETE FROM occurrences WHERE incident_id IN (SELECT id FROM incidents WHERE resolved_at < ?1)",
            "DELETE FROM incidents WHERE resolved_at < ?1",
            "DELETE FROM outages WHERE until < ?1",
        ] {
            self.0.prepare_cached(statement)?.execute([Micros(before)])?;
        }
        self.0.prepare_cached("DELETE FROM usage WHERE hour < ?1")?.execute([before.as_second()])?;
        Ok(())
    }
}
