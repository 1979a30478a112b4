//! What has changed, written to SQLite.

use jiff::Timestamp;
use rusqlite::params;

use super::connection::SqliteRecords;
use super::rows::Micros;
use crate::domain::{Config, Incident, Monitor, MonitorEnvironment};
use crate::store::error::StoreError;

impl SqliteRecords<'_> {
    /// The row id.
    pub(super) fn put_monitor(&mut self, monitor: &Monitor) -> Result<i64, StoreError> {
        let Monitor { guid, project, slug, spelling, enabled, upserting, config, owner, date_created } =
            monitor;
        let id = self
            .0
            .prepare_cached(
                "INSERT INTO monitors (guid, project, slug, enabled, upserting, config, owner, date_created, spelling)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (project, slug) DO UPDATE SET enabled = excluded.enabled,
                 upserting = excluded.upserting, config = excluded.config, owner = excluded.owner,
                 spelling = excluded.spelling RETURNING id",
            )?
            .query_row(
                params![
                    guid.as_bytes(),
                    project.cast_signed(),
                    slug.as_str(),
                    enabled,
                    upserting,
                    json(config)?,
                    owner,
                    Micros(*date_created),
                    spelling,
                ],
                |row| row.get(0),
            )?;
        self.1.put_monitor(id, monitor);
        Ok(id)
    }

    /// One whose row is known; `due`: also by when the next check-in is due, which has an index.
    pub(super) fn change_environment(
        &mut self,
        monitor_id: i64,
        id: i64,
        environment: &MonitorEnvironment,
        due: bool,
    ) -> Result<(), StoreError> {
        let sql = if due {
            "UPDATE environments SET status = ?2, muted = ?3, last_check_in = ?4, next_check_in = ?5, last_ok = ?6,
             next_check_in_latest = ?7 WHERE id = ?1"
        } else {
            "UPDATE environments SET status = ?2, muted = ?3, last_check_in = ?4, next_check_in = ?5, last_ok = ?6
             WHERE id = ?1"
        };
        let mut statement = self.0.prepare_cached(sql)?;
        let values = params![
            id,
            environment.status.as_str(),
            environment.muted,
            environment.last_check_in.map(Micros),
            environment.next_check_in.map(Micros),
            environment.last_ok.map(Micros),
            environment.next_check_in_latest.map(Micros),
        ];
        statement.execute(if due { values } else { &values[..6] })?;
        drop(statement);
        self.1.change_environment(monitor_id, id, environment);
        Ok(())
    }

    /// The row id.
    pub(super) fn put_environment(
        &mut self,
        monitor_id: i64,
        environment: &MonitorEnvironment,
    ) -> Result<i64, StoreError> {
        if let Some((id, _)) = self.1.environment(monitor_id, &environment.name) {
            let id = *id;
            self.change_environment(monitor_id, id, environment, true)?;
            return Ok(id);
        }
        let MonitorEnvironment {
            name,
            status,
            muted,
            date_created,
            last_check_in,
            next_check_in,
            next_check_in_latest,
            last_ok,
        } = environment;
        let id = self
            .0
            .prepare_cached(
                "INSERT INTO environments (monitor_id, name, status, muted, date_created, last_check_in,
                     next_check_in, next_check_in_latest, last_ok)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                     ON CONFLICT (monitor_id, name) DO UPDATE SET status = excluded.status,
                     muted = excluded.muted, last_check_in = excluded.last_check_in,
                     next_check_in = excluded.next_check_in,
                     next_check_in_latest = excluded.next_check_in_latest, last_ok = excluded.last_ok
                     RETURNING id",
            )?
            .query_row(
                params![
                    monitor_id,
                    name,
                    status.as_str(),
                    muted,
                    Micros(*date_created),
                    last_check_in.map(Micros),
                    next_check_in.map(Micros),
                    next_check_in_latest.map(Micros),
                    last_ok.map(Micros),
                ],
                |row| row.get(0),
            )?;
        self.1.put_environment(monitor_id, id, environment);
        Ok(id)
    }

    /// Those that are open have an index of their own, by environment.
    pub(super) fn excuse_open_runs(&self, monitor: &Monitor, now: Timestamp) -> Result<usize, StoreError> {
        let excused = self
            .0
            .prepare_cached(
                "UPDATE check_ins SET status = 'unknown' WHERE status = 'in_progress' AND (timeout_at <= ?2 OR unheard)
                 AND environment_id IN (SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                     WHERE m.guid = ?1)",
            )?
            .execute(params![monitor.guid.as_bytes(), Micros(now)])?;
        Ok(excused)
    }

    /// The row of a configuration, made if there is none.
    pub(super) fn config_id(&mut self, config: &Config) -> Result<i64, StoreError> {
        if let Some(id) = self.1.config_id(config) {
            return Ok(id);
        }
        let text = json(config)?;
        self.0.prepare_cached("INSERT OR IGNORE INTO configs (config) VALUES (?1)")?.execute([&text])?;
        let id = self
            .0
            .prepare_cached("SELECT id FROM configs WHERE config = ?1")?
            .query_row([&text], |row| row.get(0))?;
        self.1.put_config(id, config);
        Ok(id)
    }

    pub(super) fn put_acknowledgement(&self, incident: &Incident) -> Result<(), StoreError> {
        let acknowledged = incident.acknowledged.as_ref();
        self.0
            .prepare_cached(
                "UPDATE incidents SET acknowledged_at = ?2, acknowledged_by = ?3 WHERE guid = ?1",
            )?
            .execute(params![
                incident.guid.as_bytes(),
                acknowledged.map(|acknowledged| Micros(acknowledged.at)),
                acknowledged.map(|acknowledged| &acknowledged.by),
            ])?;
        Ok(())
    }
}

fn json(config: &Config) -> Result<String, StoreError> {
    serde_json::to_string(config).map_err(StoreError::unavailable)
}
