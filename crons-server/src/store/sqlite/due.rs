//! What the clock has to judge.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::connection::SqliteRecords;
use super::load::state_of;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, MONITOR, MONITOR_COLUMNS, Micros};
use crate::domain::{CheckInEvent, Existing, State};
use crate::store::error::StoreError;

impl SqliteRecords<'_> {
    pub(super) fn missed(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<State>, StoreError> {
        let Self(transaction, cache) = self;
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {MONITOR}, {ENVIRONMENT} FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.next_check_in_latest <= ?1 AND m.enabled ORDER BY e.next_check_in_latest, e.id LIMIT ?2"
        ))?;
        let places = statement.query_map(params![Micros(tick), limit], |row| {
            let monitor = rows::monitor_with(row, |text| cache.config_of(text))?;
            Ok((monitor, rows::environment_from(row, MONITOR_COLUMNS)?))
        })?;
        let mut due = Vec::new();
        for place in places.filter_map(rows::readable) {
            let (monitor, environment) = place?;
            due.push(state_of(transaction, monitor, environment, None)?);
        }
        Ok(due)
    }

    pub(super) fn overdue(&self, tick: Timestamp, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        let mut statement = self.0.prepare_cached(
            // In the order of the index: a storm must not be sorted for each part of it.
            "SELECT guid FROM (SELECT c.guid, c.date_added, c.id FROM check_ins c
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.status = 'in_progress' AND c.timeout_at <= ?1 AND m.enabled
             ORDER BY c.timeout_at LIMIT ?2) ORDER BY date_added, id",
        )?;
        let due =
            statement.query_map(params![Micros(tick), limit], |row| row.get(0).map(Uuid::from_bytes))?;
        Ok(due.collect::<Result<_, _>>()?)
    }

    pub(super) fn due_beside(
        &mut self,
        event: &CheckInEvent,
        tick: Timestamp,
    ) -> Result<(Option<State>, Vec<Uuid>), StoreError> {
        let Some((monitor_id, monitor)) = self.monitor_of(event)? else { return Ok((None, Vec::new())) };
        let Some((environment_id, environment)) = self.environment(monitor_id, &event.environment)? else {
            return Ok((None, Vec::new()));
        };
        let mut statement = self.0.prepare_cached(
            "SELECT guid FROM check_ins WHERE environment_id = ?1 AND status = 'in_progress' AND timeout_at <= ?2
             ORDER BY date_added, id",
        )?;
        let due = statement
            .query_map(params![environment_id, Micros(tick)], |row| row.get(0).map(Uuid::from_bytes))?;
        let overdue = due.collect::<Result<_, _>>()?;
        drop(statement);
        let missed = environment.next_check_in_latest.is_some_and(|latest| latest <= tick);
        let state = if missed {
            Some(state_of(&self.0, (monitor_id, monitor), (environment_id, environment), None)?)
        } else {
            None
        };
        Ok((state, overdue))
    }

    pub(super) fn run(&self, guid: Uuid) -> Result<Option<State>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {CHECK_IN}, c.environment_id FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.guid = ?1"
        ))?;
        let run = statement
            .query_row([guid.as_bytes()], |row| {
                Ok((rows::check_in(row)?, row.get::<_, i64>(CHECK_IN_COLUMNS)?))
            })
            .optional()?;
        drop(statement);
        let Some(((order, row), environment_id)) = run else { return Ok(None) };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR}, {ENVIRONMENT} FROM monitors m JOIN environments e ON e.monitor_id = m.id
             WHERE e.id = ?1 AND m.enabled"
        ))?;
        let place = statement
            .query_row([environment_id], |row| {
                Ok((rows::monitor(row)?, rows::environment_from(row, MONITOR_COLUMNS)?))
            })
            .optional()?;
        drop(statement);
        let Some((monitor, environment)) = place else { return Ok(None) };
        let existing = Existing { row, order: Some(order), elsewhere: None };
        state_of(&self.0, monitor, environment, Some(existing)).map(Some)
    }
}
