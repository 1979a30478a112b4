//! Drills: a test message to every target that rules or the digest name, by the outbox, as messages about incidents take.

use jiff::Timestamp;
use uuid::Uuid;

use super::apply::store_changes;
use super::processor::Processor;
use crate::store::{Changes, Store, StoreError, Transaction};

/// The setting with the time of the last drill.
const LAST_DRILL: &str = "last_drill";

/// Starts a drill, in a transaction of its own. Returns the number of its messages. There are none if neither a rule nor the digest
/// names a target, and then the drill does not count.
///
/// # Errors
/// If the database fails.
pub(super) fn start(
    store: &mut dyn Store,
    processor: &mut Processor,
    id: Uuid,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let alerts = processor
        .alerts
        .drill(id, now, &mut *processor.new_id)
        .map_err(|error| StoreError::refused(error.to_string()))?;
    let messages = alerts.len();
    if messages > 0 {
        let settings = vec![(LAST_DRILL.to_owned(), now.to_string())];
        store_changes(store, &Changes { alerts, settings, ..Changes::default() })?;
        processor.last_drill = Some(now);
    }
    Ok(messages)
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
    let is_due = |last: Option<Timestamp>| last.is_none_or(|last| now.duration_since(last) >= interval);
    // A drill without messages does not count as one, so it would be due at each tick.
    if !is_due(processor.last_drill) || processor.alerts.named_targets().next().is_none() {
        return Ok(0);
    }
    // Another server may have started one.
    processor.last_drill = last_drill(&mut *store.begin()?)?.max(processor.last_drill);
    if !is_due(processor.last_drill) {
        return Ok(0);
    }
    let id = (processor.new_id)();
    start(store, processor, id, now)
}

/// Reads the time of the last drill; `None` if there was none.
///
/// # Errors
/// If the database fails.
pub(crate) fn last_drill(transaction: &mut dyn Transaction) -> Result<Option<Timestamp>, StoreError> {
    Ok(transaction.setting(LAST_DRILL, "never")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Drill, Settings};
    use crate::store::MemoryDatabase;

    #[test]
    fn only_a_drill_with_messages_counts_as_the_last_one() {
        for (to, messages) in [(&[][..], 0), (&["ops"], 1)] {
            let rules: Vec<_> =
                to.iter().map(|name| serde_json::json!({"on": ["opened"], "to": [name]})).collect();
            let alerts =
                serde_json::json!({"webhook": {"ops": {"url": "http://127.0.0.1:1/"}}, "alert": rules});
            let alerts = serde_json::from_value(alerts).unwrap();
            let settings = Settings { alerts, drill: Drill::Daily, ..Settings::default() };
            let (mut store, mut processor) =
                (MemoryDatabase::default(), Processor::new(&settings, Uuid::new_v4));
            let now: Timestamp = "2024-06-03T10:00:00Z".parse().unwrap();
            let started = (messages > 0).then_some(now);
            assert_eq!(start(&mut store, &mut processor, Uuid::nil(), now).unwrap(), messages);
            assert_eq!(processor.last_drill, started);
            assert_eq!(last_drill(&mut *store.begin().unwrap()).unwrap(), started);
            assert_eq!(start_if_due(&mut store, &mut processor, now).unwrap(), 0, "one a day");
        }
    }
}
