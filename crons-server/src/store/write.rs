//! What has changed, written to SQLite.

use rusqlite::params;

use super::StoreError;
use super::rows::Micros;
use super::sqlite::SqliteRecords;
use crate::lifecycle::{CheckIn, Config, Environment, Incident, Monitor, Occurrence, Status};

impl SqliteRecords<'_> {
    pub(super) fn put_monitor(&self, monitor: &Monitor) -> Result<(), StoreError> {
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

    pub(super) fn put_environment(
        &self,
        monitor: &Monitor,
        environment: &Environment,
    ) -> Result<(), StoreError> {
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
        self.0
            .prepare_cached(
                "INSERT INTO environments (monitor_id, name, status, muted, date_created, last_check_in,
                 next_check_in, next_check_in_latest, last_ok)
                 VALUES ((SELECT id FROM monitors WHERE guid = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (monitor_id, name) DO UPDATE SET status = excluded.status, muted = excluded.muted,
                 last_check_in = excluded.last_check_in, next_check_in = excluded.next_check_in,
                 next_check_in_latest = excluded.next_check_in_latest, last_ok = excluded.last_ok",
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
                last_ok.map(Micros),
            ])?;
        Ok(())
    }

    pub(super) fn put_check_in(
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
                 date_clock, date_in_progress, expected_time, timeout_at, config_id, reported)
                 VALUES (?1, (SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                 WHERE m.guid = ?2 AND e.name = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
                 (SELECT id FROM configs WHERE config = ?12), ?13)
                 ON CONFLICT (guid) DO UPDATE SET status = excluded.status, duration_ms = excluded.duration_ms,
                 date_updated = excluded.date_updated, date_in_progress = excluded.date_in_progress,
                 timeout_at = excluded.timeout_at, config_id = excluded.config_id, reported = excluded.reported",
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
                row.reported.map(Status::as_str),
            ])?;
        Ok(())
    }

    pub(super) fn put_incident(
        &self,
        monitor: &Monitor,
        environment: &Environment,
        incident: &Incident,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO incidents (guid, environment_id, started_at, starting_check_in, resolved_at,
                 resolving_check_in, errors, misses, timeouts, told)
                 VALUES (?1, (SELECT e.id FROM environments e JOIN monitors m ON m.id = e.monitor_id
                 WHERE m.guid = ?2 AND e.name = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (guid) DO UPDATE SET resolved_at = excluded.resolved_at,
                 resolving_check_in = excluded.resolving_check_in, errors = excluded.errors,
                 misses = excluded.misses, timeouts = excluded.timeouts, told = excluded.told",
            )?
            .execute(params![
                incident.guid.as_bytes(),
                monitor.guid.as_bytes(),
                environment.name,
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
