//! Finds the rows whose time has come. A row that is set aside takes no place on a page.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::connection::PostgresTransaction;
use super::deleted::DELETED;
use super::parameter::micros;
use super::rows;
use crate::store::error::StoreError;

/// The incidents that have a next reminder, escalation or decision whether they are broken.
const FOLLOW_UPS: &str = "FROM incidents i JOIN environments e ON e.id = i.environment_id
    JOIN monitors m ON m.id = e.monitor_id
    WHERE i.follow_up_due IS NOT NULL AND i.acknowledged_at IS NULL AND NOT e.muted AND m.enabled";

impl PostgresTransaction<'_> {
    /// Returns the row ids of environments whose run is missed at `tick`, earliest deadline first.
    pub(super) fn missed(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                   WHERE e.next_check_in_latest <= $1 AND m.enabled AND e.id <> ALL($2) AND m.id <> ALL($3)
                   ORDER BY e.next_check_in_latest, e.id LIMIT $4";
        let left_out = (self.unreadable.ids("environments"), self.unreadable.ids("monitors"));
        ids(&self.session()?.query(sql, &[&micros(tick), &left_out.0, &left_out.1, &most(limit)])?)
    }

    /// Returns the row ids of open runs whose deadline has passed at `tick`. The page is that of the earliest deadlines; in it,
    /// the runs are ordered by their start: a storm must not be sorted for each page of it.
    pub(super) fn timed_out(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT id FROM (SELECT c.id, c.date_added FROM check_ins c
                   JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
                   WHERE c.status = 'in_progress' AND c.timeout_at <= $1 AND m.enabled AND c.id <> ALL($2)
                   ORDER BY c.timeout_at LIMIT $3) AS page ORDER BY date_added, id";
        let left_out = self.unreadable.ids("check_ins");
        ids(&self.session()?.query(sql, &[&micros(tick), &left_out, &most(limit)])?)
    }

    /// Returns the row ids of deferred ends that were received until `until`, oldest first.
    pub(super) fn expired_deferred(&self, until: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT id FROM (SELECT id FROM held_check_ins WHERE received <= $1 AND id <> ALL($2)
                   ORDER BY received, id LIMIT $3) AS page ORDER BY id";
        let left_out = self.unreadable.ids("held_check_ins");
        ids(&self.session()?.query(sql, &[&micros(until), &left_out, &most(limit)])?)
    }

    /// Row ids of incidents about which a reminder, an escalation or whether they are broken is to be decided at `tick`, the earliest first.
    /// Incidents of which nobody is told wait: acknowledged, muted, or of a disabled monitor.
    pub(super) fn due_follow_ups(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let sql = format!(
            "SELECT i.id {FOLLOW_UPS} AND i.follow_up_due <= $1 AND e.monitor_id > $2 AND i.id <> ALL($3)
             ORDER BY i.follow_up_due, i.id LIMIT $4"
        );
        self.page_of_incidents(&sql, tick, limit)
    }

    /// Row ids of incidents about which a message was kept back until `tick`, the earliest end first.
    pub(super) fn due_withheld(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT i.id FROM incidents i JOIN environments e ON e.id = i.environment_id
                   WHERE i.withheld_pending AND i.withheld_until <= $1 AND e.monitor_id > $2 AND i.id <> ALL($3)
                   ORDER BY i.withheld_until, i.id LIMIT $4";
        self.page_of_incidents(sql, tick, limit)
    }

    fn page_of_incidents(&self, sql: &str, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let left_out = self.unreadable.ids("incidents");
        ids(&self.session()?.query(sql, &[&micros(tick), &DELETED, &left_out, &most(limit)])?)
    }

    pub(super) fn earliest_deadline(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = format!(
            "SELECT least(
             (SELECT e.next_check_in_latest FROM environments e JOIN monitors m ON m.id = e.monitor_id
              WHERE e.next_check_in_latest IS NOT NULL AND m.enabled ORDER BY e.next_check_in_latest LIMIT 1),
             (SELECT c.timeout_at FROM check_ins c JOIN environments e ON e.id = c.environment_id
              JOIN monitors m ON m.id = e.monitor_id
              WHERE c.status = 'in_progress' AND c.timeout_at IS NOT NULL AND m.enabled ORDER BY c.timeout_at LIMIT 1),
             (SELECT withheld_until FROM incidents WHERE withheld_pending ORDER BY withheld_until LIMIT 1),
             (SELECT i.follow_up_due {FOLLOW_UPS} ORDER BY i.follow_up_due LIMIT 1))"
        );
        let row = self.session()?.query_first(&sql, &[])?;
        Ok(row.map(|row| rows::maybe(&row, 0)).transpose()?.flatten())
    }
}

/// A number of rows as PostgreSQL takes it.
fn most(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The row ids in the first column.
fn ids(found: &[Row]) -> Result<Vec<i64>, StoreError> {
    Ok(found.iter().map(|row| rows::get(row, 0)).collect::<Result<_, _>>()?)
}
