//! From events to verdicts: loads what bears on each, lets the core decide, saves what it decided.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::lifecycle::{self, CheckInEvent, Occurrence, ProcessingError, State, Verdict};
use crate::store::{Records, StoreError};

/// How long the end of a run waits for the report that describes its monitor.
const HELD_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Environments taken from the database at a time.
const AT_A_TIME: u32 = 1_000;

/// Something to say in the log, once it is durable.
pub(crate) enum Said {
    CheckIn(CheckInEvent, Verdict),
    Deadline(&'static str, Box<State>, Vec<Occurrence>),
}

/// Takes one check-in into account, and after it those that were waiting for what it says.
pub(crate) fn check_in(
    records: &mut dyn Records,
    event: &CheckInEvent,
    said: &mut Vec<Said>,
) -> Result<Verdict, StoreError> {
    let (verdict, made_monitor) = apply(records, event)?;
    if verdict == Verdict::Held {
        records.hold(event)?;
    }
    let held = if made_monitor { records.release(event)? } else { Vec::new() };
    // Nothing below fails by itself: what is said here happens.
    said.push(Said::CheckIn(event.clone(), verdict.clone()));
    for waiting in held {
        if let Some((verdict, _)) = apart(records, |records| apply(records, &waiting))? {
            said.push(Said::CheckIn(waiting, verdict));
        }
    }
    Ok(verdict)
}

/// The verdict, and whether there is a monitor where there was none.
fn apply(records: &mut dyn Records, event: &CheckInEvent) -> Result<(Verdict, bool), StoreError> {
    let known = records.load(event)?;
    let mut state = known.clone();
    let verdict = lifecycle::check_in(&mut state, event, &mut Uuid::new_v4);
    records.save(&known, &state)?;
    Ok((verdict, known.monitor.is_none() && state.monitor.is_some()))
}

/// Judges one minute: what has not begun, what has not ended, what nobody has explained.
pub(crate) fn tick(
    records: &mut dyn Records,
    tick: Timestamp,
    said: &mut Vec<Said>,
) -> Result<(), StoreError> {
    loop {
        let due = records.load_missed(tick, AT_A_TIME)?;
        let mut judged = false;
        for known in due {
            let mut state = known.clone();
            let Some(occurrences) = lifecycle::missed(&mut state, tick, &mut Uuid::new_v4) else { continue };
            // Whatever cannot be saved is still due in the next minute, and keeps nothing else from being judged.
            if apart(records, |records| records.save(&known, &state))?.is_some() {
                judged = true;
                said.push(Said::Deadline("missed", Box::new(state), occurrences));
            }
        }
        if !judged {
            break;
        }
    }
    for guid in records.timed_out(tick)? {
        let judge = |records: &mut dyn Records| {
            let Some(known) = records.load_run(guid)? else { return Ok(None) };
            let mut state = known.clone();
            let occurrences = lifecycle::timeout(&mut state, tick, &mut Uuid::new_v4);
            records.save(&known, &state)?;
            Ok(occurrences.map(|occurrences| Said::Deadline("timed out", Box::new(state), occurrences)))
        };
        said.extend(apart(records, judge)?.flatten());
    }
    for event in records.expire(tick.checked_sub(HELD_FOR).unwrap_or(tick))? {
        said.push(Said::CheckIn(event, Verdict::Refused(vec![ProcessingError::MonitorNotFound])));
    }
    Ok(())
}

/// Does one thing of many: if it fails, it alone is undone, said and left out (`None`).
///
/// # Errors
/// If the database fails as a whole.
pub(crate) fn apart<T>(
    records: &mut dyn Records,
    work: impl FnOnce(&mut dyn Records) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    records.mark()?;
    let outcome = work(records);
    records.leave_mark(outcome.is_ok())?;
    outcome.map(Some).or_else(|error| {
        tracing::error!(%error, "one item was left out, the others go on");
        Ok(None)
    })
}

impl Said {
    /// Nothing that is refused goes unsaid.
    pub(crate) fn log(&self) {
        match self {
            Self::CheckIn(event, verdict) => report(event, verdict),
            Self::Deadline(what, state, occurrences) => deadline(what, state, occurrences),
        }
    }
}

fn report(event: &CheckInEvent, verdict: &Verdict) {
    let CheckInEvent { monitor_slug: slug, environment, status, check_in_id: id, .. } = event;
    match verdict {
        Verdict::Accepted { noted, occurrences } => {
            tracing::debug!(%slug, environment, %status, %id, "check-in accepted");
            for error in noted {
                tracing::warn!(%slug, environment, %status, %id, "check-in accepted, but {error}");
            }
            for Occurrence { reason, check_in } in occurrences {
                tracing::warn!(%slug, environment, id = %check_in.simple(), "{reason}");
            }
        }
        Verdict::Held => {
            tracing::info!(%slug, environment, %status, %id, "check-in of an unknown monitor held for a minute");
        }
        Verdict::Refused(errors) => {
            for error in errors {
                tracing::warn!(%slug, environment, %status, %id, "check-in refused: {error}");
            }
        }
    }
}

fn deadline(what: &str, state: &State, occurrences: &[Occurrence]) {
    if let (Some(monitor), Some(environment)) = (&state.monitor, &state.environment) {
        let (slug, environment) = (&monitor.slug, &environment.name);
        tracing::info!(%slug, environment, "a run was {what}");
        for Occurrence { reason, check_in } in occurrences {
            tracing::warn!(%slug, environment, id = %check_in.simple(), "{reason}");
        }
    }
}
