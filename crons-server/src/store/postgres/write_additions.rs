//! The rows that a batch adds beside its snapshot, written to PostgreSQL by sets: processing errors, usage, alerts, outages.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::connection::PostgresTransaction;
use super::nodes::{LAST_SEEN, LATER_HEARTBEAT};
use super::parameter::{maybe_micros, micros, text, texts};
use super::rows;
use super::session::column;
use super::statement::Statement;
use crate::alerts::Alert;
use crate::domain::{Outage, PROJECT};
use crate::store::additions::{self, AttemptRow, alerts_kept_from, at_once};
use crate::store::api_token::{ApiToken, TokenChange};
use crate::store::error::StoreError;
use crate::store::limits::PROCESSING_ERRORS;
use crate::store::transaction::Changes;

impl PostgresTransaction<'_> {
    pub(super) fn write_additions(&self, changes: &Changes, monitor_ids: &[i64]) -> Result<(), StoreError> {
        self.write_processing_errors(changes, monitor_ids)?;
        self.write_usage(changes)?;
        self.write_alerts(changes)?;
        self.write_attempts(changes)?;
        self.write_outages(changes)?;
        self.write_tokens(changes)?;
        self.write_settings(changes)
    }

    fn write_settings(&self, changes: &Changes) -> Result<(), StoreError> {
        let last_seen = changes.last_seen.map(|instant| micros(instant).to_string());
        let mut settings: BTreeMap<&str, &str> =
            changes.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        settings.extend(last_seen.as_deref().map(|value| (LAST_SEEN, value)));
        if settings.is_empty() {
            return Ok(());
        }
        self.insert_later(
            "settings AS s",
            &[("name", &texts(settings.keys().copied())), ("value", &texts(settings.values().copied()))],
            &format!(
                "ON CONFLICT (name) DO UPDATE SET value = CASE WHEN s.name = '{LAST_SEEN}' THEN {LATER_HEARTBEAT} ELSE excluded.value END"
            ),
        )
    }

    fn write_processing_errors(&self, changes: &Changes, monitor_ids: &[i64]) -> Result<(), StoreError> {
        if changes.processing_errors.is_empty() {
            return Ok(());
        }
        let project = PROJECT.cast_signed();
        let unreadable = self.unreadable_monitors(changes)?;
        let rows = additions::refused(changes, monitor_ids, &unreadable)?;
        let repeated: Vec<_> = rows.iter().filter(|row| row.row.accepted).collect();
        if !repeated.is_empty() {
            self.later(Statement::new(
                "DELETE FROM refused r USING unnest($2, $3) AS k (monitor_id, errors)
                 WHERE r.project = $1 AND r.monitor_id IS NOT DISTINCT FROM k.monitor_id AND r.accepted AND r.errors = k.errors",
                &[
                    &project,
                    &column(&repeated, |row| row.monitor),
                    &column(&repeated, |row| text(&row.errors)),
                ],
            )?);
        }
        let new: Vec<_> = rows.iter().collect();
        self.insert_later(
            "refused",
            &[
                ("project", &column(&new, |_| project)),
                ("monitor_id", &column(&new, |row| row.monitor)),
                ("received", &column(&new, |row| micros(row.row.received))),
                ("payload", &column(&new, |row| text(&row.payload))),
                ("errors", &column(&new, |row| text(&row.errors))),
                ("accepted", &column(&new, |row| row.row.accepted)),
            ],
            "",
        )?;
        self.later(Statement::new(
            "DELETE FROM refused WHERE id = ANY(ARRAY(SELECT id FROM (
                 SELECT r.id, row_number() OVER (PARTITION BY r.monitor_id ORDER BY r.id DESC) AS place
                 FROM unnest($2) AS k (monitor_id) JOIN refused r
                 ON r.project = $1 AND r.monitor_id IS NOT DISTINCT FROM k.monitor_id) AS numbered
             WHERE place > $3))",
            &[&project, &additions::monitors_of(&rows), &i64::from(PROCESSING_ERRORS)],
        )?);
        Ok(())
    }

    /// Slugs and row ids of monitors that cannot be read.
    fn unreadable_monitors(&self, changes: &Changes) -> Result<Vec<(String, i64)>, StoreError> {
        let slugs = additions::unreadable_slugs(changes);
        if slugs.is_empty() {
            return Ok(Vec::new());
        }
        let sql = "SELECT slug, id FROM monitors WHERE project = $1 AND slug = ANY($2)";
        let found = self.session()?.query(sql, &[&PROJECT.cast_signed(), &texts(slugs)])?;
        let found = found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?)));
        found.collect()
    }

    fn write_usage(&self, changes: &Changes) -> Result<(), StoreError> {
        let rows: Vec<_> = additions::usage(changes).into_iter().collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.insert_later(
            "usage",
            &[
                ("project", &column(&rows, |_| PROJECT.cast_signed())),
                ("slug", &column(&rows, |((slug, ..), _)| text(slug))),
                ("hour", &column(&rows, |((_, hour, ..), _)| *hour)),
                ("outcome", &column(&rows, |((_, _, outcome, _), _)| text(outcome))),
                ("reason", &column(&rows, |((.., reason), _)| text(reason))),
                ("count", &column(&rows, |(_, count)| *count)),
            ],
            "ON CONFLICT (project, slug, hour, outcome, reason) DO UPDATE SET count = usage.count + excluded.count",
        )
    }

    /// Writes the alerts. An event that a target has an alert of already gets no second one. Transactions with alerts commit in the order of the alerts' row
    /// ids, which is that in which they are sent.
    fn write_alerts(&self, changes: &Changes) -> Result<(), StoreError> {
        let rows: Vec<&Alert> = changes.alerts.iter().collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.lock_alerts()?;
        self.insert_later(
            "alerts",
            &[
                ("key", &column(&rows, |alert| alert.key)),
                ("target", &column(&rows, |alert| text(&alert.target))),
                ("event", &column(&rows, |alert| text(alert.event))),
                ("incident", &column(&rows, |alert| alert.incident)),
                ("check_in", &column(&rows, |alert| alert.check_in)),
                ("body", &column(&rows, |alert| text(&alert.body))),
                ("created_at", &column(&rows, |alert| micros(alert.at))),
                ("next_attempt_at", &column(&rows, |alert| micros(alert.group_until.unwrap_or(alert.at)))),
                ("group_until", &column(&rows, |alert| maybe_micros(alert.group_until))),
            ],
            "ON CONFLICT (incident, check_in, event, target, created_at) DO NOTHING",
        )?;
        self.end_waits(changes)
    }

    /// Makes alerts that wait for their groups due with an alert that goes at once and comes after them to the same target, since it waits
    /// for its turn.
    fn end_waits(&self, changes: &Changes) -> Result<(), StoreError> {
        let rows: Vec<(&str, Timestamp)> = at_once(changes).into_iter().collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.later(Statement::new(
            "UPDATE alerts a SET next_attempt_at = k.at FROM unnest($1, $2) AS k (target, at)
             WHERE a.target = k.target AND NOT a.refused AND a.attempts = 0 AND a.next_attempt_at > k.at
             AND a.id < (SELECT max(b.id) FROM alerts b WHERE b.target = k.target AND NOT b.refused AND b.attempts = 0
                         AND b.next_attempt_at IS NOT NULL AND b.group_until IS NULL)",
            &[&column(&rows, |(target, _)| text(target)), &column(&rows, |(_, at)| micros(*at))],
        )?);
        Ok(())
    }

    /// Writes the outcomes of attempts. An alert has one attempt at a time, so it is in at most one of a batch.
    fn write_attempts(&self, changes: &Changes) -> Result<(), StoreError> {
        if changes.attempts.is_empty() {
            return Ok(());
        }
        let outcomes: Vec<_> =
            changes.attempts.iter().map(|attempt| (attempt, AttemptRow::of(attempt))).collect();
        let rows: Vec<(i64, &AttemptRow)> =
            outcomes.iter().flat_map(|(attempt, row)| attempt.ids.iter().map(move |id| (*id, row))).collect();
        self.later(Statement::new(
            "UPDATE alerts a SET attempts = a.attempts + 1, next_attempt_at = k.next, refused = k.refused,
             delivered_at = k.delivered, given_up_at = k.given_up, last_answer = k.answer
             FROM unnest($1, $2, $3, $4, $5, $6) AS k (id, next, refused, delivered, given_up, answer)
             WHERE a.id = k.id AND a.next_attempt_at IS NOT NULL",
            &[
                &column(&rows, |(id, _)| *id),
                &column(&rows, |(_, row)| maybe_micros(row.next)),
                &column(&rows, |(_, row)| row.refused),
                &column(&rows, |(_, row)| maybe_micros(row.delivered)),
                &column(&rows, |(_, row)| maybe_micros(row.given_up)),
                &column(&rows, |(_, row)| text(&row.answer)),
            ],
        )?);
        // A few of the oldest alerts are deleted for each that ends, so that there is never much to delete.
        let ended = rows.iter().filter(|(_, row)| row.next.is_none()).count();
        if let Some(now) = changes.attempts.iter().map(|attempt| attempt.at).max()
            && ended > 0
        {
            self.later(Statement::new(
                "DELETE FROM alerts WHERE id = ANY(ARRAY(SELECT id FROM alerts
                 WHERE next_attempt_at IS NULL AND created_at < $1 ORDER BY created_at LIMIT 10 * $2))",
                &[&micros(alerts_kept_from(now)), &i64::try_from(ended).unwrap_or(i64::MAX / 10)],
            )?);
        }
        Ok(())
    }

    fn write_outages(&self, changes: &Changes) -> Result<(), StoreError> {
        let outages: &[Outage] = &changes.outages;
        if !outages.is_empty() {
            let since = column(outages, |outage| micros(outage.since));
            let until = column(outages, |outage| micros(outage.until));
            self.insert_later("outages", &[("since", &since), ("until", &until)], "")?;
        }
        Ok(())
    }

    fn write_tokens(&self, changes: &Changes) -> Result<(), StoreError> {
        let (mut new, mut revoked): (Vec<&ApiToken>, Vec<_>) = (Vec::new(), Vec::new());
        for change in &changes.tokens {
            match change {
                TokenChange::Create(token) => new.push(token),
                TokenChange::Revoke(id) => revoked.push(*id),
            }
        }
        for ApiToken { id, name, scope, hash, created } in new {
            let sql = "INSERT INTO api_tokens (guid, name, scope, hash, created_at)
                       SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM api_tokens WHERE name = $2)";
            let (scope, hash) = (text(scope.as_str()), hash.0.to_vec());
            self.later(Statement::new(sql, &[id, &text(name), &scope, &hash, &micros(*created)])?);
        }
        if !revoked.is_empty() {
            self.later(Statement::new("DELETE FROM api_tokens WHERE guid = ANY($1)", &[&revoked])?);
        }
        Ok(())
    }
}
