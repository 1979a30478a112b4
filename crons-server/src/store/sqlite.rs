//! The default database: one SQLite file, one connection that writes.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::rows::{self, CHECK_IN, ENVIRONMENT, MONITOR, Micros};
use super::{Records, Store, StoreError, schema};
use crate::lifecycle::{
    CheckIn, CheckInEvent, Config, ConfigUpdate, Environment, Existing, Incident, Monitor, State,
};

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

struct SqliteRecords<'connection>(Transaction<'connection>);

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

impl SqliteRecords<'_> {
    fn monitor(&self, event: &CheckInEvent) -> Result<Option<(i64, Monitor)>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.project = ?1 AND m.slug = ?2"
        ))?;
        let key = params![event.project.cast_signed(), event.monitor_slug.as_str()];
        Ok(statement.query_row(key, rows::monitor).optional()?)
    }

    fn environment(&self, monitor_id: i64, name: &str) -> Result<Option<(i64, Environment)>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {ENVIRONMENT} FROM environments e WHERE e.monitor_id = ?1 AND e.name = ?2"
        ))?;
        Ok(statement.query_row(params![monitor_id, name], rows::environment).optional()?)
    }

    /// A report that was held is about no run that began after it.
    fn latest_open(&self, environment_id: i64, until: Timestamp) -> Result<Option<Existing>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.environment_id = ?1 AND c.status = 'in_progress' AND c.date_added <= ?2
             ORDER BY c.date_added DESC, c.id DESC LIMIT 1"
        ))?;
        let found = statement.query_row(params![environment_id, Micros(until)], rows::check_in).optional()?;
        Ok(found.map(|(order, row)| Existing { row, order: Some(order), elsewhere: None }))
    }

    /// By its id, wherever it is.
    fn check_in(&self, event: &CheckInEvent, here: Option<i64>) -> Result<Option<Existing>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {CHECK_IN}, c.environment_id, e.name, m.slug FROM check_ins c
             JOIN configs k ON k.id = c.config_id JOIN environments e ON e.id = c.environment_id
             JOIN monitors m ON m.id = e.monitor_id WHERE c.guid = ?1"
        ))?;
        let found = statement
            .query_row([event.check_in_id.as_bytes()], |row| {
                let place: (i64, String, String) = (row.get(11)?, row.get(12)?, row.get(13)?);
                Ok((rows::check_in(row)?, place))
            })
            .optional()?;
        Ok(found.map(|((order, row), (environment_id, environment, slug))| {
            let elsewhere = (here != Some(environment_id))
                .then(|| format!("monitor `{slug}`, environment `{environment}`"));
            Existing { row, order: Some(order), elsewhere }
        }))
    }

    fn state_of(
        &self,
        monitor: Monitor,
        environment_id: i64,
        check_in: Option<Existing>,
    ) -> Result<State, StoreError> {
        let mut statement =
            self.0.prepare_cached(&format!("SELECT {ENVIRONMENT} FROM environments e WHERE e.id = ?1"))?;
        let (_, environment) = statement.query_row([environment_id], rows::environment)?;
        let mut state =
            State { monitor: Some(monitor), environment: Some(environment), check_in, ..State::default() };
        self.load_history(environment_id, &mut state, 1)?;
        Ok(state)
    }

    /// The finished runs that thresholds look at, and the incident that is not resolved.
    fn load_history(&self, environment_id: i64, state: &mut State, wanted: usize) -> Result<(), StoreError> {
        const FINISHED: &str = "status IN ('ok', 'error', 'missed', 'timeout')";
        let config = state.monitor.as_ref().map(|monitor| &monitor.config);
        let wanted = wanted.max(config.map_or(1, Config::failures)).max(config.map_or(1, Config::recoveries));
        // The newest, those up to the run in question, and the newest that a job itself has reported.
        let this = state.check_in.as_ref().map_or(Timestamp::MAX, |existing| existing.row.date_added);
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        for (filter, until, limit) in [
            (FINISHED, Timestamp::MAX, wanted),
            (FINISHED, this, wanted),
            ("status IN ('ok', 'error')", Timestamp::MAX, 1),
        ] {
            let mut statement = self.0.prepare_cached(&format!(
                "SELECT id, guid, status, date_added FROM check_ins
                 WHERE environment_id = ?1 AND {filter} AND date_added <= ?2
                 ORDER BY date_added DESC, id DESC LIMIT ?3"
            ))?;
            let found = statement.query_map(params![environment_id, Micros(until), limit], rows::finished)?;
            for run in found {
                let run = run?;
                if !state.finished.contains(&run) {
                    state.finished.push(run);
                }
            }
        }
        let mut statement = self.0.prepare_cached(
            "SELECT guid, started_at, starting_check_in FROM incidents
             WHERE environment_id = ?1 AND resolved_at IS NULL",
        )?;
        state.incident = statement.query_row([environment_id], rows::active_incident).optional()?;
        Ok(())
    }

    fn save_monitor(&self, monitor: &Monitor) -> Result<(), StoreError> {
        let Monitor { guid, project, slug, enabled, upserting, config, owner, date_created } = monitor;
        self.0
            .prepare_cached(
                "INSERT INTO monitors (guid, project, slug, enabled, upserting, config, owner, date_created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (project, slug) DO UPDATE SET enabled = excluded.enabled,
                 upserting = excluded.upserting, config = excluded.config, owner = excluded.owner",
            )?
            .execute(params![
                guid.as_bytes(),
                project.cast_signed(),
                slug.as_str(),
                enabled,
                upserting,
                json(config)?,
                owner,
                Micros(*date_created),
            ])?;
        Ok(())
    }

    fn save_environment(&self, monitor: &Monitor, environment: &Environment) -> Result<(), StoreError> {
        let Environment {
            name,
            status,
            muted,
            date_created,
            last_check_in,
            next_check_in,
            next_check_in_latest,
        } = environment;
        self.0
            .prepare_cached(
                "INSERT INTO environments (monitor_id, name, status, muted, date_created, last_check_in,
                 next_check_in, next_check_in_latest)
                 VALUES ((SELECT id FROM monitors WHERE guid = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (monitor_id, name) DO UPDATE SET status = excluded.status, muted = excluded.muted,
                 last_check_in = excluded.last_check_in, next_check_in = excluded.next_check_in,
                 next_check_in_latest = excluded.next_check_in_latest",
            )?
            .execute(params![
                monitor.guid.as_bytes(),
                name,
                status.as_str(),
                muted,
                Micros(*date_created),
                last_check_in.map(Micros),
                next_check_in.map(Micros),
                next_check_in_latest.map(Micros),
            ])?;
        Ok(())
    }

    fn save_check_in(
        &self,
        monitor: &Monitor,
        environment: &Environment,
        row: &CheckIn,
    ) -> Result<(), StoreError> {
        let config = json(&row.config)?;
        self.0.prepare_cached("INSERT OR IGNORE INTO configs (config) VALUES (?1)")?.execute([&config])?;
        self.0
            .prepare_cached(
                "INSERT INTO check_ins (guid, environment_id, status, duration_ms, date_added, date_updated,
                 date_clock, date_in_progress, expected_time, timeout_at, config_id)
                 VALUES (?1, (SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                 WHERE m.guid = ?2 AND e.name = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                 (SELECT id FROM configs WHERE config = ?12))
                 ON CONFLICT (guid) DO UPDATE SET status = excluded.status, duration_ms = excluded.duration_ms,
                 date_updated = excluded.date_updated, date_in_progress = excluded.date_in_progress,
                 timeout_at = excluded.timeout_at, config_id = excluded.config_id",
            )?
            .execute(params![
                row.guid.as_bytes(),
                monitor.guid.as_bytes(),
                environment.name,
                row.status.as_str(),
                row.duration_ms,
                Micros(row.date_added),
                Micros(row.date_updated),
                Micros(row.date_clock),
                row.date_in_progress.map(Micros),
                row.expected_time.map(Micros),
                row.timeout_at.map(Micros),
                config,
            ])?;
        Ok(())
    }

    fn save_incident(
        &self,
        monitor: &Monitor,
        environment: &Environment,
        incident: &Incident,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO incidents (guid, environment_id, started_at, starting_check_in, resolved_at,
                 resolving_check_in)
                 VALUES (?1, (SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                 WHERE m.guid = ?2 AND e.name = ?3), ?4, ?5, ?6, ?7)
                 ON CONFLICT (guid) DO UPDATE SET resolved_at = excluded.resolved_at,
                 resolving_check_in = excluded.resolving_check_in",
            )?
            .execute(params![
                incident.guid.as_bytes(),
                monitor.guid.as_bytes(),
                environment.name,
                Micros(incident.started_at),
                incident.starting_check_in.as_bytes(),
                incident.resolved_at.map(Micros),
                incident.resolving_check_in.map(|guid| *guid.as_bytes()),
            ])?;
        Ok(())
    }
}

fn json(config: &Config) -> Result<String, StoreError> {
    serde_json::to_string(config).map_err(StoreError::new)
}
