//! From events to verdicts: loads what bears on each, lets the core decide, saves what it decided.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::lifecycle::{self, CheckInEvent, Occurrence, ProcessingError, State, Verdict};
use crate::store::{Records, StoreError};

/// How long the end of a run waits for the report that describes its monitor.
const HELD_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Environments taken from the database at a time.
const AT_A_TIME: u32 = 1_000;

/// Takes one check-in into account, and after it those that were waiting for what it says.
pub(crate) fn check_in(records: &mut dyn Records, event: &CheckInEvent) -> Result<Verdict, StoreError> {
    let known = records.load(event)?;
    let unknown_monitor = known.monitor.is_none();
    let verdict = apply(records, event, &known)?;
    match verdict {
        Verdict::Held => records.hold(event)?,
        Verdict::Accepted { .. } if unknown_monitor => {
            for waiting in records.release(event)? {
                let known = records.load(&waiting)?;
                let verdict = apply(records, &waiting, &known)?;
                report(&waiting, &verdict);
            }
        }
        _ => {}
    }
    report(event, &verdict);
    Ok(verdict)
}

fn apply(records: &mut dyn Records, event: &CheckInEvent, known: &State) -> Result<Verdict, StoreError> {
    let mut state = known.clone();
    let verdict = lifecycle::check_in(&mut state, event, &mut Uuid::new_v4);
    records.save(known, &state)?;
    Ok(verdict)
}

/// Judges one minute: what has not begun, what has not ended, what nobody has explained.
pub(crate) fn tick(records: &mut dyn Records, tick: Timestamp) -> Result<(), StoreError> {
    loop {
        let due = records.load_missed(tick, AT_A_TIME)?;
        let mut judged = false;
        for known in due {
            let mut state = known.clone();
            if let Some(occurrences) = lifecycle::missed(&mut state, tick, &mut Uuid::new_v4) {
                judged = true;
                tell("missed", &state, &occurrences);
                records.save(&known, &state)?;
            }
        }
        if !judged {
            break;
        }
    }
    while let Some(known) = records.next_timeout(tick)? {
        let mut state = known.clone();
        let Some(occurrences) = lifecycle::timeout(&mut state, tick, &mut Uuid::new_v4) else { break };
        tell("timed out", &state, &occurrences);
        records.save(&known, &state)?;
    }
    for event in records.expire(tick.checked_sub(HELD_FOR).unwrap_or(tick))? {
        report(&event, &Verdict::Refused(vec![ProcessingError::MonitorNotFound]));
    }
    Ok(())
}

/// Nothing that is refused goes unsaid.
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

fn tell(what: &str, state: &State, occurrences: &[Occurrence]) {
    if let (Some(monitor), Some(environment)) = (&state.monitor, &state.environment) {
        let (slug, environment) = (&monitor.slug, &environment.name);
        tracing::info!(%slug, environment, "a run was {what}");
        for Occurrence { reason, check_in } in occurrences {
            tracing::warn!(%slug, environment, id = %check_in.simple(), "{reason}");
        }
    }
}
