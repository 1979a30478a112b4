//! What the clock has to judge.
//!
//! A row that cannot be read is stepped over, so that it takes no place on a page. Hence no statement here has a `LIMIT`: the rows
//! come in the order of an index, and reading ends when there are enough.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::connection::SqliteRecords;
use super::load::state_of;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, MONITOR, MONITOR_COLUMNS, Micros};
use super::unreadable::is_unreadable;
use crate::domain::{CheckInEvent, LoadedCheckIn, State};
use crate::store::error::StoreError;

impl SqliteRecords<'_> {
    pub(super) fn missed(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<State>, StoreError> {
        let Self(transaction, cache) = self;
        let unreadable = &*std::sync::Arc::clone(&cache.unreadable);
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {MONITOR}, {ENVIRONMENT} FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.next_check_in_latest <= ?1 AND m.enabled ORDER BY e.next_check_in_latest, e.id"
        ))?;
        let places = statement.query_map([Micros(tick)], |row| {
            let monitor = unreadable
                .decode("monitors", row, 0, |row| rows::monitor_with(row, |text| cache.config_of(text)))?;
            let environment = unreadable.decode("environments", row, MONITOR_COLUMNS, |row| {
                rows::environment_from(row, MONITOR_COLUMNS)
            })?;
            Ok((monitor, environment))
        })?;
        let mut due = Vec::new();
        for place in places.filter_map(rows::skip_unreadable) {
            let (monitor, environment) = place?;
            match state_of(transaction, unreadable, monitor, environment, None) {
                Err(error) if error.is_corrupt() => continue,
                state => due.push(state?),
            }
            if due.len() >= limit as usize {
                break;
            }
        }
        Ok(due)
    }

    pub(super) fn overdue(&self, tick: Timestamp, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        let unreadable = &*self.1.unreadable;
        let mut statement = self.0.prepare_cached(
            "SELECT c.id, c.guid, c.date_added FROM check_ins c
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.status = 'in_progress' AND c.timeout_at <= ?1 AND m.enabled ORDER BY c.timeout_at",
        )?;
        let found = statement.query_map([Micros(tick)], |row| {
            let id: i64 = row.get(0)?;
            let guid = unreadable.decode("check_ins", row, 0, |row| rows::uuid(row, 1))?;
            Ok((row.get::<_, i64>(2)?, id, guid))
        })?;
        // A run that `run` could not load would be on each page.
        let found = found
            .filter_map(rows::skip_unreadable)
            .filter(|run| run.as_ref().map_or(true, |(_, id, _)| !unreadable.contains("check_ins", *id)));
        // A storm must not be sorted for each part of it: only the part is.
        let mut due: Vec<(i64, i64, Uuid)> = found.take(limit as usize).collect::<Result<_, _>>()?;
        due.sort_unstable();
        Ok(due.into_iter().map(|(_, _, guid)| guid).collect())
    }

    /// Nothing is due beside a check-in whose monitor or environment cannot be read.
    pub(super) fn due_beside(
        &mut self,
        event: &CheckInEvent,
        tick: Timestamp,
    ) -> Result<(Option<State>, Vec<Uuid>), StoreError> {
        match self.readable_due_beside(event, tick) {
            Err(error) if error.is_corrupt() => Ok((None, Vec::new())),
            due => due,
        }
    }

    fn readable_due_beside(
        &mut self,
        event: &CheckInEvent,
        tick: Timestamp,
    ) -> Result<(Option<State>, Vec<Uuid>), StoreError> {
        let Some((monitor_id, monitor)) = self.monitor_of(event)? else { return Ok((None, Vec::new())) };
        let Some((environment_id, environment)) = self.environment(monitor_id, &event.environment)? else {
            return Ok((None, Vec::new()));
        };
        let unreadable = &*self.1.unreadable;
        let mut statement = self.0.prepare_cached(
            "SELECT id, guid FROM check_ins WHERE environment_id = ?1 AND status = 'in_progress' AND timeout_at <= ?2
             ORDER BY date_added, id",
        )?;
        let due = statement.query_map(params![environment_id, Micros(tick)], |row| {
            unreadable.decode("check_ins", row, 0, |row| rows::uuid(row, 1))
        })?;
        let overdue = due.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?;
        drop(statement);
        let missed = environment.next_check_in_latest.is_some_and(|latest| latest <= tick);
        let state = if missed {
            let (monitor, environment) = ((monitor_id, monitor), (environment_id, environment));
            Some(state_of(&self.0, unreadable, monitor, environment, None)?)
        } else {
            None
        };
        Ok((state, overdue))
    }

    /// `None`, too, if the run, or something that bears on it, cannot be read: then it is not overdue any more.
    pub(super) fn run(&self, guid: Uuid) -> Result<Option<State>, StoreError> {
        let unreadable = &*self.1.unreadable;
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {CHECK_IN}, c.environment_id FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.guid = ?1"
        ))?;
        let run = statement
            .query_row([guid.as_bytes()], |row| {
                let run = unreadable.decode("check_ins", row, 0, rows::check_in)?;
                Ok((run, row.get::<_, i64>(CHECK_IN_COLUMNS)?))
            })
            .optional();
        drop(statement);
        let run = match run {
            Err(error) if is_unreadable(&error) => return Ok(None),
            run => run?,
        };
        let Some(((order, row), environment_id)) = run else { return Ok(None) };
        let existing = LoadedCheckIn { row, order: Some(order), elsewhere: None };
        match self.state_of_run(existing, environment_id) {
            Err(error) if error.is_corrupt() => {
                unreadable.hide("check_ins", order);
                Ok(None)
            }
            state => state,
        }
    }

    fn state_of_run(&self, run: LoadedCheckIn, environment_id: i64) -> Result<Option<State>, StoreError> {
        let unreadable = &*self.1.unreadable;
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR}, {ENVIRONMENT} FROM monitors m JOIN environments e ON e.monitor_id = m.id
             WHERE e.id = ?1 AND m.enabled"
        ))?;
        let place = statement
            .query_row([environment_id], |row| {
                let monitor = unreadable.decode("monitors", row, 0, rows::monitor)?;
                let environment = unreadable.decode("environments", row, MONITOR_COLUMNS, |row| {
                    rows::environment_from(row, MONITOR_COLUMNS)
                })?;
                Ok((monitor, environment))
            })
            .optional()?;
        drop(statement);
        let Some((monitor, environment)) = place else { return Ok(None) };
        state_of(&self.0, unreadable, monitor, environment, Some(run)).map(Some)
    }
}
