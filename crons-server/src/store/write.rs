//! What has changed, written to SQLite.

use rusqlite::params;

use super::StoreError;
use super::rows::Micros;
use super::sqlite::SqliteRecords;
use crate::lifecycle::{Config, Environment, Existing, Incident, Monitor, Occurrence, Status};

impl SqliteRecords<'_> {
    /// The row id.
    pub(super) fn put_monitor(&mut self, monitor: &Monitor) -> Result<i64, StoreError> {
        let Monitor { guid, project, slug, enabled, upserting, config, owner, date_created } = monitor;
        let id = self
            .0
            .prepare_cached(
                "INSERT INTO monitors (guid, project, slug, enabled, upserting, config, owner, date_created)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (project, slug) DO UPDATE SET enabled = excluded.enabled,
                 upserting = excluded.upserting, config = excluded.config, owner = excluded.owner RETURNING id",
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
                ],
                |row| row.get(0),
            )?;
        self.1.put_monitor(id, monitor);
        Ok(id)
    }

    /// The row id.
    pub(super) fn put_environment(
        &mut self,
        monitor_id: i64,
        environment: &Environment,
    ) -> Result<i64, StoreError> {
        let Environment {
            name,
            status,
            muted,
            date_created,
            last_check_in,
            next_check_in,
            next_check_in_latest,
            last_ok,
        } = environment;
        let known = self.1.environment(monitor_id, name).map(|(id, _)| *id);
        let id = if let Some(id) = known {
            self.0
                .prepare_cached(
                    "UPDATE environments SET status = ?2, muted = ?3, last_check_in = ?4, next_check_in = ?5,
                     next_check_in_latest = ?6, last_ok = ?7 WHERE id = ?1",
                )?
                .execute(params![
                    id,
                    status.as_str(),
                    muted,
                    last_check_in.map(Micros),
                    next_check_in.map(Micros),
                    next_check_in_latest.map(Micros),
                    last_ok.map(Micros),
                ])?;
            id
        } else {
            self.0
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
                )?
        };
        self.1.put_environment(monitor_id, id, environment);
        Ok(id)
    }

    pub(super) fn put_check_in(
        &mut self,
        monitor: &Monitor,
        environment_id: i64,
        existing: &Existing,
    ) -> Result<(), StoreError> {
        let row = &existing.row;
        let config_id = self.config_id(monitor, &row.config)?;
        if let Some(id) = existing.order {
            self.0
                .prepare_cached(
                    "UPDATE check_ins SET status = ?2, duration_ms = ?3, date_updated = ?4, date_in_progress = ?5,
                     timeout_at = ?6, config_id = ?7, reported = ?8 WHERE id = ?1",
                )?
                .execute(params![
                    id,
                    row.status.as_str(),
                    row.duration_ms,
                    Micros(row.date_updated),
                    row.date_in_progress.map(Micros),
                    row.timeout_at.map(Micros),
                    config_id,
                    row.reported.map(Status::as_str),
                ])?;
            return Ok(());
        }
        self.0
            .prepare_cached(
                "INSERT INTO check_ins (guid, environment_id, status, duration_ms, date_added, date_updated,
                 date_clock, date_in_progress, expected_time, timeout_at, config_id, reported)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                row.guid.as_bytes(),
                environment_id,
                row.status.as_str(),
                row.duration_ms,
                Micros(row.date_added),
                Micros(row.date_updated),
                Micros(row.date_clock),
                row.date_in_progress.map(Micros),
                row.expected_time.map(Micros),
                row.timeout_at.map(Micros),
                config_id,
                row.reported.map(Status::as_str),
            ])?;
        Ok(())
    }

    /// The row of a configuration, made if there is none; most are that of their monitor, whose row is known.
    fn config_id(&mut self, monitor: &Monitor, config: &Config) -> Result<i64, StoreError> {
        let slug = monitor.slug.as_str();
        let of_monitor = self.1.monitor(slug).filter(|cached| cached.monitor.config == *config);
        if let Some(id) = of_monitor.and_then(|cached| cached.config_id) {
            return Ok(id);
        }
        let is_monitors = of_monitor.is_some();
        let config = json(config)?;
        self.0.prepare_cached("INSERT OR IGNORE INTO configs (config) VALUES (?1)")?.execute([&config])?;
        let id = self
            .0
            .prepare_cached("SELECT id FROM configs WHERE config = ?1")?
            .query_row([&config], |row| row.get(0))?;
        if is_monitors {
            self.1.put_config(slug, id);
        }
        Ok(id)
    }

    pub(super) fn put_incident(&self, environment_id: i64, incident: &Incident) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO incidents (guid, environment_id, started_at, starting_check_in, resolved_at,
                 resolving_check_in, errors, misses, timeouts, told)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (guid) DO UPDATE SET resolved_at = excluded.resolved_at,
                 resolving_check_in = excluded.resolving_check_in, errors = excluded.errors,
                 misses = excluded.misses, timeouts = excluded.timeouts, told = excluded.told",
            )?
            .execute(params![
                incident.guid.as_bytes(),
                environment_id,
                Micros(incident.started_at),
                incident.starting_check_in.as_bytes(),
                incident.resolved_at.map(Micros),
                incident.resolving_check_in.map(|guid| *guid.as_bytes()),
                incident.failures.error,
                incident.failures.missed,
                incident.failures.timeout,
                incident.told,
            ])?;
        Ok(())
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

    pub(super) fn put_occurrences(
        &self,
        incident: &Incident,
        occurrences: &[Occurrence],
    ) -> Result<(), StoreError> {
        let mut statement = self.0.prepare_cached(
            "INSERT INTO occurrences (incident_id, check_in, at, reason)
             VALUES ((SELECT id FROM incidents WHERE guid = ?1), ?2, ?3, ?4)",
        )?;
        for Occurrence { check_in, at, reason } in occurrences {
            statement.execute(params![incident.guid.as_bytes(), check_in.as_bytes(), Micros(*at), reason])?;
        }
        Ok(())
    }
}

fn json(config: &Config) -> Result<String, StoreError> {
    serde_json::to_string(config).map_err(StoreError::new)
}
