//! Messages about incidents, until their targets have them, and a while longer.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;
use uuid::Uuid;

use super::connection::SqliteRecords;
use super::rows::Micros;
use crate::alerts::{Alert, Alerts, Attempt, DeliveryOutcome, MAX_RETRY_AFTER, UNKNOWN_TARGET};
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

impl SqliteRecords<'_> {
    /// Brings the waits of alerts up to date at the start of a server. Each keeps its own, so that a restart does not storm a target
    /// that is down. An alert that was never tried, or whose target was not in the configuration, is due at once. None waits for
    /// longer than a target can ask for, in case the clock has been set back.
    pub(super) fn put_waits_right(&self, now: Timestamp) -> Result<(), StoreError> {
        let longest = now.saturating_add(MAX_RETRY_AFTER).unwrap_or(Timestamp::MAX);
        self.0.execute(
            "UPDATE alerts SET next_attempt_at = min(next_attempt_at,
                 iif(attempts = 0 OR substr(last_answer, 1, length(?3)) = ?3, ?1, ?2))
             WHERE next_attempt_at IS NOT NULL",
            params![Micros(now), Micros(longest), UNKNOWN_TARGET],
        )?;
        Ok(())
    }

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
