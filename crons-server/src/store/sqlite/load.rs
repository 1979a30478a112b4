//! What bears on an event, looked up in SQLite.

use std::sync::LazyLock;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::connection::SqliteRecords;
use super::deletion::DELETED;
use super::rows::{
    self, CHECK_IN, CHECK_IN_ALONE, CHECK_IN_COLUMNS, ENVIRONMENT, INCIDENT, INCIDENT_COLUMNS, MONITOR,
    Micros,
};
use super::unreadable::UnreadableRows;
use crate::domain::{
    CapUsage, CheckInEvent, Config, HistoryQuery, Incident, LoadedCheckIn, Monitor, MonitorEnvironment,
    RowIds, State,
};
use crate::store::error::StoreError;

impl SqliteRecords<'_> {
    pub(super) fn monitor_of(&mut self, event: &CheckInEvent) -> Result<Option<(i64, Monitor)>, StoreError> {
        let slug = event.monitor_slug.as_str();
        if let Some(cached) = self.1.monitor(slug) {
            return Ok(Some(cached.clone()));
        }
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.project = ?1 AND m.slug = ?2"
        ))?;
        let key = params![event.project.cast_signed(), slug];
        let unreadable = &*self.1.unreadable;
        let found = statement
            .query_row(key, |row| unreadable.decode("monitors", row, 0, rows::monitor))
            .optional()?;
        if let Some((id, monitor)) = &found {
            self.1.put_monitor(*id, monitor);
        }
        Ok(found)
    }

    pub(super) fn environment(
        &mut self,
        monitor_id: i64,
        name: &str,
    ) -> Result<Option<(i64, MonitorEnvironment)>, StoreError> {
        if let Some(cached) = self.1.environment(monitor_id, name) {
            return Ok(Some(cached.clone()));
        }
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {ENVIRONMENT} FROM environments e WHERE e.monitor_id = ?1 AND e.name = ?2"
        ))?;
        let unreadable = &*self.1.unreadable;
        let found = statement
            .query_row(params![monitor_id, name], |row| {
                unreadable.decode("environments", row, 0, rows::environment)
            })
            .optional()?;
        if let Some((id, environment)) = &found {
            self.1.put_environment(monitor_id, *id, environment);
        }
        Ok(found)
    }

    /// A report that was held is about no run that began after it.
    pub(super) fn latest_open(
        &self,
        environment_id: i64,
        until: Timestamp,
    ) -> Result<Option<LoadedCheckIn>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.environment_id = ?1 AND c.status = 'in_progress' AND c.date_added <= ?2
             ORDER BY c.date_added DESC, c.id DESC"
        ))?;
        let unreadable = &*self.1.unreadable;
        let mut found = statement.query_map(params![environment_id, Micros(until)], |row| {
            unreadable.decode("check_ins", row, 0, rows::check_in)
        })?;
        let found = found.find_map(rows::skip_unreadable).transpose()?;
        Ok(found.map(|(order, row)| LoadedCheckIn { row, order: Some(order), elsewhere: None }))
    }

    /// By its id, wherever it is.
    pub(super) fn check_in(
        &mut self,
        event: &CheckInEvent,
        here: Option<i64>,
    ) -> Result<Option<LoadedCheckIn>, StoreError> {
        // Put together once, as each check-in asks this.
        static BY_ID: LazyLock<String> = LazyLock::new(|| {
            format!(
                "SELECT {CHECK_IN_ALONE}, c.config_id, c.environment_id FROM check_ins c WHERE c.guid = ?1"
            )
        });
        let mut statement = self.0.prepare_cached(&BY_ID)?;
        let (cache, unreadable) = (&*self.1, &*self.1.unreadable);
        let found = statement
            .query_row([event.check_in_id.as_bytes()], |row| {
                let config_id = row.get(CHECK_IN_COLUMNS - 1)?;
                let environment_id: i64 = row.get(CHECK_IN_COLUMNS)?;
                let check_in = unreadable.decode("check_ins", row, 0, |row| {
                    let known = cache.config(config_id).cloned();
                    let config = known.map_or_else(|| self.config(config_id), Ok);
                    // The fault is that of another statement; here it is in the column `config_id`.
                    let config = config.map_err(|error| match error {
                        rusqlite::Error::FromSqlConversionFailure(_, kind, cause) => {
                            rusqlite::Error::FromSqlConversionFailure(CHECK_IN_COLUMNS - 1, kind, cause)
                        }
                        error => error,
                    });
                    rows::check_in_with(row, config?)
                })?;
                Ok((check_in, environment_id))
            })
            .optional()?;
        drop(statement);
        let Some(((order, row), environment_id)) = found else { return Ok(None) };
        if here == Some(environment_id) {
            return Ok(Some(LoadedCheckIn { row, order: Some(order), elsewhere: None }));
        }
        let Some(place) = self.place(environment_id)? else {
            self.forget_run(order)?;
            return Ok(None);
        };
        Ok(Some(LoadedCheckIn { row, order: Some(order), elsewhere: Some(place) }))
    }

    fn config(&self, id: i64) -> rusqlite::Result<Config> {
        self.0
            .prepare_cached("SELECT config FROM configs WHERE id = ?1")?
            .query_row([id], |row| rows::json(row, 0))
    }

    /// Where a check-in is that is not where its report looks for it. `None` if that was deleted.
    fn place(&self, environment_id: i64) -> Result<Option<String>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT m.slug, e.name, e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.id = ?1 AND m.id > ?2",
        )?;
        let found = statement.query_row([environment_id, DELETED], |row| {
            let (slug, environment): (String, String) =
                self.1.unreadable.decode("environments", row, 2, |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(format!("monitor `{slug}`, environment `{environment}`"))
        });
        Ok(found.optional()?)
    }

    /// How many monitors and environments there are, where one more would be made.
    pub(super) fn siblings(&mut self, monitor_id: Option<i64>) -> Result<CapUsage, StoreError> {
        let Some(id) = monitor_id else {
            let monitors = match self.1.monitor_count {
                Some(known) => known,
                None => self
                    .0
                    .prepare_cached("SELECT count(*) FROM monitors WHERE id > ?1")?
                    .query_row([DELETED], |row| row.get(0))?,
            };
            self.1.monitor_count = Some(monitors);
            return Ok(CapUsage { monitors, ..CapUsage::default() });
        };
        let mut statement = self.0.prepare_cached(
            "SELECT count(*), coalesce(min(muted), 0) FROM environments WHERE monitor_id = ?1",
        )?;
        Ok(statement.query_row([id], |row| {
            Ok(CapUsage { environments: row.get(0)?, all_muted: row.get(1)?, ..CapUsage::default() })
        })?)
    }

    pub(super) fn monitor_with_environments(
        &self,
        slug: &str,
    ) -> Result<Option<(Monitor, Vec<MonitorEnvironment>)>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.project = ?1 AND m.slug = ?2"
        ))?;
        let key = params![crate::PROJECT.cast_signed(), slug];
        let unreadable = &*self.1.unreadable;
        let found = statement
            .query_row(key, |row| unreadable.decode("monitors", row, 0, rows::monitor))
            .optional()?;
        let Some((id, monitor)) = found else { return Ok(None) };
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {ENVIRONMENT} FROM environments e WHERE e.monitor_id = ?1 ORDER BY e.name"
        ))?;
        let environments = statement
            .query_map([id], |row| Ok(unreadable.decode("environments", row, 0, rows::environment)?.1))?;
        Ok(Some((monitor, environments.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)))
    }

    pub(super) fn incident_by_guid(&self, guid: Uuid) -> Result<Option<Incident>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {INCIDENT}, i.id FROM incidents i JOIN environments e ON e.id = i.environment_id
             WHERE i.guid = ?1 AND e.monitor_id > ?2"
        ))?;
        let found = statement.query_row(params![guid.as_bytes(), DELETED], |row| {
            self.1.unreadable.decode("incidents", row, INCIDENT_COLUMNS, rows::incident)
        });
        Ok(found.optional()?)
    }
}

/// What bears on a deadline of an environment, or of a run of it.
pub(super) fn state_of(
    transaction: &Transaction<'_>,
    unreadable: &UnreadableRows,
    (monitor_id, monitor): (i64, Monitor),
    (environment_id, environment): (i64, MonitorEnvironment),
    check_in: Option<LoadedCheckIn>,
) -> Result<State, StoreError> {
    let asked = HistoryQuery::by_deadline(&environment, monitor.config.failures(), check_in.is_some());
    let mut state = State {
        monitor: Some(monitor),
        environment: Some(environment),
        check_in,
        keys: RowIds { monitor: Some(monitor_id), environment: Some(environment_id), incident: None },
        ..State::default()
    };
    load_history(transaction, unreadable, environment_id, &mut state, asked)?;
    Ok(state)
}

/// What a decision asks for of the past.
pub(super) fn load_history(
    transaction: &Transaction<'_>,
    unreadable: &UnreadableRows,
    environment_id: i64,
    state: &mut State,
    asked: HistoryQuery,
) -> Result<(), StoreError> {
    // A list of four would be put into a table of its own at each execution.
    const FINISHED: &str = "status <> 'in_progress' AND status <> 'unknown'";
    const LAST: (Timestamp, i64) = (Timestamp::MAX, i64::MAX);
    let this = state.check_in.as_ref();
    let this = this.map_or(LAST, |this| (this.row.date_added, this.order.unwrap_or(i64::MAX)));
    let runs = asked.runs;
    for (filter, (until, order), limit) in [
        (FINISHED, LAST, runs),
        (FINISHED, this, if this == LAST { 0 } else { runs }),
        ("(status = 'ok' OR status = 'error')", LAST, usize::from(asked.reported)),
    ] {
        if limit == 0 {
            continue;
        }
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT id, guid, status, date_added FROM check_ins
             WHERE environment_id = ?1 AND {filter} AND (date_added, id) <= (?2, ?3)
             ORDER BY date_added DESC, id DESC"
        ))?;
        let found = statement.query_map(params![environment_id, Micros(until), order], |row| {
            unreadable.decode("check_ins", row, 0, rows::finished)
        })?;
        // One that cannot be read is stepped over: the next older one stands in for it.
        for run in found.filter_map(rows::skip_unreadable).take(limit) {
            let run = run?;
            if !state.finished.contains(&run) {
                state.finished.push(run);
            }
        }
    }
    if asked.incident {
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT {INCIDENT}, i.id FROM incidents i WHERE i.environment_id = ?1 AND i.resolved_at IS NULL"
        ))?;
        let found = statement.query_row([environment_id], |row| {
            let incident = unreadable.decode("incidents", row, INCIDENT_COLUMNS, rows::incident)?;
            Ok((incident, row.get(INCIDENT_COLUMNS)?))
        });
        (state.incident, state.keys.incident) = found.optional()?.unzip();
    }
    Ok(())
}
