//! Steps of housekeeping, each a transaction of its own.

use super::attempts;
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
) -> Result<TaskOutcome, StoreError> {
    let mut transaction = store.begin()?;
    let mut outcome = TaskOutcome::default();
    match task {
        Task::PurgeDeleted => outcome.more = transaction.purge_deleted()?,
        Task::DeleteExpired(expired) => outcome.check_ins = transaction.delete_expired(&expired)?,
        Task::ReclaimSpace => outcome.more = transaction.reclaim_space()?,
        Task::ChangeToken(change) => {
            transaction.write(&Changes { tokens: vec![change], ..Changes::default() })?;
        }
        Task::RecordAttempt(attempt) => {
            outcome = attempts::record(&mut *transaction, processor, attempt)?;
        }
    }
    transaction.commit()?;
    Ok(outcome)
}
