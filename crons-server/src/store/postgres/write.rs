//! The changes of a snapshot, written to PostgreSQL by sets. No statement is waited for, except the one that takes ids.

use std::collections::BTreeSet;

use super::connection::PostgresTransaction;
use super::parameter::{maybe_micros, micros, text, texts};
use super::rows;
use super::session::column;
use super::statement::Statement;
use crate::domain::{Incident, Monitor, MonitorEnvironment, Snapshot};
use crate::store::error::StoreError;

/// The tables whose new rows get their ids before they are written, as other rows of the batch name them.
const TABLES: [&str; 3] = ["monitors", "environments", "incidents"];

/// The row ids of the rows of a snapshot, by their index.
struct Ids {
    monitors: Vec<i64>,
    environments: Vec<i64>,
    incidents: Vec<i64>,
}

impl PostgresTransaction<'_> {
    /// Returns the row ids of the monitors of the snapshot, by their index.
    pub(super) fn write_snapshot(&self, snapshot: &Snapshot) -> Result<Vec<i64>, StoreError> {
        let ids = self.assign_ids(snapshot)?;
        self.write_monitors(snapshot, &ids)?;
        self.write_environments(snapshot, &ids)?;
        self.write_check_ins(snapshot, &ids.environments)?;
        self.write_incidents(snapshot, &ids)?;
        self.write_occurrences(snapshot, &ids)?;
        self.write_deferred(snapshot)?;
        Ok(ids.monitors)
    }

    /// Takes the ids of new rows by one statement, those of a table in the order of its rows.
    fn assign_ids(&self, snapshot: &Snapshot) -> Result<Ids, StoreError> {
        let mut stored: [Vec<Option<i64>>; 3] = [
            snapshot.monitors.iter().map(|row| row.id).collect(),
            snapshot.environments.iter().map(|environment| environment.row.id).collect(),
            snapshot.incidents.iter().map(|incident| incident.row.id).collect(),
        ];
        let missing = stored.each_ref().map(|ids| ids.iter().filter(|id| id.is_none()).count());
        if missing.iter().any(|count| *count > 0) {
            let of_table = |(place, table): (usize, &&str)| {
                format!(
                    "SELECT {place}::bigint, nextval('{table}_id_seq') FROM generate_series(1, ${})",
                    place + 1
                )
            };
            let sql: Vec<String> = TABLES.iter().enumerate().map(of_table).collect();
            let [a, b, c] = missing.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            let mut new = BTreeSet::new();
            for row in self.session()?.query(&sql.join(" UNION ALL "), &[&a, &b, &c])? {
                let (place, id): (i64, i64) = (rows::get(&row, 0)?, rows::get(&row, 1)?);
                new.insert((place, id));
            }
            let mut new = new.into_iter().map(|(_, id)| id);
            for id in stored.iter_mut().flatten() {
                *id = id.or_else(|| new.next());
            }
        }
        let [monitors, environments, incidents] =
            stored.map(|ids| ids.into_iter().collect::<Option<Vec<i64>>>());
        let missing = || StoreError::unavailable("a sequence returned too few ids");
        Ok(Ids {
            monitors: monitors.ok_or_else(missing)?,
            environments: environments.ok_or_else(missing)?,
            incidents: incidents.ok_or_else(missing)?,
        })
    }

    fn write_monitors(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let changed = snapshot.monitors.iter().zip(&ids.monitors).filter(|(row, _)| row.changed);
        let rows: Vec<(&Monitor, i64)> = changed.map(|(row, id)| (&row.value, *id)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let configs: Vec<String> = rows.iter().map(|(row, _)| json(&row.config)).collect::<Result<_, _>>()?;
        self.insert_later(
            "monitors",
            &[
                ("id", &column(&rows, |(_, id)| *id)),
                ("guid", &column(&rows, |(row, _)| row.guid)),
                ("project", &column(&rows, |(row, _)| row.project.cast_signed())),
                ("slug", &column(&rows, |(row, _)| text(row.slug.as_str()))),
                ("enabled", &column(&rows, |(row, _)| row.enabled)),
                ("upserting", &column(&rows, |(row, _)| row.upserting)),
                ("config", &texts(&configs)),
                ("owner", &column(&rows, |(row, _)| row.owner.as_deref().map(text))),
                ("date_created", &column(&rows, |(row, _)| micros(row.date_created))),
                ("spelling", &column(&rows, |(row, _)| row.spelling.as_deref().map(text))),
                ("name", &column(&rows, |(row, _)| row.name.as_deref().map(text))),
                ("muted", &column(&rows, |(row, _)| row.muted)),
                ("configured_by", &column(&rows, |(row, _)| text(row.configured.by.as_str()))),
                ("configured_at", &column(&rows, |(row, _)| micros(row.configured.at))),
            ],
            "ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, enabled = excluded.enabled,
             upserting = excluded.upserting, config = excluded.config, owner = excluded.owner, spelling = excluded.spelling,
             name = excluded.name, muted = excluded.muted, configured_by = excluded.configured_by,
             configured_at = excluded.configured_at",
        )
    }

    fn write_environments(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let all = snapshot.environments.iter().zip(&ids.environments);
        let changed = all.filter(|(environment, _)| environment.row.changed);
        let (known, new): (Vec<_>, Vec<_>) =
            changed.partition(|(environment, _)| environment.row.id.is_some());
        self.update_environments(&column(&known, |(of, id)| (&of.row.value, **id)))?;
        self.insert_environments(&column(&new, |(of, id)| (&of.row.value, **id, ids.monitors[of.monitor])))
    }

    fn insert_environments(&self, rows: &[(&MonitorEnvironment, i64, i64)]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.insert_later(
            "environments",
            &[
                ("id", &column(rows, |(_, id, _)| *id)),
                ("monitor_id", &column(rows, |(_, _, monitor)| *monitor)),
                ("name", &column(rows, |(row, ..)| text(&row.name))),
                ("status", &column(rows, |(row, ..)| text(row.status.as_str()))),
                ("muted", &column(rows, |(row, ..)| row.muted)),
                ("date_created", &column(rows, |(row, ..)| micros(row.date_created))),
                ("last_check_in", &column(rows, |(row, ..)| maybe_micros(row.last_check_in))),
                ("next_check_in", &column(rows, |(row, ..)| maybe_micros(row.next_check_in))),
                ("next_check_in_latest", &column(rows, |(row, ..)| maybe_micros(row.next_check_in_latest))),
                ("last_ok", &column(rows, |(row, ..)| maybe_micros(row.last_ok))),
            ],
            "",
        )
    }

    fn update_environments(&self, rows: &[(&MonitorEnvironment, i64)]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.update_later(
            "environments",
            &[
                ("id", &column(rows, |(_, id)| *id)),
                ("status", &column(rows, |(row, _)| text(row.status.as_str()))),
                ("muted", &column(rows, |(row, _)| row.muted)),
                ("last_check_in", &column(rows, |(row, _)| maybe_micros(row.last_check_in))),
                ("next_check_in", &column(rows, |(row, _)| maybe_micros(row.next_check_in))),
                ("next_check_in_latest", &column(rows, |(row, _)| maybe_micros(row.next_check_in_latest))),
                ("last_ok", &column(rows, |(row, _)| maybe_micros(row.last_ok))),
            ],
        )
    }

    fn write_incidents(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let all = snapshot.incidents.iter().zip(&ids.incidents);
        let changed = all.filter(|(incident, _)| incident.row.changed);
        let mut rows: Vec<(&Incident, i64, i64)> =
            changed.map(|(of, id)| (&of.row.value, *id, ids.environments[of.environment])).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // The incidents that are resolved are written first: each makes room for the next one of its environment.
        rows.sort_by_key(|(incident, ..)| incident.resolved_at.is_none());
        self.insert_later(
            "incidents",
            &[
                ("id", &column(&rows, |(_, id, _)| *id)),
                ("guid", &column(&rows, |(row, ..)| row.guid)),
                ("environment_id", &column(&rows, |(_, _, environment)| *environment)),
                ("started_at", &column(&rows, |(row, ..)| micros(row.started_at))),
                ("starting_check_in", &column(&rows, |(row, ..)| row.starting_check_in)),
                ("resolved_at", &column(&rows, |(row, ..)| maybe_micros(row.resolved_at))),
                ("resolving_check_in", &column(&rows, |(row, ..)| row.resolving_check_in)),
                ("errors", &column(&rows, |(row, ..)| i64::from(row.failures.error))),
                ("misses", &column(&rows, |(row, ..)| i64::from(row.failures.missed))),
                ("timeouts", &column(&rows, |(row, ..)| i64::from(row.failures.timeout))),
                ("told", &column(&rows, |(row, ..)| row.notified)),
                ("acknowledged_at", &column(&rows, |(row, ..)| row.acknowledged.as_ref().map(|by| micros(by.at)))),
                ("acknowledged_by", &column(&rows, |(row, ..)| row.acknowledged.as_ref().map(|by| text(&by.by)))),
                ("opened_at", &column(&rows, |(row, ..)| row.opening.map(|opening| micros(opening.at)))),
                ("opening_check_in", &column(&rows, |(row, ..)| row.opening.map(|opening| opening.check_in))),
                ("threshold", &column(&rows, |(row, ..)| row.opening.map(|opening| i64::from(opening.threshold)))),
                ("recovery_threshold", &column(&rows, |(row, ..)| row.recovery_threshold.map(i64::from))),
                ("withheld_until", &column(&rows, |(row, ..)| {
                    row.withheld.as_ref().map(|withheld| micros(withheld.silence.until))
                })),
                ("withheld_by", &column(&rows, |(row, ..)| {
                    row.withheld.as_ref().map(|withheld| text(&withheld.silence.by))
                })),
                ("withheld_why", &column(&rows, |(row, ..)| {
                    row.withheld.as_ref().map(|withheld| text(&withheld.silence.why))
                })),
                ("withheld_pending", &column(&rows, |(row, ..)| row.withheld_until().is_some())),
                ("notified_at", &column(&rows, |(row, ..)| row.follow_up.map(|of| micros(of.notified_at)))),
                ("follow_ups_until", &column(&rows, |(row, ..)| row.follow_up.map(|of| micros(of.decided_until)))),
                ("follow_up_due", &column(&rows, |(row, ..)| maybe_micros(row.follow_up_due()))),
                ("broken_at", &column(&rows, |(row, ..)| row.broken.map(|broken| micros(broken.detected_at)))),
                ("broken_muted_at", &column(&rows, |(row, ..)| {
                    maybe_micros(row.broken.and_then(|broken| broken.muted_at))
                })),
            ],
            "ON CONFLICT (id) DO UPDATE SET resolved_at = excluded.resolved_at,
             resolving_check_in = excluded.resolving_check_in, errors = excluded.errors, misses = excluded.misses,
             timeouts = excluded.timeouts, told = excluded.told, acknowledged_at = excluded.acknowledged_at,
             acknowledged_by = excluded.acknowledged_by, recovery_threshold = excluded.recovery_threshold,
             withheld_until = excluded.withheld_until, withheld_by = excluded.withheld_by,
             withheld_why = excluded.withheld_why, withheld_pending = excluded.withheld_pending,
             notified_at = excluded.notified_at, follow_ups_until = excluded.follow_ups_until,
             follow_up_due = excluded.follow_up_due, broken_at = excluded.broken_at,
             broken_muted_at = excluded.broken_muted_at",
        )
    }

    fn write_occurrences(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let rows: Vec<_> = snapshot.occurrences.iter().map(|(of, row)| (row, ids.incidents[*of])).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.insert_later(
            "occurrences",
            &[
                ("incident_id", &column(&rows, |(_, incident)| *incident)),
                ("check_in", &column(&rows, |(row, _)| row.check_in)),
                ("at", &column(&rows, |(row, _)| micros(row.at))),
                ("reason", &column(&rows, |(row, _)| text(&row.reason))),
            ],
            "",
        )
    }

    fn write_deferred(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        if !snapshot.taken.is_empty() {
            let sql = "DELETE FROM held_check_ins WHERE id = ANY($1)";
            self.later(Statement::new(sql, &[&snapshot.taken])?);
        }
        let new = snapshot.deferred.values().flatten().filter(|row| row.id.is_none());
        let mut new: Vec<_> = new.map(|row| &row.event).collect();
        if new.is_empty() {
            return Ok(());
        }
        new.sort_by_key(|event| event.received);
        let events: Vec<String> = new.iter().map(|event| json(*event)).collect::<Result<_, _>>()?;
        self.insert_later(
            "held_check_ins",
            &[
                ("project", &column(&new, |event| event.project.cast_signed())),
                ("slug", &column(&new, |event| text(event.monitor_slug.as_str()))),
                ("received", &column(&new, |event| micros(event.received))),
                ("event", &texts(&events)),
            ],
            "",
        )
    }
}

/// The JSON of a value, which has no U+0000.
pub(super) fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::unavailable)
}
