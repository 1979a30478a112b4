//! The changes of a snapshot, written to SQLite by sets: new rows and changed ones by the same statements.

use std::collections::HashMap;

use rusqlite::types::{Null, ToSqlOutput};

use super::bulk;
use super::connection::SqliteTransaction;
use super::load::json;
use super::rows::Micros;
use crate::domain::{CheckIn, Config, Incident, Monitor, MonitorEnvironment, Snapshot, Status};
use crate::store::error::StoreError;

impl SqliteTransaction<'_> {
    /// Returns the row ids of the monitors of the snapshot, by their index.
    pub(super) fn write_snapshot(&self, snapshot: &Snapshot) -> Result<Vec<i64>, StoreError> {
        let monitors = self.assign_ids("monitors", snapshot.monitors.iter().map(|row| row.id))?;
        self.write_monitors(snapshot, &monitors)?;
        let stored = snapshot.environments.iter().map(|environment| environment.row.id);
        let environments = self.assign_ids("environments", stored)?;
        self.write_environments(snapshot, &monitors, &environments)?;
        self.write_check_ins(snapshot, &environments)?;
        let stored = snapshot.incidents.iter().map(|incident| incident.row.id);
        let incidents = self.assign_ids("incidents", stored)?;
        self.write_incidents(snapshot, &environments, &incidents)?;
        let rows: Vec<_> = snapshot
            .occurrences
            .iter()
            .map(|(incident, occurrence)| {
                [
                    incidents[*incident].into(),
                    occurrence.check_in.as_bytes().as_slice().into(),
                    Micros(occurrence.at).into(),
                    occurrence.reason.as_str().into(),
                ]
            })
            .collect();
        bulk::insert(&self.transaction, "occurrences (incident_id, check_in, at, reason)", "", &rows)?;
        self.write_deferred(snapshot)?;
        Ok(monitors)
    }

    /// Returns the row ids of a table by the index of the row in the snapshot: new rows get the next ones, in their order.
    fn assign_ids(
        &self,
        table: &str,
        stored: impl Iterator<Item = Option<i64>> + Clone,
    ) -> Result<Vec<i64>, StoreError> {
        let makes_any = stored.clone().any(|id| id.is_none());
        let mut next = if makes_any { bulk::next_id(&self.transaction, table)? } else { 0 };
        let ids = stored.map(|id| {
            id.unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        });
        Ok(ids.collect())
    }

    fn write_monitors(&self, snapshot: &Snapshot, ids: &[i64]) -> Result<(), StoreError> {
        let changed = snapshot.monitors.iter().zip(ids).filter(|(row, _)| row.changed);
        let changed = changed.map(|(row, id)| Ok((*id, &row.value, json(&row.value.config)?)));
        let changed = changed.collect::<Result<Vec<_>, StoreError>>()?;
        let rows: Vec<_> = changed.iter().map(|(id, value, config)| monitor(*id, value, config)).collect();
        bulk::insert(
            &self.transaction,
            "monitors (id, guid, project, slug, enabled, upserting, config, owner, date_created, spelling, name,
             muted, configured_by, configured_at)",
            "ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, enabled = excluded.enabled,
             upserting = excluded.upserting, config = excluded.config, owner = excluded.owner, spelling = excluded.spelling,
             name = excluded.name, muted = excluded.muted, configured_by = excluded.configured_by,
             configured_at = excluded.configured_at",
            &rows,
        )
    }

    fn write_environments(
        &self,
        snapshot: &Snapshot,
        monitors: &[i64],
        ids: &[i64],
    ) -> Result<(), StoreError> {
        let changed =
            snapshot.environments.iter().zip(ids).filter(|(environment, _)| environment.row.changed);
        let rows: Vec<_> = changed
            .map(|(changed, id)| environment(*id, monitors[changed.monitor], &changed.row.value))
            .collect();
        bulk::insert(
            &self.transaction,
            "environments (id, monitor_id, name, status, muted, date_created, last_check_in, next_check_in,
             next_check_in_latest, last_ok)",
            "ON CONFLICT (id) DO UPDATE SET status = excluded.status, muted = excluded.muted,
             last_check_in = excluded.last_check_in, next_check_in = excluded.next_check_in,
             next_check_in_latest = excluded.next_check_in_latest, last_ok = excluded.last_ok",
            &rows,
        )
    }

    fn write_check_ins(&self, snapshot: &Snapshot, environments: &[i64]) -> Result<(), StoreError> {
        let stored = snapshot.runs.iter().map(|run| run.row.id);
        let ids = self.assign_ids("check_ins", stored)?;
        let changed = snapshot.runs.iter().zip(ids).filter(|(run, _)| run.row.changed);
        let changed: Vec<_> = changed
            .filter_map(|(run, id)| {
                let environment = *run.environment.as_ref().ok()?;
                Some((id, environments[environment], &run.row.value))
            })
            .collect();
        let configs = self.config_ids(changed.iter().map(|(_, _, run)| &run.config))?;
        let decisions = changed.iter().map(|(_, _, run)| run.decision.as_ref().map(json).transpose());
        let decisions = decisions.collect::<Result<Vec<_>, StoreError>>()?;
        let rows: Vec<_> = changed
            .iter()
            .zip(&decisions)
            .map(|((id, environment, run), decision)| {
                check_in(*id, *environment, configs[&run.config], run, decision.as_deref())
            })
            .collect();
        bulk::insert(
            &self.transaction,
            "check_ins (id, guid, environment_id, status, duration_ms, date_added, date_updated, date_clock,
             date_in_progress, expected_time, timeout_at, config_id, reported, unheard, decision, trace, note)",
            "ON CONFLICT (id) DO UPDATE SET status = excluded.status, duration_ms = excluded.duration_ms,
             date_updated = excluded.date_updated, date_in_progress = excluded.date_in_progress,
             timeout_at = excluded.timeout_at, config_id = excluded.config_id, reported = excluded.reported,
             unheard = excluded.unheard, decision = excluded.decision, trace = excluded.trace,
             note = excluded.note",
            &rows,
        )
    }

    /// Returns the row ids of configurations, which are added if they are missing.
    fn config_ids<'a>(
        &self,
        configs: impl Iterator<Item = &'a Config>,
    ) -> Result<HashMap<&'a Config, i64>, StoreError> {
        let mut ids: HashMap<&Config, i64> = configs.map(|config| (config, 0)).collect();
        if ids.is_empty() {
            return Ok(ids);
        }
        let mut by_text = HashMap::new();
        for config in ids.keys() {
            by_text.insert(json(*config)?, *config);
        }
        let texts = json(&by_text.keys().collect::<Vec<_>>())?;
        let mut find = self.transaction.prepare_cached(
            "SELECT c.id, c.config FROM json_each(?1) k CROSS JOIN configs c ON c.config = k.value",
        )?;
        let mut find_all = |ids: &mut HashMap<&'a Config, i64>| -> Result<usize, StoreError> {
            let mut found = find.query([&texts])?;
            let mut count = 0;
            while let Some(row) = found.next()? {
                if let Some(config) = by_text.get(row.get_ref(1)?.as_str().map_err(StoreError::unavailable)?)
                {
                    ids.insert(config, row.get(0)?);
                    count += 1;
                }
            }
            Ok(count)
        };
        if find_all(&mut ids)? < by_text.len() {
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO configs (config) SELECT value FROM json_each(?1)")?
                .execute([&texts])?;
            find_all(&mut ids)?;
        }
        Ok(ids)
    }

    fn write_incidents(
        &self,
        snapshot: &Snapshot,
        environments: &[i64],
        ids: &[i64],
    ) -> Result<(), StoreError> {
        // The incidents that are resolved are written first: each makes room for the next one of its environment.
        let mut changed: Vec<_> =
            snapshot.incidents.iter().zip(ids).filter(|(incident, _)| incident.row.changed).collect();
        changed.sort_by_key(|(incident, _)| incident.row.value.resolved_at.is_none());
        let rows: Vec<_> = changed
            .into_iter()
            .map(|(changed, id)| incident(*id, environments[changed.environment], &changed.row.value))
            .collect();
        bulk::insert(
            &self.transaction,
            "incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at, resolving_check_in, errors,
             misses, timeouts, told, acknowledged_at, acknowledged_by, opened_at, opening_check_in, threshold,
             recovery_threshold, withheld_until, withheld_by, withheld_why, withheld_pending, notified_at,
             follow_ups_until, follow_up_due, broken_at, broken_muted_at)",
            "ON CONFLICT (id) DO UPDATE SET resolved_at = excluded.resolved_at,
             resolving_check_in = excluded.resolving_check_in, errors = excluded.errors, misses = excluded.misses,
             timeouts = excluded.timeouts, told = excluded.told, acknowledged_at = excluded.acknowledged_at,
             acknowledged_by = excluded.acknowledged_by, recovery_threshold = excluded.recovery_threshold,
             withheld_until = excluded.withheld_until, withheld_by = excluded.withheld_by,
             withheld_why = excluded.withheld_why, withheld_pending = excluded.withheld_pending,
             notified_at = excluded.notified_at, follow_ups_until = excluded.follow_ups_until,
             follow_up_due = excluded.follow_up_due, broken_at = excluded.broken_at,
             broken_muted_at = excluded.broken_muted_at",
            &rows,
        )
    }

    fn write_deferred(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        if !snapshot.taken.is_empty() {
            self.transaction
                .prepare_cached("DELETE FROM held_check_ins WHERE id IN (SELECT value FROM json_each(?1))")?
                .execute([json(&snapshot.taken)?])?;
        }
        let new = snapshot.deferred.values().flatten().filter(|row| row.id.is_none());
        let mut new =
            new.map(|row| Ok((&row.event, json(&row.event)?))).collect::<Result<Vec<_>, StoreError>>()?;
        new.sort_by_key(|(event, _)| event.received);
        let rows: Vec<[ToSqlOutput<'_>; 4]> = new
            .iter()
            .map(|(event, text)| {
                [
                    event.project.cast_signed().into(),
                    event.monitor_slug.as_str().into(),
                    Micros(event.received).into(),
                    text.as_str().into(),
                ]
            })
            .collect();
        bulk::insert(&self.transaction, "held_check_ins (project, slug, received, event)", "", &rows)
    }
}

fn monitor<'a>(id: i64, value: &'a Monitor, config: &'a str) -> [ToSqlOutput<'a>; 14] {
    let Monitor { guid, project, slug, spelling, enabled, upserting, owner, date_created, .. } = value;
    [
        id.into(),
        guid.as_bytes().as_slice().into(),
        project.cast_signed().into(),
        slug.as_str().into(),
        (*enabled).into(),
        (*upserting).into(),
        config.into(),
        maybe(owner.as_deref()),
        Micros(*date_created).into(),
        maybe(spelling.as_deref()),
        maybe(value.name.as_deref()),
        value.muted.into(),
        value.configured.by.as_str().into(),
        Micros(value.configured.at).into(),
    ]
}

fn environment(id: i64, monitor_id: i64, value: &MonitorEnvironment) -> [ToSqlOutput<'_>; 10] {
    [
        id.into(),
        monitor_id.into(),
        value.name.as_str().into(),
        value.status.as_str().into(),
        value.muted.into(),
        Micros(value.date_created).into(),
        maybe(value.last_check_in.map(Micros)),
        maybe(value.next_check_in.map(Micros)),
        maybe(value.next_check_in_latest.map(Micros)),
        maybe(value.last_ok.map(Micros)),
    ]
}

fn check_in<'a>(
    id: i64,
    environment_id: i64,
    config_id: i64,
    row: &'a CheckIn,
    decision: Option<&'a str>,
) -> [ToSqlOutput<'a>; 17] {
    [
        id.into(),
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
        row.unheard.into(),
        maybe(decision),
        // The value is empty for a trace with the id of the run, as our client sends it.
        maybe(row.trace.as_ref().map(|trace| if *trace == row.guid { &[][..] } else { trace.as_bytes() })),
        maybe(row.note.as_deref()),
    ]
}

fn incident(id: i64, environment_id: i64, value: &Incident) -> [ToSqlOutput<'_>; 26] {
    let opening = value.opening.as_ref();
    let acknowledged = value.acknowledged.as_ref();
    let silence = value.withheld.as_ref().map(|withheld| &withheld.silence);
    [
        id.into(),
        value.guid.as_bytes().as_slice().into(),
        environment_id.into(),
        Micros(value.started_at).into(),
        value.starting_check_in.as_bytes().as_slice().into(),
        maybe(value.resolved_at.map(Micros)),
        maybe(value.resolving_check_in.as_ref().map(|guid| guid.as_bytes().as_slice())),
        value.failures.error.into(),
        value.failures.missed.into(),
        value.failures.timeout.into(),
        value.notified.into(),
        maybe(acknowledged.map(|acknowledged| Micros(acknowledged.at))),
        maybe(acknowledged.map(|acknowledged| acknowledged.by.as_str())),
        maybe(opening.map(|opening| Micros(opening.at))),
        maybe(opening.map(|opening| opening.check_in.as_bytes().as_slice())),
        maybe(opening.map(|opening| opening.threshold)),
        maybe(value.recovery_threshold),
        maybe(silence.map(|silence| Micros(silence.until))),
        maybe(silence.map(|silence| silence.by.as_str())),
        maybe(silence.map(|silence| silence.why.as_str())),
        value.withheld_until().is_some().into(),
        maybe(value.follow_up.map(|follow_up| Micros(follow_up.notified_at))),
        maybe(value.follow_up.map(|follow_up| Micros(follow_up.decided_until))),
        maybe(value.follow_up_due().map(Micros)),
        maybe(value.broken.map(|broken| Micros(broken.detected_at))),
        maybe(value.broken.and_then(|broken| broken.muted_at).map(Micros)),
    ]
}

pub(super) fn maybe<'a>(value: Option<impl Into<ToSqlOutput<'a>>>) -> ToSqlOutput<'a> {
    value.map_or(Null.into(), Into::into)
}
