//! Drills: a test message to every target that rules name, by the outbox, as messages about incidents take.

use jiff::Timestamp;
use uuid::Uuid;

use super::processor::Processor;
use super::queue::TaskOutcome;
use crate::store::{Changes, Store, StoreError, Transaction};

/// The setting with the time of the last drill.
const LAST_DRILL: &str = "last_drill";

/// Writes the messages of a drill. There are none if no rule names a target, and then the drill does not count.
///
/// # Errors
/// If the database fails.
pub(super) fn start(
    transaction: &mut dyn Transaction,
    processor: &mut Processor,
    id: Uuid,
    now: Timestamp,
) -> Result<TaskOutcome, StoreError> {
    let alerts = processor
        .alerts
        .drill(id, now, &mut *processor.new_id)
        .map_err(|error| StoreError::refused(error.to_string()))?;
    let outcome = TaskOutcome { new_alerts: alerts.len(), ..TaskOutcome::default() };
    if outcome.new_alerts > 0 {
        let settings = vec![(LAST_DRILL.to_owned(), now.to_string())];
        transaction.write(&Changes { alerts, settings, ..Changes::default() })?;
    }
    Ok(outcome)
}

/// Starts a drill if one is due by the settings. Returns the number of its messages.
///
/// # Errors
/// If the database fails.
pub(super) fn start_if_due(
    store: &mut dyn Store,
    processor: &mut Processor,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let Some(interval) = processor.drill.interval() else { return Ok(0) };
    if processor.last_drill.is_some_and(|last| now.duration_since(last) < interval) {
        return Ok(0);
    }
    let mut transaction = store.begin()?;
    let id = (processor.new_id)();
    let outcome = start(&mut *transaction, processor, id, now)?;
    transaction.commit()?;
    // Without targets there is nothing to try again before the next interval.
    processor.last_drill = Some(now);
    Ok(outcome.new_alerts)
}

/// Reads the time of the last drill; `None` if there was none.
///
/// # Errors
/// If the database fails.
pub(crate) fn last_drill(transaction: &mut dyn Transaction) -> Result<Option<Timestamp>, StoreError> {
    Ok(transaction.setting(LAST_DRILL, "never")?.parse().ok())
}
