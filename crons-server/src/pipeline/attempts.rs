//! The outcomes of attempts to send alerts, and the health of targets that follows from them, both stored in one transaction.

use super::processor::Processor;
use super::queue::TaskOutcome;
use super::vitals::TargetHealth;
use crate::alerts::{Alerts, Attempt, DeliveryOutcome, FailingTarget};
use crate::store::{Changes, StoreError, Transaction};

/// The failed attempts after which another server sends the messages of a target: this one may be cut off from it, or lack a secret.
const ATTEMPTS_OF_A_SERVER: u32 = 3;

/// Writes an attempt, the health of its target, and messages to the other targets about a change of it.
///
/// # Errors
/// If the database fails.
pub(super) fn record(
    transaction: &mut dyn Transaction,
    processor: &mut Processor,
    attempt: Attempt,
) -> Result<TaskOutcome, StoreError> {
    let mut outcome = TaskOutcome::default();
    let mut changes = Changes::default();
    // A target that was removed from the configuration has no health.
    if processor.alerts.has_target(&attempt.target) {
        let before = stored(transaction, &attempt.target)?;
        let change = processor
            .alerts
            .after_attempt(before.as_ref(), &attempt, &mut *processor.new_id)
            .map_err(|error| StoreError::refused(error.to_string()))?;
        if change.health != before {
            let value = serde_json::to_string(&change.health);
            let value = value.map_err(|error| StoreError::refused(error.to_string()))?;
            changes.settings.push((setting(&attempt.target), value));
        }
        outcome.new_alerts = change.alerts.len();
        changes.alerts = change.alerts;
        outcome.target = Some((attempt.target.clone(), change.health));
    }
    let is_down = matches!(attempt.outcome, DeliveryOutcome::Failed { refused: false, .. });
    if is_down && attempt.number.is_multiple_of(ATTEMPTS_OF_A_SERVER) {
        transaction.hand_over_target(&attempt.target)?;
    }
    changes.attempts.push(attempt);
    transaction.write(&changes)?;
    Ok(outcome)
}

/// Reads the health of all configured targets.
///
/// # Errors
/// If the database fails.
pub(crate) fn stored_health(
    transaction: &mut dyn Transaction,
    alerts: &Alerts,
) -> Result<TargetHealth, StoreError> {
    alerts.targets().map(|(name, _)| Ok((name.to_owned(), stored(transaction, name)?))).collect()
}

/// Reads the health of a target. One that is not readable counts as well.
fn stored(transaction: &mut dyn Transaction, target: &str) -> Result<Option<FailingTarget>, StoreError> {
    let text = transaction.setting(&setting(target), "null")?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Returns the name of the setting with the health of a target.
fn setting(target: &str) -> String {
    format!("failing_target:{target}")
}
