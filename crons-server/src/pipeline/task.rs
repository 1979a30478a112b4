//! Steps of housekeeping, each a transaction of its own.

use jiff::Timestamp;

use super::attempts;
use super::digest;
use super::drill;
use super::processor::Processor;
use crate::pipeline::queue::{Task, TaskOutcome};
use crate::store::{Changes, Store, StoreError, Transaction};

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
    Ok(match task {
        Task::PurgeDeleted => {
            TaskOutcome { more: commit(store, |rows| rows.purge_deleted())?, ..TaskOutcome::default() }
        }
        Task::DeleteExpired(expired) => {
            let check_ins = commit(store, |rows| rows.delete_expired(&expired))?;
            TaskOutcome { check_ins, ..TaskOutcome::default() }
        }
        Task::ReclaimSpace => {
            TaskOutcome { more: commit(store, |rows| rows.reclaim_space())?, ..TaskOutcome::default() }
        }
        Task::ChangeToken(change) => {
            commit(store, |rows| rows.write(&Changes { tokens: vec![change], ..Changes::default() }))?;
            TaskOutcome::default()
        }
        Task::LeaseTargets(targets) => {
            commit(store, |rows| targets.iter().try_for_each(|target| rows.lease_target(target)))?;
            TaskOutcome::default()
        }
        Task::ReadTargets => {
            let targets = attempts::stored_health(&mut *store.begin()?, &processor.alerts)?;
            TaskOutcome { targets: Some(targets), ..TaskOutcome::default() }
        }
        Task::Drill(id) => {
            TaskOutcome { new_alerts: drill::start(store, processor, id, now)?, ..TaskOutcome::default() }
        }
        Task::StoreDigest(digest) => {
            let stored = digest::store_digest(store, processor, &digest)?;
            let digest_until = Some(stored.until);
            TaskOutcome { new_alerts: stored.messages, digest_until, ..TaskOutcome::default() }
        }
        Task::RecordAttempt(attempt) => commit(store, |rows| attempts::record(rows, processor, attempt))?,
    })
}

/// Runs a step in a transaction, and commits that.
fn commit<T>(
    store: &mut dyn Store,
    step: impl FnOnce(&mut dyn Transaction) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut transaction = store.begin()?;
    let done = step(&mut *transaction)?;
    transaction.commit()?;
    Ok(done)
}
