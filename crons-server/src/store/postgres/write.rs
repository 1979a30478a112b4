//! The changes of a snapshot, written to PostgreSQL by sets: new rows and changed ones by the same statements.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ring::digest::{SHA256, digest};

use super::connection::PostgresTransaction;
use super::parameter::{maybe_micros, micros, text, texts};
use super::rows::{self, StoredRow};
use super::session::column;
use crate::domain::{CheckIn, Config, Incident, Monitor, MonitorEnvironment, Snapshot, Status};
use crate::store::error::StoreError;

/// The tables whose new rows get their ids before they are written, as other rows of the batch name them.
const TABLES: [&str; 4] = ["monitors", "environments", "check_ins", "incidents"];

/// The row ids of the rows of a snapshot, by their index.
struct Ids {
    monitors: Vec<i64>,
    environments: Vec<i64>,
    check_ins: Vec<i64>,
    incidents: Vec<i64>,
}

impl PostgresTransaction<'_> {
    /// Returns the row ids of the monitors of the snapshot, by their index.
    pub(super) fn write_snapshot(&self, snapshot: &Snapshot) -> Result<Vec<i64>, StoreError> {
        let ids = self.assign_ids(snapshot)?;
        self.write_monitors(snapshot, &ids)?;
        self.write_environments(snapshot, &ids)?;
        self.write_check_ins(snapshot, &ids)?;
        self.write_incidents(snapshot, &ids)?;
        self.write_occurrences(snapshot, &ids)?;
        self.write_deferred(snapshot)?;
        Ok(ids.monitors)
    }

    /// Takes the ids of all new rows by one statement, those of a table in the order of its rows.
    fn assign_ids(&self, snapshot: &Snapshot) -> Result<Ids, StoreError> {
        let mut stored: [Vec<Option<i64>>; 4] = [
            snapshot.monitors.iter().map(|row| row.id).collect(),
            snapshot.environments.iter().map(|environment| environment.row.id).collect(),
            snapshot.runs.iter().map(|run| run.row.id).collect(),
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
            let [a, b, c, d] = missing.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            let mut new = BTreeSet::new();
            for row in self.session()?.query(&sql.join(" UNION ALL "), &[&a, &b, &c, &d])? {
                let (place, id): (i64, i64) = (rows::get(&row, 0)?, rows::get(&row, 1)?);
                new.insert((place, id));
            }
            let mut new = new.into_iter().map(|(_, id)| id);
            for id in stored.iter_mut().flatten() {
                *id = id.or_else(|| new.next());
            }
        }
        let [monitors, environments, check_ins, incidents] =
            stored.map(|ids| ids.into_iter().collect::<Option<Vec<i64>>>());
        let missing = || StoreError::unavailable("a sequence returned too few ids");
        Ok(Ids {
            monitors: monitors.ok_or_else(missing)?,
            environments: environments.ok_or_else(missing)?,
            check_ins: check_ins.ok_or_else(missing)?,
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
        self.session()?.insert(
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
        )?;
        Ok(())
    }

    fn write_environments(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let all = snapshot.environments.iter().zip(&ids.environments);
        let changed = all.filter(|(environment, _)| environment.row.changed);
        let rows: Vec<(&MonitorEnvironment, i64, i64)> =
            changed.map(|(of, id)| (&of.row.value, *id, ids.monitors[of.monitor])).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.session()?.insert(
            "environments",
            &[
                ("id", &column(&rows, |(_, id, _)| *id)),
                ("monitor_id", &column(&rows, |(_, _, monitor)| *monitor)),
                ("name", &column(&rows, |(row, ..)| text(&row.name))),
                ("status", &column(&rows, |(row, ..)| text(row.status.as_str()))),
                ("muted", &column(&rows, |(row, ..)| row.muted)),
                ("date_created", &column(&rows, |(row, ..)| micros(row.date_created))),
                ("last_check_in", &column(&rows, |(row, ..)| maybe_micros(row.last_check_in))),
                ("next_check_in", &column(&rows, |(row, ..)| maybe_micros(row.next_check_in))),
                ("next_check_in_latest", &column(&rows, |(row, ..)| maybe_micros(row.next_check_in_latest))),
                ("last_ok", &column(&rows, |(row, ..)| maybe_micros(row.last_ok))),
            ],
            "ON CONFLICT (id) DO UPDATE SET status = excluded.status, muted = excluded.muted,
             last_check_in = excluded.last_check_in, next_check_in = excluded.next_check_in,
             next_check_in_latest = excluded.next_check_in_latest, last_ok = excluded.last_ok",
        )?;
        Ok(())
    }

    fn write_check_ins(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let changed = snapshot.runs.iter().zip(&ids.check_ins).filter(|(run, _)| run.row.changed);
        let rows: Vec<(&CheckIn, i64, i64)> = changed
            .filter_map(|(run, id)| {
                Some((&run.row.value, *id, ids.environments[*run.environment.as_ref().ok()?]))
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let configs = self.config_ids(rows.iter().map(|(run, ..)| &run.config))?;
        let decisions: Vec<Option<String>> = rows
            .iter()
            .map(|(run, ..)| run.decision.as_ref().map(json).transpose())
            .collect::<Result<_, _>>()?;
        self.session()?.insert(
            "check_ins",
            &[
                ("id", &column(&rows, |(_, id, _)| *id)),
                ("guid", &column(&rows, |(run, ..)| run.guid)),
                ("environment_id", &column(&rows, |(_, _, environment)| *environment)),
                ("status", &column(&rows, |(run, ..)| text(run.status.as_str()))),
                ("duration_ms", &column(&rows, |(run, ..)| run.duration_ms)),
                ("date_added", &column(&rows, |(run, ..)| micros(run.date_added))),
                ("date_updated", &column(&rows, |(run, ..)| micros(run.date_updated))),
                ("date_clock", &column(&rows, |(run, ..)| micros(run.date_clock))),
                ("date_in_progress", &column(&rows, |(run, ..)| maybe_micros(run.date_in_progress))),
                ("expected_time", &column(&rows, |(run, ..)| maybe_micros(run.expected_time))),
                ("timeout_at", &column(&rows, |(run, ..)| maybe_micros(run.timeout_at))),
                ("config_id", &column(&rows, |(run, ..)| configs[&run.config])),
                ("reported", &column(&rows, |(run, ..)| run.reported.map(Status::as_str).map(text))),
                ("unheard", &column(&rows, |(run, ..)| run.unheard)),
                ("decision", &decisions.iter().map(|json| json.as_deref().map(text)).collect::<Vec<_>>()),
                ("trace", &column(&rows, |(run, ..)| run.trace)),
                ("note", &column(&rows, |(run, ..)| run.note.as_deref().map(text))),
            ],
            "ON CONFLICT (id) DO UPDATE SET status = excluded.status, duration_ms = excluded.duration_ms,
             date_updated = excluded.date_updated, date_in_progress = excluded.date_in_progress,
             timeout_at = excluded.timeout_at, config_id = excluded.config_id, reported = excluded.reported,
             unheard = excluded.unheard, decision = excluded.decision, trace = excluded.trace,
             note = excluded.note",
        )?;
        Ok(())
    }

    /// Returns the row ids of configurations, which are added if they are missing.
    fn config_ids<'a>(
        &self,
        configs: impl Iterator<Item = &'a Config>,
    ) -> Result<HashMap<&'a Config, i64>, StoreError> {
        let mut ids: HashMap<&Config, i64> = configs.map(|config| (config, 0)).collect();
        let mut by_hash = BTreeMap::new();
        for config in ids.keys() {
            let text = json(*config)?;
            by_hash.insert(digest(&SHA256, text.as_bytes()).as_ref().to_vec(), (*config, text));
        }
        let hashes: Vec<Vec<u8>> = by_hash.keys().cloned().collect();
        let session = self.session()?;
        let find_all = |ids: &mut HashMap<&'a Config, i64>| -> Result<usize, StoreError> {
            let found = session.query(
                "SELECT id, config_hash(config) FROM configs WHERE config_hash(config) = ANY($1)",
                &[&hashes],
            )?;
            for row in &found {
                let hash = row.bytes(1)?.unwrap_or_default();
                if let Some((config, _)) = by_hash.get(hash) {
                    ids.insert(config, rows::get(row, 0)?);
                }
            }
            Ok(found.len())
        };
        if find_all(&mut ids)? < by_hash.len() {
            let texts = texts(by_hash.values().map(|(_, text)| text));
            session.insert("configs", &[("config", &texts)], "ON CONFLICT DO NOTHING")?;
            find_all(&mut ids)?;
        }
        Ok(ids)
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
        self.session()?.insert(
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
        )?;
        Ok(())
    }

    fn write_occurrences(&self, snapshot: &Snapshot, ids: &Ids) -> Result<(), StoreError> {
        let rows: Vec<_> = snapshot.occurrences.iter().map(|(of, row)| (row, ids.incidents[*of])).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.session()?.insert(
            "occurrences",
            &[
                ("incident_id", &column(&rows, |(_, incident)| *incident)),
                ("check_in", &column(&rows, |(row, _)| row.check_in)),
                ("at", &column(&rows, |(row, _)| micros(row.at))),
                ("reason", &column(&rows, |(row, _)| text(&row.reason))),
            ],
            "",
        )?;
        Ok(())
    }

    fn write_deferred(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let session = self.session()?;
        if !snapshot.taken.is_empty() {
            session.execute("DELETE FROM held_check_ins WHERE id = ANY($1)", &[&snapshot.taken])?;
        }
        let new = snapshot.deferred.values().flatten().filter(|row| row.id.is_none());
        let mut new: Vec<_> = new.map(|row| &row.event).collect();
        if new.is_empty() {
            return Ok(());
        }
        new.sort_by_key(|event| event.received);
        let events: Vec<String> = new.iter().map(|event| json(*event)).collect::<Result<_, _>>()?;
        session.insert(
            "held_check_ins",
            &[
                ("project", &column(&new, |event| event.project.cast_signed())),
                ("slug", &column(&new, |event| text(event.monitor_slug.as_str()))),
                ("received", &column(&new, |event| micros(event.received))),
                ("event", &texts(&events)),
            ],
            "",
        )?;
        Ok(())
    }
}

/// The JSON of a value, which has no U+0000.
fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::unavailable)
}
