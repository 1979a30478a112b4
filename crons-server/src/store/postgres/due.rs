//! Finds the rows whose time has come. A row that is set aside takes no place on a page.

use jiff::Timestamp;

use super::connection::PostgresTransaction;
use super::deleted::DELETED;
use super::parameter::{Parameter, micros};
use super::rows;
use crate::store::error::StoreError;
use crate::store::pass::{Pass, Slice};
use crate::store::transaction::DueKind;

/// The incidents that have a next reminder, escalation or decision whether they are broken.
const FOLLOW_UPS: &str = "FROM incidents i JOIN environments e ON e.id = i.environment_id
    JOIN monitors m ON m.id = e.monitor_id
    WHERE i.follow_up_due IS NOT NULL AND i.acknowledged_at IS NULL AND NOT e.muted AND m.enabled";

impl PostgresTransaction<'_> {
    /// Returns the row ids that are due at `tick` and that a pass takes. A pass that skips monitors which another transaction has locked locks those of
    /// the rows: in the order of deadlines, as it waits for no lock of a monitor.
    pub(super) fn due_rows(
        &self,
        kind: DueKind,
        tick: Timestamp,
        limit: usize,
        pass: Pass,
    ) -> Result<Vec<i64>, StoreError> {
        let Pass { slice: Slice { of, place }, skips_locked } = pass;
        let of_slice = if of > 1 { format!("AND m.id % {of} = {place}") } else { String::new() };
        let locked = if skips_locked { "FOR NO KEY UPDATE OF m SKIP LOCKED" } else { "" };
        let left_out = self.unreadable.ids(match kind {
            DueKind::Missed => "environments",
            DueKind::TimedOut => "check_ins",
            DueKind::Withheld | DueKind::FollowUp => "incidents",
            DueKind::Deferred => "held_check_ins",
        });
        let sql = match kind {
            DueKind::Missed => format!(
                "SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                 WHERE e.next_check_in_latest <= $1 AND m.enabled AND e.id <> ALL($2) AND m.id <> ALL($4) {of_slice}
                 ORDER BY e.next_check_in_latest, e.id LIMIT $3 {locked}"
            ),
            // The page is that of the earliest deadlines; in it, the runs are ordered by their start: a storm must not be sorted for each page of
            // it.
            DueKind::TimedOut => format!(
                "SELECT id FROM (SELECT c.id, c.date_added FROM check_ins c
                 JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
                 WHERE c.status = 'in_progress' AND c.timeout_at <= $1 AND m.enabled AND c.id <> ALL($2) {of_slice}
                 ORDER BY c.timeout_at LIMIT $3 {locked}) AS page ORDER BY date_added, id"
            ),
            DueKind::Deferred => "SELECT id FROM (SELECT id FROM held_check_ins WHERE received <= $1 AND id <> ALL($2)
                 ORDER BY received, id LIMIT $3) AS page ORDER BY id"
                .to_owned(),
            DueKind::FollowUp => format!(
                "SELECT i.id {FOLLOW_UPS} AND i.follow_up_due <= $1 AND m.id > {DELETED} AND i.id <> ALL($2) {of_slice}
                 ORDER BY i.follow_up_due, i.id LIMIT $3 {locked}"
            ),
            DueKind::Withheld => format!(
                "SELECT i.id FROM incidents i JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id
                 WHERE i.withheld_pending AND i.withheld_until <= $1 AND m.id > {DELETED} AND i.id <> ALL($2) {of_slice}
                 ORDER BY i.withheld_until, i.id LIMIT $3 {locked}"
            ),
        };
        let monitors = self.unreadable.ids("monitors");
        let (tick, limit) = (micros(tick), i64::try_from(limit).unwrap_or(i64::MAX));
        let mut values: Vec<&dyn Parameter> = vec![&tick, &left_out, &limit];
        if kind == DueKind::Missed {
            values.push(&monitors);
        }
        let found = self.session()?.query(&sql, &values)?;
        Ok(found.iter().map(|row| rows::get(row, 0)).collect::<Result<_, _>>()?)
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
