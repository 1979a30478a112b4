//! The default database: one SQLite file, one connection that writes.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::rows::{self, CHECK_IN, MONITOR, Micros};
use super::{Records, Store, StoreError, schema};
use crate::lifecycle::{CheckInEvent, ConfigUpdate, Existing, Monitor, State};

/// Check-ins in a file, durable when a transaction returns.
pub struct SqliteStore {
    connection: Connection,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.connection.path()).finish()
    }
}

impl SqliteStore {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be written, is no database, or is one of a newer version of this program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: schema::open(path)? })
    }

    /// A value that is made once and kept.
    ///
    /// # Errors
    /// If the database fails.
    pub fn setting(&mut self, name: &str, make: impl FnOnce() -> String) -> Result<String, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction
            .execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?1, ?2)", [name, &make()])?;
        let value =
            transaction.query_row("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))?;
        transaction.commit()?;
        Ok(value)
    }
}

impl Store for SqliteStore {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Records) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut records =
            SqliteRecords(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?);
        // Dropped without a commit it is rolled back.
        work(&mut records)?;
        records.0.commit()?;
        Ok(())
    }
}

/// Looks up in `find`, writes in `write`.
pub(super) struct SqliteRecords<'connection>(pub(super) Transaction<'connection>);

impl Records for SqliteRecords<'_> {
    fn mark(&mut self) -> Result<(), StoreError> {
        Ok(self.0.prepare_cached("SAVEPOINT mark")?.execute([]).map(drop)?)
    }

    fn leave_mark(&mut self, keep: bool) -> Result<(), StoreError> {
        if !keep {
            self.0.prepare_cached("ROLLBACK TO mark")?.execute([])?;
        }
        Ok(self.0.prepare_cached("RELEASE mark")?.execute([]).map(drop)?)
    }

    fn load(&mut self, event: &CheckInEvent) -> Result<State, StoreError> {
        let mut state = State::default();
        let monitor = self.monitor(event)?;
        let environment = match &monitor {
            Some((id, _)) => self.environment(*id, &event.environment)?,
            None => None,
        };
        let environment_id = environment.as_ref().map(|(id, _)| *id);
        state.check_in = match (event.check_in_id.is_nil(), environment_id) {
            (true, Some(id)) => self.latest_open(id, event.received)?,
            (true, None) => None,
            (false, _) => self.check_in(event, environment_id)?,
        };
        state.monitor = monitor.map(|(_, monitor)| monitor);
        state.environment = environment.map(|(_, environment)| environment);
        if let Some(id) = environment_id {
            self.load_history(id, &mut state, wanted_by(event))?;
        }
        Ok(state)
    }

    fn save(&mut self, before: &State, after: &State) -> Result<(), StoreError> {
        let Some(monitor) = &after.monitor else { return Ok(()) };
        if before.monitor.as_ref() != Some(monitor) {
            self.save_monitor(monitor)?;
        }
        let Some(environment) = &after.environment else { return Ok(()) };
        if before.environment.as_ref() != Some(environment) {
            self.save_environment(monitor, environment)?;
        }
        if let Some(existing) = &after.check_in
            && after.check_in != before.check_in
        {
            self.save_check_in(monitor, environment, &existing.row)?;
        }
        if let Some(incident) = &after.incident
            && after.incident != before.incident
        {
            self.save_incident(monitor, environment, incident)?;
        }
        Ok(())
    }

    fn load_missed(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<State>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR}, e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.next_check_in_latest <= ?1 AND m.enabled ORDER BY e.next_check_in_latest, e.id LIMIT ?2"
        ))?;
        let due = statement
            .query_map(params![Micros(tick), limit], |row| Ok((rows::monitor(row)?.1, row.get(9)?)))?
            .filter_map(rows::readable)
            .collect::<Result<Vec<(Monitor, i64)>, _>>()?;
        drop(statement);
        due.into_iter().map(|(monitor, id)| self.state_of(monitor, id, None)).collect()
    }

    fn timed_out(&mut self, tick: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT guid FROM check_ins WHERE status = 'in_progress' AND timeout_at <= ?1 ORDER BY date_added, id",
        )?;
        let due = statement.query_map([Micros(tick)], |row| row.get(0).map(Uuid::from_bytes))?;
        Ok(due.collect::<Result<_, _>>()?)
    }

    fn load_run(&mut self, guid: Uuid) -> Result<Option<State>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {CHECK_IN}, c.environment_id FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.guid = ?1"
        ))?;
        let run = statement
            .query_row([guid.as_bytes()], |row| Ok((rows::check_in(row)?, row.get::<_, i64>(11)?)))
            .optional()?;
        drop(statement);
        let Some(((order, row), environment_id)) = run else { return Ok(None) };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m JOIN environments e ON e.monitor_id = m.id
             WHERE e.id = ?1 AND m.enabled"
        ))?;
        let monitor = statement.query_row([environment_id], rows::monitor).optional()?;
        drop(statement);
        let Some((_, monitor)) = monitor else { return Ok(None) };
        let existing = Existing { row, order: Some(order), elsewhere: None };
        self.state_of(monitor, environment_id, Some(existing)).map(Some)
    }

    fn hold(&mut self, event: &CheckInEvent) -> Result<(), StoreError> {
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

    fn release(&mut self, event: &CheckInEvent) -> Result<Vec<CheckInEvent>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "DELETE FROM held_check_ins WHERE project = ?1 AND slug = ?2 RETURNING id, event",
        )?;
        let key = params![event.project.cast_signed(), event.monitor_slug.as_str()];
        Ok(in_order(
            statement.query_map(key, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?,
        ))
    }

    fn expire(&mut self, until: Timestamp) -> Result<Vec<CheckInEvent>, StoreError> {
        let mut statement =
            self.0.prepare_cached("DELETE FROM held_check_ins WHERE received <= ?1 RETURNING id, event")?;
        let old = statement.query_map([Micros(until)], |row| Ok((row.get(0)?, row.get(1)?)))?;
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

/// How far back the thresholds look that come along with a check-in.
fn wanted_by(event: &CheckInEvent) -> usize {
    let Some(ConfigUpdate::Valid(patch)) = &event.config else { return 1 };
    let thresholds = [patch.failure_issue_threshold, patch.recovery_threshold];
    thresholds.into_iter().flatten().flatten().max().unwrap_or(1) as usize
}
