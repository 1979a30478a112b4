//! Messages about incidents, until their targets have them, and a while longer.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, TransactionBehavior, params};
use serde::Serialize;
use uuid::Uuid;

use super::connection::{SqliteRecords, SqliteStore};
use super::queries::Reader;
use super::rows::{self, Micros};
use super::unreadable::is_unreadable;
use crate::alerts::{Alert, Alerts, Attempt, DeliveryOutcome, DueAlert, LONGEST_RETRY_AFTER, UNKNOWN_TARGET};
use crate::domain::IncidentEvent;
use crate::store::error::StoreError;
use crate::store::records::Records;

/// How long messages are kept that are not to be sent any more.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Characters of an answer that are kept.
const ANSWER: usize = 300;

/// Writes down what the rules say of these events, with what has happened. Whether there is anything to send.
pub(crate) fn enqueue_alerts(
    records: &mut dyn Records,
    alerts: &Alerts,
    events: &[IncidentEvent],
) -> Result<bool, StoreError> {
    let decided = alerts.decide(events, &mut Uuid::new_v4).map_err(StoreError::unavailable)?;
    for alert in &decided {
        records.enqueue_alert(alert)?;
    }
    Ok(!decided.is_empty())
}

/// A message, as the API shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertView {
    pub id: Uuid,
    pub target: String,
    pub event: String,
    pub incident: Uuid,
    pub check_in_id: Uuid,
    /// `waiting`, `delivered` or `given_up`.
    pub status: &'static str,
    pub date_created: Timestamp,
    pub attempts: u32,
    pub next_attempt: Option<Timestamp>,
    pub date_delivered: Option<Timestamp>,
    pub date_given_up: Option<Timestamp>,
    pub last_answer: Option<String>,
}

impl SqliteStore {
    /// Brings the waits of messages up to date at the start of a server. Each keeps its own, so that a restart does not storm a
    /// target that is down. Only a message that was never tried, or whose target was not in the configuration and so was not
    /// asked, is due at once; and none waits for longer than a target can ask for, should the clock have been set back.
    ///
    /// # Errors
    /// If the database fails.
    pub fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let longest = now.saturating_add(LONGEST_RETRY_AFTER).unwrap_or(Timestamp::MAX);
        transaction.execute(
            "UPDATE alerts SET next_attempt_at = min(next_attempt_at,
                 iif(attempts = 0 OR substr(last_answer, 1, length(?3)) = ?3, ?1, ?2))
             WHERE next_attempt_at IS NOT NULL",
            params![Micros(now), Micros(longest), UNKNOWN_TARGET],
        )?;
        Ok(transaction.commit()?)
    }
}

impl SqliteRecords<'_> {
    pub(super) fn insert_alert(&self, alert: &Alert) -> Result<(), StoreError> {
        let Alert { key, target, event, incident, check_in, at, body } = alert;
        // What was decided before is not decided again.
        self.0
            .prepare_cached(
                "INSERT INTO alerts (key, target, event, incident, check_in, body, created_at, next_attempt_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (incident, check_in, event, target) DO NOTHING",
            )?
            .execute(params![
                key.as_bytes(),
                target,
                event,
                incident.as_bytes(),
                check_in.as_bytes(),
                body,
                Micros(*at),
            ])?;
        Ok(())
    }

    pub(super) fn update_alert(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let Attempt { id, at, outcome, answer } = attempt;
        let (next, refused, delivered, given_up) = match *outcome {
            DeliveryOutcome::Delivered => (None, false, Some(*at), None),
            DeliveryOutcome::Failed { next, refused } => (Some(next), refused, None, None),
            DeliveryOutcome::Expired => (None, false, None, Some(*at)),
        };
        let answer: String = answer.chars().take(ANSWER).collect();
        self.0
            .prepare_cached(
                "UPDATE alerts SET attempts = attempts + 1, next_attempt_at = ?2, refused = ?3, delivered_at = ?4,
                 given_up_at = ?5, last_answer = ?6 WHERE id = ?1 AND next_attempt_at IS NOT NULL",
            )?
            .execute(params![
                id,
                next.map(Micros),
                refused,
                delivered.map(Micros),
                given_up.map(Micros),
                answer
            ])?;
        // A few of the oldest go for each that ends, so that there is never much to do.
        if next.is_none() {
            self.0
                .prepare_cached(
                    "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts
                     WHERE next_attempt_at IS NULL AND created_at < ?1 ORDER BY created_at LIMIT 10)",
                )?
                .execute([Micros(at.saturating_sub(KEPT_FOR).unwrap_or(Timestamp::MIN))])?;
        }
        Ok(())
    }
}

impl Reader {
    /// Of each target the message that is its next: the oldest, or one that it refused and that is due earlier. Those with the ids
    /// in `without`, and those that cannot be read, are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub(crate) fn next_alerts(&self, without: &[i64]) -> Result<Vec<DueAlert>, StoreError> {
        self.read(|connection| {
            // Steps from target to target, however many messages each has.
            let mut statement = connection.prepare_cached(
                "WITH RECURSIVE t (target) AS (
                     SELECT min(target) FROM alerts WHERE next_attempt_at IS NOT NULL
                     UNION ALL
                     SELECT (SELECT min(target) FROM alerts WHERE target > t.target AND next_attempt_at IS NOT NULL)
                     FROM t WHERE t.target IS NOT NULL),
                     left_out (id) AS MATERIALIZED (SELECT value FROM json_each(?1))
                 SELECT a.id, a.key, a.target, a.body, a.created_at, a.attempts, a.next_attempt_at
                 FROM t JOIN alerts a ON a.id IN (
                     (SELECT min(id) FROM alerts
                      WHERE target = t.target AND refused = 0 AND next_attempt_at IS NOT NULL AND id NOT IN left_out),
                     (SELECT id FROM alerts WHERE target = t.target AND refused = 1 AND next_attempt_at IS NOT NULL
                      AND id NOT IN left_out
                      ORDER BY next_attempt_at, id LIMIT 1))
                 ORDER BY a.next_attempt_at, a.id",
            )?;
            loop {
                let found = statement
                    .query_map([self.unreadable().ids("alerts", without)], |row| {
                        self.unreadable().decode("alerts", row, 0, waiting)
                    })?
                    .collect::<Vec<_>>();
                if found.iter().any(|row| row.as_ref().is_err_and(is_unreadable)) {
                    // Its target's next message is another one, now that this row is known.
                    continue;
                }
                let mut next: Vec<DueAlert> = Vec::new();
                for alert in found {
                    let alert = alert?;
                    if next.iter().all(|other| other.target != alert.target) {
                        next.push(alert);
                    }
                }
                return Ok(next);
            }
        })
    }

    /// Messages, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub fn alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, target, event, incident, check_in, created_at, attempts, next_attempt_at, delivered_at,
                 given_up_at, last_answer, id FROM alerts ORDER BY id DESC LIMIT ?1",
            )?;
            let found = statement
                .query_map([limit], |row| self.unreadable().decode("alerts", row, 11, view))?;
            Ok(found.filter_map(rows::readable).collect::<Result<_, _>>()?)
        })
    }
}

fn waiting(row: &Row<'_>) -> rusqlite::Result<DueAlert> {
    Ok(DueAlert {
        id: row.get(0)?,
        key: rows::uuid(row, 1)?,
        target: row.get(2)?,
        body: row.get(3)?,
        created_at: rows::instant(row, 4)?,
        attempts: row.get(5)?,
        next_attempt_at: rows::instant(row, 6)?,
    })
}

fn view(row: &Row<'_>) -> rusqlite::Result<AlertView> {
    let (delivered, given_up) = (rows::maybe_instant(row, 8)?, rows::maybe_instant(row, 9)?);
    Ok(AlertView {
        id: rows::uuid(row, 0)?,
        target: row.get(1)?,
        event: row.get(2)?,
        incident: rows::uuid(row, 3)?,
        check_in_id: rows::uuid(row, 4)?,
        status: match (delivered, given_up) {
            (Some(_), _) => "delivered",
            (None, Some(_)) => "given_up",
            (None, None) => "waiting",
        },
        date_created: rows::instant(row, 5)?,
        attempts: row.get(6)?,
        next_attempt: rows::maybe_instant(row, 7)?,
        date_delivered: delivered,
        date_given_up: given_up,
        last_answer: row.get(10)?,
    })
}
