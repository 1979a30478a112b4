//! Ends of runs that wait for the report that describes their monitor.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::connection::SqliteRecords;
use super::rows::{self, Micros, skip_unreadable};
use crate::domain::CheckInEvent;
use crate::store::error::StoreError;

impl SqliteRecords<'_> {
    pub(super) fn keep_held(&self, event: &CheckInEvent) -> Result<(), StoreError> {
        let json = serde_json::to_string(event).map_err(StoreError::unavailable)?;
        self.0
            .prepare_cached(
                "INSERT INTO held_check_ins (project, slug, received, event) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                event.project.cast_signed(),
                event.monitor_slug.as_str(),
                Micros(event.received),
                json
            ])?;
        Ok(())
    }

    pub(super) fn take_held(&self, event: &CheckInEvent) -> Result<Vec<CheckInEvent>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "DELETE FROM held_check_ins WHERE project = ?1 AND slug = ?2 RETURNING id, event",
        )?;
        let key = params![event.project.cast_signed(), event.monitor_slug.as_str()];
        let held = statement.query_map(key, |row| self.held(row))?;
        Ok(in_order(held.filter_map(skip_unreadable).collect::<Result<_, _>>()?))
    }

    pub(super) fn take_expired(&self, until: Timestamp, limit: u32) -> Result<Vec<CheckInEvent>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "DELETE FROM held_check_ins WHERE id IN (SELECT id FROM held_check_ins WHERE received <= ?1
             ORDER BY received LIMIT ?2) RETURNING id, event",
        )?;
        let old = statement.query_map(params![Micros(until), limit], |row| self.held(row))?;
        Ok(in_order(old.filter_map(skip_unreadable).collect::<Result<_, _>>()?))
    }

    fn held(&self, row: &Row<'_>) -> rusqlite::Result<(i64, CheckInEvent)> {
        self.1.unreadable.decode("held_check_ins", row, 0, |row| Ok((row.get(0)?, rows::json(row, 1)?)))
    }
}

/// `RETURNING` promises no order; the row id is that of arrival.
fn in_order(mut held: Vec<(i64, CheckInEvent)>) -> Vec<CheckInEvent> {
    held.sort_unstable_by_key(|(id, _)| *id);
    held.into_iter().map(|(_, event)| event).collect()
}
