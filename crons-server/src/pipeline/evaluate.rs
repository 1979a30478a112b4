//! The evaluation of deadlines: loads those of a minute page by page, decides them, and commits.
//!
//! A page that the database rejects because of a row is halved, until that row stands alone and is left out.

use jiff::Timestamp;

use super::apply::{rejects_a_row, run_again, run_shared};
use super::batch::Batch;
use super::events::Event;
use super::processor::{DEFERRED_TTL, Processor};
use crate::domain::{self, BatchKeys};
use crate::store::{DueKind, Pass, Store, StoreError, Transaction};

/// A page of deadlines that is to be evaluated.
#[derive(Debug, Clone, Copy)]
struct Due {
    kind: DueKind,
    until: Timestamp,
    pass: Pass,
    limit: usize,
}

impl Due {
    fn rows(self, transaction: &mut dyn Transaction) -> Result<Vec<i64>, StoreError> {
        let Self { kind, until, pass, limit } = self;
        transaction.claim(kind, until, limit, pass)
    }
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
/// minutes that the server catches up with are one. Each kind is gone through by all passes before the next one, so that the deadlines of a monitor
/// keep their order on each server. Returns whether that was all of them.
///
/// # Errors
/// If the database fails as a whole.
pub(crate) fn evaluate_minute(
    store: &mut dyn Store,
    processor: &mut Processor,
    tick: Timestamp,
    is_newest: bool,
    passes: &[Pass],
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
        // Ends that wait have no monitor, so they are in no slice; reminders are few, and come after all else of the minute.
        let is_whole = matches!(kind, DueKind::Deferred | DueKind::FollowUp);
        for pass in passes.iter().filter(|pass| !is_whole || **pass == Pass::ALL) {
            let due = Due { kind, until: due_at, pass: *pass, limit };
            let page = evaluate_page(store, processor, due, tick, events)?;
            // The rest of a page that made no progress cannot be stored: it is due again in the next minute, and keeps
            // nothing else from being evaluated.
            if page.is_full && page.is_progress {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn evaluate_page(
    store: &mut dyn Store,
    processor: &mut Processor,
    page: Due,
    tick: Timestamp,
    events: &mut Vec<Event>,
) -> Result<Page, StoreError> {
    let (kind, mut due) = (page.kind, Vec::new());
    let evaluated = run_due(store, kind, |mut transaction| {
        due = page.rows(&mut *transaction)?;
        if due.is_empty() {
            return Ok((false, Vec::new()));
        }
        let (mut is_progress, batch) = evaluate(&mut *transaction, processor, kind, &due, tick)?;
        if !is_progress && due.len() >= page.limit && !page.pass.skips_locked {
            // Another server may have evaluated them before their monitors were locked.
            is_progress = page.rows(&mut *transaction)? != due;
        }
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
    Ok(Page { is_full: due.len() >= page.limit, is_progress })
}

/// Runs a transaction that evaluates deadlines of a kind. Ends whose monitor no check-in described are rejected while no other server can make it.
fn run_due<T>(
    store: &mut dyn Store,
    kind: DueKind,
    mut run: impl FnMut(Box<dyn Transaction + '_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    if kind == DueKind::Deferred { run_again(|| run(store.begin()?)) } else { run_shared(store, run) }
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
        let evaluated = run_due(store, kind, |mut transaction| {
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
    transaction: &mut dyn Transaction,
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
    }
    for id in due {
        is_progress |= evaluate_row(processor, &mut batch, kind, *id, tick);
    }
    batch.count_usage();
    transaction.write(&batch.changes)?;
    Ok((is_progress, batch.events))
}

/// Evaluates the deadline of a row. Returns whether the row is not due any more: it was evaluated, or set aside as it cannot be read.
fn evaluate_row(
    processor: &mut Processor,
    batch: &mut Batch,
    kind: DueKind,
    id: i64,
    tick: Timestamp,
) -> bool {
    let snapshot = &mut batch.changes.snapshot;
    let (outages, new_id) = (&processor.outages, &mut processor.new_id);
    match kind {
        // The caller has rejected all deferred check-ins of the snapshot.
        DueKind::Deferred => true,
        DueKind::Withheld => {
            let Some(incident) = snapshot.incident_of_row(id) else { return true };
            let released = domain::release(snapshot, incident, tick);
            released.map(|released| processor.publish_released(batch, released)).is_some()
        }
        DueKind::FollowUp => {
            let Some(incident) = snapshot.incident_of_row(id) else { return true };
            processor.follow_up(batch, incident, tick)
        }
        DueKind::TimedOut => {
            let Some(run) = snapshot.run_of_row(id) else { return true };
            let passed = domain::timed_out(snapshot, run, tick, outages, new_id);
            passed.map(|deadline| processor.publish(batch, deadline)).is_some()
        }
        DueKind::Missed => {
            let Some(environment) = snapshot.environment_of_row(id) else { return true };
            let passed = domain::missed(snapshot, environment, tick, outages, new_id);
            passed.map(|deadline| processor.publish(batch, deadline)).is_some()
        }
    }
}
