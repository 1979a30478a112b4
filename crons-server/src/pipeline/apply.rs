//! The way of a batch through the store: load, apply, write, commit. The returned events are durable, for the caller to publish.
//!
//! Batches that the database rejects because of a row are halved, until the input that makes the row stands alone and is left out.

use jiff::Timestamp;

use super::batch::Batch;
use super::processor::{DEFERRED_TTL, Processor};
use crate::domain::{
    self, BatchKeys, Command, CommandError, CommandOutcome, ReceivedCheckIn, Verdict, command,
};
use crate::pipeline::events::Event;
use crate::store::{Changes, DueKind, Store, StoreError};

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
    let applied = run_again(|| {
        let applied = try_check_ins(store, processor, check_ins, behind);
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

fn try_check_ins(
    store: &mut dyn Store,
    processor: &mut Processor,
    check_ins: &[&ReceivedCheckIn],
    behind: Option<Behind>,
) -> Result<(Vec<Option<Verdict>>, Vec<Event>), StoreError> {
    let mut keys = BatchKeys { overdue_until: behind.map(|behind| behind.current), ..BatchKeys::default() };
    for received in check_ins {
        keys.add(received);
    }
    // Deadlines of earlier minutes are evaluated as of these.
    let first = check_ins.iter().map(|received| received.received);
    keys.silences_after = first.chain(behind.map(|behind| behind.evaluated_through)).min();
    let mut transaction = store.begin()?;
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

/// A page of deadlines that was evaluated.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// Whether the page is full, so that there may be more.
    is_full: bool,
    /// Whether the next page has other rows, so that evaluation makes progress.
    is_progress: bool,
}

/// Evaluates deadlines of minute `tick`, a page of at most `limit` of each kind: messages whose silence has ended, runs that did not begin,
/// runs that did not end, ends of runs whose monitor no check-in described. In the newest minute it also decides reminders: those of
/// minutes that the server catches up with are one. Returns whether that was all of them.
///
/// # Errors
/// If the database fails as a whole.
pub(crate) fn evaluate_minute(
    store: &mut dyn Store,
    processor: &mut Processor,
    tick: Timestamp,
    is_newest: bool,
    limit: usize,
    events: &mut Vec<Event>,
) -> Result<bool, StoreError> {
    let until = tick.checked_sub(DEFERRED_TTL).unwrap_or(tick);
    for (kind, due_at) in [
        (DueKind::Withheld, tick),
        (DueKind::Missed, tick),
        (DueKind::TimedOut, tick),
        (DueKind::Deferred, until),
        (DueKind::FollowUp, tick),
    ] {
        if kind == DueKind::FollowUp && !is_newest {
            continue;
        }
        let page = evaluate_page(store, processor, kind, due_at, tick, limit, events)?;
        // The rest of a page that made no progress cannot be stored: it is due again in the next minute, and keeps
        // nothing else from being evaluated.
        if page.is_full && page.is_progress {
            return Ok(false);
        }
    }
    Ok(true)
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

fn evaluate_page(
    store: &mut dyn Store,
    processor: &mut Processor,
    kind: DueKind,
    due_at: Timestamp,
    tick: Timestamp,
    limit: usize,
    events: &mut Vec<Event>,
) -> Result<Page, StoreError> {
    let mut due = Vec::new();
    let evaluated = run_again(|| {
        let mut transaction = store.begin()?;
        due = transaction.due(kind, due_at, limit)?;
        if due.is_empty() {
            return Ok((false, Vec::new()));
        }
        let (is_progress, batch) = evaluate(&mut *transaction, processor, kind, &due, tick)?;
        transaction.commit()?;
        Ok((is_progress, batch))
    });
    let is_progress = match evaluated {
        Ok((is_progress, batch)) => {
            events.extend(batch);
            is_progress
        }
        Err(error) if rejects_a_row(&error) => {
            evaluate_halves(store, processor, kind, &due, tick, &error, events)?
        }
        Err(error) => return Err(error),
    };
    Ok(Page { is_full: due.len() >= limit, is_progress })
}

/// Evaluates each half of a page that the database rejects in a transaction of its own. Returns whether anything was stored.
fn evaluate_halves(
    store: &mut dyn Store,
    processor: &mut Processor,
    kind: DueKind,
    due: &[i64],
    tick: Timestamp,
    error: &StoreError,
    events: &mut Vec<Event>,
) -> Result<bool, StoreError> {
    if due.len() <= 1 {
        tracing::error!(%error, "a deadline was left out, the others go on");
        return Ok(false);
    }
    let (first, second) = due.split_at(due.len() / 2);
    let mut is_progress = false;
    for half in [first, second] {
        let evaluated = run_again(|| {
            let mut transaction = store.begin()?;
            let evaluated = evaluate(&mut *transaction, processor, kind, half, tick)?;
            transaction.commit()?;
            Ok(evaluated)
        });
        match evaluated {
            Ok((progress, batch)) => {
                is_progress |= progress;
                events.extend(batch);
            }
            Err(error) if rejects_a_row(&error) => {
                is_progress |= evaluate_halves(store, processor, kind, half, tick, &error, events)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(is_progress)
}

/// Evaluates the deadlines of these rows. Returns whether any of the rows was evaluated or set aside, so that it
/// is not due any more, and the events.
fn evaluate(
    transaction: &mut dyn crate::store::Transaction,
    processor: &mut Processor,
    kind: DueKind,
    due: &[i64],
    tick: Timestamp,
) -> Result<(bool, Vec<Event>), StoreError> {
    let mut keys = BatchKeys { silences_after: Some(tick), ..BatchKeys::default() };
    match kind {
        DueKind::Withheld | DueKind::FollowUp => keys.incidents_due = due.to_vec(),
        DueKind::Missed => keys.missed = due.to_vec(),
        DueKind::TimedOut => keys.timed_out = due.to_vec(),
        DueKind::Deferred => keys.expired = due.to_vec(),
    }
    let mut batch = processor.batch(transaction.load(&keys)?);
    let mut is_progress = false;
    if kind == DueKind::Deferred {
        for event in batch.changes.snapshot.take_all_deferred() {
            processor.reject_deferred(&mut batch, event);
        }
        is_progress = true;
    } else if kind == DueKind::Withheld {
        for id in due {
            let incident = batch.changes.snapshot.incident_of_row(*id);
            let released =
                incident.map(|incident| domain::release(&mut batch.changes.snapshot, incident, tick));
            // An incident that cannot be read is set aside.
            is_progress |= !matches!(released, Some(None));
            if let Some(released) = released.flatten() {
                processor.publish_released(&mut batch, released);
            }
        }
    } else if kind == DueKind::FollowUp {
        for id in due {
            let incident = batch.changes.snapshot.incident_of_row(*id);
            let decided = incident.map(|incident| processor.follow_up(&mut batch, incident, tick));
            is_progress |= !matches!(decided, Some(false));
        }
    } else {
        for id in due {
            let snapshot = &mut batch.changes.snapshot;
            let (outages, new_id) = (&processor.outages, &mut processor.new_id);
            let passed = match kind {
                DueKind::TimedOut => snapshot
                    .run_of_row(*id)
                    .map(|run| domain::timed_out(snapshot, run, tick, outages, new_id)),
                _ => snapshot
                    .environment_of_row(*id)
                    .map(|environment| domain::missed(snapshot, environment, tick, outages, new_id)),
            };
            is_progress |= !matches!(passed, Some(None));
            if let Some(deadline) = passed.flatten() {
                processor.publish(&mut batch, deadline);
            }
        }
    }
    batch.count_usage();
    transaction.write(&batch.changes)?;
    Ok((is_progress, batch.events))
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

/// Runs a transaction again whose rows another server has changed meanwhile.
fn run_again<T>(mut run: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 1..MAX_RUNS {
        match run() {
            Err(StoreError::Conflict(cause)) => tracing::debug!(%cause, "a batch is run again"),
            result => return result,
        }
    }
    run()
}

/// Returns whether the database works, but not with a row of the batch.
fn rejects_a_row(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused(_) | StoreError::Corrupt(_))
}

#[cfg(test)]
mod silence_tests;
#[cfg(test)]
mod tests;
