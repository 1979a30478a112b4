//! Steps of housekeeping, each a transaction of its own.

use jiff::Timestamp;

use super::attempts;
use super::drill;
use super::processor::Processor;
use crate::pipeline::queue::{Task, TaskOutcome};
use crate::store::{Changes, Store, StoreError};

/// Runs one step.
///
/// # Errors
/// If the database fails.
pub(super) fn run(
    store: &mut dyn Store,
    processor: &mut Processor,
    task: Task,
    now: Timestamp,
) -> Result<TaskOutcome, StoreError> {
    let mut transaction = store.begin()?;
    let mut outcome = TaskOutcome::default();
    let mut last_drill = processor.last_drill;
    match task {
        Task::PurgeDeleted => outcome.more = transaction.purge_deleted()?,
        Task::DeleteExpired(expired) => outcome.check_ins = transaction.delete_expired(&expired)?,
        Task::ReclaimSpace => outcome.more = transaction.reclaim_space()?,
        Task::ChangeToken(change) => {
            transaction.write(&Changes { tokens: vec![change], ..Changes::default() })?;
        }
        Task::Drill(id) => {
            outcome = drill::start(&mut *transaction, processor, id, now)?;
            last_drill = Some(now);
        }
        Task::RecordAttempt(attempt) => {
            outcome = attempts::record(&mut *transaction, processor, attempt)?;
        }
    }
    transaction.commit()?;
    processor.last_drill = last_drill;
    Ok(outcome)
}
