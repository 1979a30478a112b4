//! Ends of runs that wait for the report that describes their monitor.

use jiff::Timestamp;
use rusqlite::params;

use super::connection::SqliteRecords;
use super::rows::Micros;
use crate::domain::CheckInEvent;
use crate::store::error::StoreError;

impl SqliteRecords<'_> {
    pub(super) fn keep_held(&self, event: &CheckInEvent) -> Result<(), StoreError> {
        let json = serde_json::to_string(event).map_err(StoreError::new)?;
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
        Ok(in_order(
            statement.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?,
        ))
    }

    pub(super) fn take_expired(&self, until: Timestamp, limit: u32) -> Result<Vec<CheckInEvent>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "DELETE FROM held_check_ins WHERE id IN (SELECT id FROM held_check_ins WHERE received <= ?1
             ORDER BY received LIMIT ?2) RETURNING id, event",
        )?;
        let old = statement.query_map(params![Micros(until), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(in_order(old.collect::<Result<_, _>>()?))
    }
}

/// `RETURNING` promises no order; the row id is that of arrival.
fn in_order(mut held: Vec<(i64, String)>) -> Vec<CheckInEvent> {
    held.sort_unstable();
    let read = held.iter().filter_map(|(_, json)| {
        let event = serde_json::from_str(json);
        event
            .inspect_err(|error| tracing::error!(%error, "a held check-in cannot be read, and is left out"))
            .ok()
    });
    read.collect()
}
