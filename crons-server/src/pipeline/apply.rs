//! The way of a batch through the store: load, apply, write, commit. The returned events are durable, for the caller to publish.
//!
//! Batches that the database rejects because of a row are halved, until the input that makes the row stands alone and is left out.

use jiff::Timestamp;

use super::batch::Batch;
use super::processor::Processor;
use crate::domain::{BatchKeys, Command, CommandError, CommandOutcome, ReceivedCheckIn, Verdict, command};
use crate::pipeline::events::Event;
use crate::store::{Changes, Store, StoreError, Transaction};

/// Inputs of one commit, at most.
pub(crate) const MAX_BATCH: usize = 512;
/// The most runs of a batch whose rows another server changes meanwhile.
const MAX_RUNS: usize = 10;

/// A range of minutes whose deadlines are not evaluated yet: those after the first one, up to the second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behind {
    pub(crate) evaluated_through: Timestamp,
    pub(crate) current: Timestamp,
}

impl Behind {
    fn minutes(self) -> impl Iterator<Item = Timestamp> {
        let next = |minute: Timestamp| minute.checked_add(jiff::SignedDuration::from_mins(1)).ok();
        std::iter::successors(next(self.evaluated_through), move |minute| next(*minute))
            .take_while(move |minute| *minute <= self.current)
    }
}

/// Applies check-ins in one commit; `behind`: after the deadlines of their environments that have passed before. Returns a verdict
/// for each, `None` for one that was left out.
///
/// # Errors
/// If the database fails as a whole. Then `verdicts` has those that were stored before.
pub(crate) fn apply_check_ins(
    store: &mut dyn Store,
    processor: &mut Processor,
    check_ins: &[&ReceivedCheckIn],
    behind: Option<Behind>,
    events: &mut Vec<Event>,
    verdicts: &mut Vec<Option<Verdict>>,
) -> Result<(), StoreError> {
    let is_counted = store.group().is_shared();
    let applied = run_shared(store, |transaction| {
        let applied = try_check_ins(transaction, processor, check_ins, behind, is_counted);
        processor.settle(applied.is_ok());
        applied
    });
    match applied {
        Ok((new, batch)) => {
            verdicts.extend(new);
            events.extend(batch);
            Ok(())
        }
        Err(error) if rejects_a_row(&error) => match check_ins {
            // A deadline that cannot be stored keeps no check-in out.
            [_] if behind.is_some() => {
                tracing::error!(%error, "a deadline was left out, the check-in after it goes on");
                apply_check_ins(store, processor, check_ins, None, events, verdicts)
            }
            [] | [_] => {
                tracing::error!(%error, "a check-in was left out, the others go on");
                verdicts.push(None);
                Ok(())
            }
            _ => {
                let (first, second) = check_ins.split_at(check_ins.len() / 2);
                apply_check_ins(store, processor, first, behind, events, verdicts)?;
                apply_check_ins(store, processor, second, behind, events, verdicts)
            }
        },
        Err(error) => Err(error),
    }
}

/// Applies check-ins in a transaction; `is_counted`: other servers count for the rate limit, too.
fn try_check_ins(
    mut transaction: Box<dyn Transaction + '_>,
    processor: &mut Processor,
    check_ins: &[&ReceivedCheckIn],
    behind: Option<Behind>,
    is_counted: bool,
) -> Result<(Vec<Option<Verdict>>, Vec<Event>), StoreError> {
    let mut keys = BatchKeys { overdue_until: behind.map(|behind| behind.current), ..BatchKeys::default() };
    for received in check_ins {
        keys.add(received);
    }
    if behind.is_some() || keys.may_end_runs() {
        // Deadlines of earlier minutes are evaluated as of these.
        let first = check_ins.iter().map(|received| received.received);
        keys.silences_after = first.chain(behind.map(|behind| behind.evaluated_through)).min();
    }
    if is_counted {
        processor.share_counts(&mut *transaction, check_ins)?;
        if let Some(behind) = behind {
            processor.read_outages(&mut *transaction, behind.current)?;
        }
    }
    let mut batch = processor.batch(transaction.load(&keys)?);
    let mut verdicts = Vec::with_capacity(check_ins.len());
    for received in check_ins {
        if let (Some(behind), Ok(event)) = (behind, &received.parsed) {
            for minute in behind.minutes() {
                processor.evaluate_environment(&mut batch, event, minute);
            }
        }
        verdicts.push(processor.check_in(&mut batch, received));
    }
    batch.count_usage();
    transaction.write(&batch.changes)?;
    transaction.commit()?;
    Ok((verdicts, batch.events))
}

/// Rejects all deferred check-ins: no more check-ins will come.
pub(crate) fn reject_all_deferred(
    store: &mut dyn Store,
    processor: &mut Processor,
    events: &mut Vec<Event>,
) -> Result<(), StoreError> {
    let keys = BatchKeys { all_deferred: true, ..BatchKeys::default() };
    let mut transaction = store.begin()?;
    let mut batch = Batch::of(transaction.load(&keys)?);
    for event in batch.changes.snapshot.take_all_deferred() {
        processor.reject_deferred(&mut batch, event);
    }
    batch.count_usage();
    transaction.write(&batch.changes)?;
    transaction.commit()?;
    events.extend(batch.events);
    Ok(())
}

/// Carries out a command of a person.
///
/// # Errors
/// If the database fails.
pub(crate) fn apply_command(
    store: &mut dyn Store,
    processor: &mut Processor,
    given: &Command,
    now: Timestamp,
) -> Result<Result<CommandOutcome, CommandError>, StoreError> {
    run_again(|| {
        let mut transaction = store.begin()?;
        let mut changes = Changes::of(transaction.load(&given.keys(now))?);
        let outcome = command(&mut changes.snapshot, given, now, processor.quotas, &mut processor.new_id);
        if outcome.is_ok() {
            transaction.write(&changes)?;
            transaction.commit()?;
        }
        Ok(outcome)
    })
}

/// Stores changes that no rule has to decide on.
///
/// # Errors
/// If the database fails.
pub(crate) fn store_changes(store: &mut dyn Store, changes: &Changes) -> Result<(), StoreError> {
    run_again(|| {
        let mut transaction = store.begin()?;
        transaction.write(changes)?;
        transaction.commit()
    })
}

/// Runs a transaction beside those of other servers. Runs it again, alone, if that is a conflict or a row is rejected: another server may have added
/// the same row meanwhile.
pub(super) fn run_shared<T>(
    store: &mut dyn Store,
    mut run: impl FnMut(Box<dyn Transaction + '_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if store.group().has_others() {
        match store.begin_shared().and_then(&mut run) {
            Err(StoreError::Conflict(cause) | StoreError::Refused(cause)) => {
                tracing::debug!(%cause, "a batch is run again, alone");
            }
            result => return result,
        }
    }
    run_again(|| run(store.begin()?))
}

/// Runs a transaction again whose rows another server has changed meanwhile.
pub(super) fn run_again<T>(mut run: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 1..MAX_RUNS {
        match run() {
            Err(StoreError::Conflict(cause)) => tracing::debug!(%cause, "a batch is run again"),
            result => return result,
        }
    }
    run()
}

/// Returns whether the database works, but not with a row of the batch.
pub(super) fn rejects_a_row(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_) | StoreError::Corrupt(_))
}

#[cfg(test)]
mod silence_tests;
#[cfg(test)]
pub(super) mod tests;
