//! The rows that a batch adds beside its snapshot, written to SQLite by sets: processing errors, usage, alerts, outages.

use rusqlite::params;
use rusqlite::types::{Null, ToSqlOutput};

use super::bulk;
use super::connection::SqliteTransaction;
use super::load::json;
use super::outages::LAST_SEEN;
use super::rows::Micros;
use super::write::maybe;
use crate::alerts::Attempt;
use crate::store::additions::{self, AttemptRow, alerts_kept_from, at_once};
use crate::store::error::StoreError;
use crate::store::limits::PROCESSING_ERRORS;
use crate::store::transaction::Changes;

impl SqliteTransaction<'_> {
    pub(super) fn write_additions(&self, changes: &Changes, monitor_ids: &[i64]) -> Result<(), StoreError> {
        self.write_processing_errors(changes, monitor_ids)?;
        self.write_usage(changes)?;
        self.write_alerts(changes)?;
        for attempt in &changes.attempts {
            self.write_attempt(attempt)?;
        }
        let outages: Vec<[ToSqlOutput<'_>; 2]> = changes
            .outages
            .iter()
            .map(|outage| [Micros(outage.since).into(), Micros(outage.until).into()])
            .collect();
        bulk::insert(&self.transaction, "outages (since, until)", "", &outages)?;
        for change in &changes.tokens {
            self.change_token(change)?;
        }
        for (name, value) in &changes.settings {
            self.write_setting(name, value)?;
        }
        if let Some(last_seen) = changes.last_seen {
            self.write_setting(LAST_SEEN, &last_seen.as_microsecond().to_string())?;
        }
        Ok(())
    }

    fn write_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute([name, value])?;
        Ok(())
    }

    fn write_processing_errors(&self, changes: &Changes, monitor_ids: &[i64]) -> Result<(), StoreError> {
        if changes.processing_errors.is_empty() {
            return Ok(());
        }
        let project = crate::PROJECT.cast_signed();
        let unreadable = self.unreadable_monitors(changes)?;
        let rows = additions::refused(changes, monitor_ids, &unreadable)?;
        let repeated: Vec<(Option<i64>, &str)> = rows
            .iter()
            .filter(|row| row.row.accepted)
            .map(|row| (row.monitor, row.errors.as_str()))
            .collect();
        if !repeated.is_empty() {
            self.transaction
                .prepare_cached(
                    "DELETE FROM refused WHERE id IN (SELECT r.id FROM json_each(?2) k CROSS JOIN refused r
                     ON r.project = ?1 AND r.monitor_id IS k.value ->> 0 AND r.accepted AND r.errors = k.value ->> 1)",
                )?
                .execute(params![project, json(&repeated)?])?;
        }
        let inserted: Vec<[ToSqlOutput<'_>; 6]> = rows
            .iter()
            .map(|row| {
                [
                    project.into(),
                    row.monitor.map_or(Null.into(), Into::into),
                    Micros(row.row.received).into(),
                    row.payload.as_str().into(),
                    row.errors.as_str().into(),
                    row.row.accepted.into(),
                ]
            })
            .collect();
        let into = "refused (project, monitor_id, received, payload, errors, accepted)";
        bulk::insert(&self.transaction, into, "", &inserted)?;
        self.transaction
            .prepare_cached(
                "DELETE FROM refused WHERE id IN (SELECT id FROM (
                     SELECT r.id, row_number() OVER (PARTITION BY r.monitor_id ORDER BY r.id DESC) AS place
                     FROM json_each(?2) k CROSS JOIN refused r ON r.project = ?1 AND r.monitor_id IS k.value)
                 WHERE place > ?3)",
            )?
            .execute(params![project, json(&additions::monitors_of(&rows))?, PROCESSING_ERRORS])?;
        Ok(())
    }

    /// Slugs and row ids of monitors that cannot be read.
    fn unreadable_monitors(&self, changes: &Changes) -> Result<Vec<(String, i64)>, StoreError> {
        let slugs = additions::unreadable_slugs(changes);
        if slugs.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.transaction.prepare_cached(
            "SELECT m.slug, m.id FROM json_each(?2) k CROSS JOIN monitors m ON m.project = ?1 AND m.slug = k.value",
        )?;
        let found = statement.query_map(params![crate::PROJECT.cast_signed(), json(&slugs)?], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn write_usage(&self, changes: &Changes) -> Result<(), StoreError> {
        let rows: Vec<[ToSqlOutput<'_>; 6]> = additions::usage(changes)
            .into_iter()
            .map(|((slug, hour, outcome, reason), count)| {
                [
                    crate::PROJECT.cast_signed().into(),
                    slug.into(),
                    hour.into(),
                    outcome.into(),
                    reason.into(),
                    count.into(),
                ]
            })
            .collect();
        bulk::insert(
            &self.transaction,
            "usage (project, slug, hour, outcome, reason, count)",
            "ON CONFLICT DO UPDATE SET count = count + excluded.count",
            &rows,
        )
    }

    /// Writes the alerts. An event that a target has an alert of already gets no second one.
    fn write_alerts(&self, changes: &Changes) -> Result<(), StoreError> {
        let rows: Vec<[ToSqlOutput<'_>; 9]> = changes
            .alerts
            .iter()
            .map(|alert| {
                [
                    alert.key.as_bytes().as_slice().into(),
                    alert.target.as_str().into(),
                    alert.event.into(),
                    alert.incident.as_bytes().as_slice().into(),
                    alert.check_in.as_bytes().as_slice().into(),
                    alert.body.as_str().into(),
                    Micros(alert.at).into(),
                    Micros(alert.group_until.unwrap_or(alert.at)).into(),
                    maybe(alert.group_until.map(Micros)),
                ]
            })
            .collect();
        bulk::insert(
            &self.transaction,
            "alerts (key, target, event, incident, check_in, body, created_at, next_attempt_at, group_until)",
            "ON CONFLICT (incident, check_in, event, target, created_at) DO NOTHING",
            &rows,
        )?;
        self.end_waits(changes)
    }

    /// Makes alerts that wait for their groups due with an alert that goes at once and comes after them to the same target, since it waits
    /// for its turn.
    fn end_waits(&self, changes: &Changes) -> Result<(), StoreError> {
        for (target, at) in at_once(changes) {
            self.transaction
                .prepare_cached(
                    "UPDATE alerts SET next_attempt_at = ?2
                     WHERE target = ?1 AND refused = 0 AND attempts = 0 AND next_attempt_at > ?2
                     AND id < (SELECT max(id) FROM alerts WHERE target = ?1 AND refused = 0 AND attempts = 0
                               AND next_attempt_at IS NOT NULL AND group_until IS NULL)",
                )?
                .execute(params![target, Micros(at)])?;
        }
        Ok(())
    }

    fn write_attempt(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let Attempt { ids, at, .. } = attempt;
        let AttemptRow { next, refused, delivered, given_up, answer } = AttemptRow::of(attempt);
        self.transaction
            .prepare_cached(
                "UPDATE alerts SET attempts = attempts + 1, next_attempt_at = ?2, refused = ?3, delivered_at = ?4,
                 given_up_at = ?5, last_answer = ?6
                 WHERE id IN (SELECT value FROM json_each(?1)) AND next_attempt_at IS NOT NULL",
            )?
            .execute(params![
                json(ids)?,
                next.map(Micros),
                refused,
                delivered.map(Micros),
                given_up.map(Micros),
                answer
            ])?;
        // A few of the oldest alerts are deleted for each that ends, so that there is never much to delete.
        if next.is_none() {
            self.transaction
                .prepare_cached(
                    "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts
                     WHERE next_attempt_at IS NULL AND created_at < ?1 ORDER BY created_at LIMIT 10 * ?2)",
                )?
                .execute(params![
                    Micros(alerts_kept_from(*at)),
                    i64::try_from(ids.len()).unwrap_or(i64::MAX / 10)
                ])?;
        }
        Ok(())
    }
}
