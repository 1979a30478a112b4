//! Finds the rows whose time has come.
//!
//! A row that is set aside takes no place on a page. Hence no statement of a page has a `LIMIT`: the rows come in the order of an
//! index, and reading ends when there are enough.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Statement, params};

use super::connection::SqliteTransaction;
use super::deletion::DELETED;
use super::rows::{self, Micros};
use crate::store::error::StoreError;

/// The incidents that have a next reminder, escalation or decision whether they are broken.
const FOLLOW_UPS: &str = "FROM incidents i JOIN environments e ON e.id = i.environment_id
    JOIN monitors m ON m.id = e.monitor_id
    WHERE i.follow_up_due IS NOT NULL AND i.acknowledged_at IS NULL AND e.muted = 0 AND m.enabled";

impl SqliteTransaction<'_> {
    /// Returns the row ids of environments whose run is missed at `tick`, earliest deadline first.
    pub(super) fn missed(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT e.id, m.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.next_check_in_latest <= ?1 AND m.enabled ORDER BY e.next_check_in_latest, e.id",
        )?;
        let mut found = statement.query([Micros(tick)])?;
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(row) = found.next()?
        {
            let (environment, monitor) = (row.get(0)?, row.get(1)?);
            let unreadable = self.unreadable;
            if !unreadable.contains("environments", environment) && !unreadable.contains("monitors", monitor)
            {
                due.push(environment);
            }
        }
        Ok(due)
    }

    /// Returns the row ids of open runs whose deadline has passed at `tick`. The page is that of the earliest deadlines; in it,
    /// the runs are ordered by their start: a storm must not be sorted for each page of it.
    pub(super) fn timed_out(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT c.id, c.date_added FROM check_ins c
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.status = 'in_progress' AND c.timeout_at <= ?1 AND m.enabled ORDER BY c.timeout_at",
        )?;
        let mut found = statement.query([Micros(tick)])?;
        let mut due: Vec<(i64, i64)> = Vec::new();
        while due.len() < limit
            && let Some(row) = found.next()?
        {
            let id = row.get(0)?;
            if !self.unreadable.contains("check_ins", id) {
                due.push((row.get(1)?, id));
            }
        }
        due.sort_unstable();
        Ok(due.into_iter().map(|(_, id)| id).collect())
    }

    /// Returns the row ids of deferred ends that were received until `until`, oldest first.
    pub(super) fn expired_deferred(&self, until: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT id FROM held_check_ins WHERE received <= ?1 ORDER BY received, id")?;
        let mut found = statement.query([Micros(until)])?;
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(row) = found.next()?
        {
            let id = row.get(0)?;
            if !self.unreadable.contains("held_check_ins", id) {
                due.push(id);
            }
        }
        due.sort_unstable();
        Ok(due)
    }

    /// Row ids of incidents about which a reminder, an escalation or whether they are broken is to be decided at `tick`, the earliest first.
    /// Incidents of which nobody is told wait: acknowledged, muted, or of a disabled monitor.
    pub(super) fn due_follow_ups(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT i.id {FOLLOW_UPS} AND i.follow_up_due <= ?1 AND e.monitor_id > ?2 ORDER BY i.follow_up_due, i.id"
        ))?;
        self.page_of_incidents(&mut statement, tick, limit)
    }

    /// Reads at most `limit` row ids of incidents, without those that cannot be read.
    pub(super) fn page_of_incidents(
        &self,
        statement: &mut Statement<'_>,
        tick: Timestamp,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let mut found = statement.query(params![Micros(tick), DELETED])?;
        let mut due = Vec::new();
        while due.len() < limit
            && let Some(row) = found.next()?
        {
            let id = row.get(0)?;
            if !self.unreadable.contains("incidents", id) {
                due.push(id);
            }
        }
        Ok(due)
    }

    pub(super) fn earliest_deadline(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut earliest: Option<Timestamp> = None;
        for sql in [
            "SELECT e.next_check_in_latest FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.next_check_in_latest IS NOT NULL AND m.enabled ORDER BY e.next_check_in_latest LIMIT 1",
            "SELECT c.timeout_at FROM check_ins c JOIN environments e ON e.id = c.environment_id
             JOIN monitors m ON m.id = e.monitor_id
             WHERE c.status = 'in_progress' AND c.timeout_at IS NOT NULL AND m.enabled ORDER BY c.timeout_at LIMIT 1",
            "SELECT withheld_until FROM incidents WHERE withheld_pending = 1 ORDER BY withheld_until LIMIT 1",
            &format!("SELECT i.follow_up_due {FOLLOW_UPS} ORDER BY i.follow_up_due LIMIT 1"),
        ] {
            let mut statement = self.transaction.prepare_cached(sql)?;
            let found = statement.query_row([], |row| rows::get(row, 0)).optional()?;
            earliest = earliest.into_iter().chain(found).min();
        }
        Ok(earliest)
    }
}
