//! What was judged, written to SQLite: few changes of a check-in, or the many of a storm.

use rusqlite::params;
use rusqlite::types::{Null, ToSqlOutput};

use super::bulk;
use super::bulk_update::Deadline;
use super::connection::SqliteRecords;
use super::rows::Micros;
use crate::domain::{CheckIn, Incident, Occurrence, State, Status};
use crate::store::error::StoreError;
use crate::store::records::Change;

impl SqliteRecords<'_> {
    pub(super) fn save_all(&mut self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let (mut check_ins, mut incidents, mut occurrences) = (Vec::new(), Vec::new(), Vec::new());
        let (mut moved, mut next_incident) = (Vec::new(), None);
        for Change { before, after, occurrences: told } in changes {
            let Some(environment_id) = self.save_place(before, after, &mut moved)? else { continue };
            if let Some(existing) = &after.check_in
                && after.check_in != before.check_in
            {
                let config_id = self.config_id(&existing.row.config)?;
                match existing.order {
                    Some(id) => self.change_check_in(id, &existing.row, config_id)?,
                    None => check_ins.push(check_in(&existing.row, environment_id, config_id)),
                }
            }
            let Some(new) = &after.incident else { continue };
            let id = if let Some(id) = after.keys.incident {
                if after.incident != before.incident {
                    self.change_incident(id, new)?;
                }
                id
            } else {
                let id = match next_incident {
                    Some(id) => id,
                    None => self.next_incident()?,
                };
                next_incident = Some(id + 1);
                incidents.push(incident(new, id, environment_id));
                id
            };
            for told in *told {
                occurrences.push(occurrence(told, id));
            }
        }
        self.move_deadlines(&mut moved)?;
        bulk::insert(
            &self.0,
            "check_ins (guid, environment_id, status, duration_ms, date_added, date_updated, date_clock,
             date_in_progress, expected_time, timeout_at, config_id, reported)",
            &check_ins,
        )?;
        bulk::insert(
            &self.0,
            "incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at, resolving_check_in, errors,
             misses, timeouts, told)",
            &incidents,
        )?;
        bulk::insert(&self.0, "occurrences (incident_id, check_in, at, reason)", &occurrences)
    }

    /// Monitor and environment; the row id of that. One whose deadline has moved is left to be written with others.
    fn save_place(
        &mut self,
        before: &State,
        after: &State,
        moved: &mut Vec<(i64, Deadline)>,
    ) -> Result<Option<i64>, StoreError> {
        let Some(monitor) = &after.monitor else { return Ok(None) };
        let monitor_id = match after.keys.monitor {
            Some(id) if before.monitor.as_ref() == Some(monitor) => id,
            known => {
                let id = self.put_monitor(monitor)?;
                if let (None, Some(count)) = (known, &mut self.1.monitor_count) {
                    *count = count.saturating_add(1);
                }
                id
            }
        };
        let Some(environment) = &after.environment else { return Ok(None) };
        match (after.keys.environment, &before.environment) {
            (Some(id), Some(before)) if before == environment => Ok(Some(id)),
            (Some(id), Some(before)) => {
                if let Some(deadline) = Deadline::moved(before, environment) {
                    moved.push((id, deadline));
                    self.1.change_environment(monitor_id, id, environment);
                    return Ok(Some(id));
                }
                let due = before.next_check_in_latest != environment.next_check_in_latest;
                self.change_environment(monitor_id, id, environment, due)?;
                Ok(Some(id))
            }
            _ => self.put_environment(monitor_id, environment).map(Some),
        }
    }

    fn change_check_in(&self, id: i64, row: &CheckIn, config_id: i64) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE check_ins SET status = ?2, duration_ms = ?3, date_updated = ?4, date_in_progress = ?5,
                 timeout_at = ?6, config_id = ?7, reported = ?8, unheard = ?9 WHERE id = ?1",
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
                row.unheard,
            ])?;
        Ok(())
    }

    /// One that is not over has not left the index of those.
    fn change_incident(&self, id: i64, incident: &Incident) -> Result<(), StoreError> {
        let over = incident.resolved_at.is_some();
        let sql = if over {
            "UPDATE incidents SET errors = ?2, misses = ?3, timeouts = ?4, told = ?5, resolved_at = ?6,
             resolving_check_in = ?7 WHERE id = ?1"
        } else {
            "UPDATE incidents SET errors = ?2, misses = ?3, timeouts = ?4, told = ?5 WHERE id = ?1"
        };
        let values = params![
            id,
            incident.failures.error,
            incident.failures.missed,
            incident.failures.timeout,
            incident.told,
            incident.resolved_at.map(Micros),
            incident.resolving_check_in.map(|guid| *guid.as_bytes()),
        ];
        self.0.prepare_cached(sql)?.execute(if over { values } else { &values[..5] })?;
        Ok(())
    }

    fn next_incident(&self) -> Result<i64, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM incidents")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }
}

fn check_in(row: &CheckIn, environment_id: i64, config_id: i64) -> [ToSqlOutput<'_>; 12] {
    [
        row.guid.as_bytes().as_slice().into(),
        environment_id.into(),
        row.status.as_str().into(),
        maybe(row.duration_ms),
        Micros(row.date_added).into(),
        Micros(row.date_updated).into(),
        Micros(row.date_clock).into(),
        maybe(row.date_in_progress.map(Micros)),
        maybe(row.expected_time.map(Micros)),
        maybe(row.timeout_at.map(Micros)),
        config_id.into(),
        maybe(row.reported.map(Status::as_str)),
    ]
}

fn incident(new: &Incident, id: i64, environment_id: i64) -> [ToSqlOutput<'_>; 11] {
    [
        id.into(),
        new.guid.as_bytes().as_slice().into(),
        environment_id.into(),
        Micros(new.started_at).into(),
        new.starting_check_in.as_bytes().as_slice().into(),
        maybe(new.resolved_at.map(Micros)),
        maybe(new.resolving_check_in.as_ref().map(|guid| guid.as_bytes().as_slice())),
        new.failures.error.into(),
        new.failures.missed.into(),
        new.failures.timeout.into(),
        new.told.into(),
    ]
}

fn occurrence(new: &Occurrence, incident_id: i64) -> [ToSqlOutput<'_>; 4] {
    let Occurrence { check_in, at, reason } = new;
    [incident_id.into(), check_in.as_bytes().as_slice().into(), Micros(*at).into(), reason.as_str().into()]
}

fn maybe<'a>(value: Option<impl Into<ToSqlOutput<'a>>>) -> ToSqlOutput<'a> {
    value.map_or(Null.into(), Into::into)
}
