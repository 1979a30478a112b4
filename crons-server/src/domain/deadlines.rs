//! What the clock decides: a run that never began, and one that never ended.

use crons_types::calendar::previous_before;
use jiff::{SignedDuration, Timestamp};

use super::effects::Effects;
use super::incidents::{as_finished, fail, reported_since};
use super::model::{CheckIn, LoadedCheckIn, NewId, State, Status};

/// A stretch of time in which the server could not hear anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub since: Timestamp,
    pub until: Timestamp,
}

/// A shorter outage excuses only what was due in it: a restart must not hide a job that hangs for hours.
const LONG: SignedDuration = SignedDuration::from_mins(1);
/// When a run reports that began at its time.
const PUNCTUAL: SignedDuration = SignedDuration::from_mins(1);

impl Outage {
    /// Whether what was due between `from` and `deadline` may have come to deaf ears.
    fn excuses(&self, from: Timestamp, deadline: Timestamp) -> bool {
        self.overlaps(from, deadline)
            && (self.until.duration_since(self.since) >= LONG || self.overlaps(deadline, deadline))
    }

    fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        self.since < to && self.until > from
    }
}

/// At minute `tick`: the run that this environment expected has not begun, or could not be heard. `None` if it is not
/// due after all.
pub fn missed(state: &mut State, tick: Timestamp, outages: &[Outage], new_id: NewId<'_>) -> Option<Effects> {
    let config = state.monitor.as_ref().filter(|monitor| monitor.enabled)?.config.clone();
    let environment = state.environment.as_mut()?;
    let expected = environment.next_check_in?;
    let latest = environment.next_check_in_latest?;
    if latest > tick {
        return None;
    }
    // What was due meanwhile is let go: one miss a tick, and the next is expected after the slot that came last.
    let last_slot = previous_before(&config.schedule, &config.zone(), expected, tick);
    environment.expect_after(&config, last_slot.unwrap_or(expected).max(expected));
    // Who could have said so and was not heard has missed nothing.
    let punctual = expected.saturating_add(PUNCTUAL).unwrap_or(expected);
    let unheard = outages
        .iter()
        .any(|outage| outage.excuses(expected, latest) || outage.overlaps(expected, punctual.min(latest)));
    let row = CheckIn {
        guid: new_id(),
        status: if unheard { Status::Unknown } else { Status::Missed },
        duration_ms: None,
        date_added: expected,
        date_updated: expected,
        date_clock: tick,
        date_in_progress: None,
        expected_time: Some(expected),
        timeout_at: None,
        reported: None,
        unheard: false,
        config: config.clone(),
    };
    let this = as_finished(&row, None);
    state.check_in = Some(LoadedCheckIn { row, order: None, elsewhere: None });
    Some(if unheard { Effects::default() } else { fail(state, &config, this, tick, new_id) })
}

/// At minute `tick`: the run in `state` has not ended, or its end could not be heard. `None` if it is not due after all.
pub fn timeout(state: &mut State, tick: Timestamp, outages: &[Outage], new_id: NewId<'_>) -> Option<Effects> {
    let config = state.monitor.as_ref().filter(|monitor| monitor.enabled)?.config.clone();
    let LoadedCheckIn { row, order, .. } = state.check_in.as_mut()?;
    let deadline = row.timeout_at?;
    if row.status != Status::InProgress || deadline > tick {
        return None;
    }
    if outages.iter().any(|outage| outage.excuses(row.date_updated, deadline)) {
        row.status = Status::Unknown;
        return Some(Effects::default());
    }
    row.status = Status::Timeout;
    let this = as_finished(row, *order);
    // A later run has ended meanwhile: this one is no news.
    if reported_since(state, this.date_added) {
        return Some(Effects::default());
    }
    Some(fail(state, &config, this, tick, new_id))
}
