//! What the clock decides: a run that never began, and one that never ended.

use crons_types::calendar::previous_before;
use jiff::Timestamp;

use super::NewId;
use super::incident::{as_finished, fail, reported_since};
use super::model::{CheckIn, Existing, Occurrence, State, Status};

/// At minute `tick`: the run that this environment expected has not begun. `None` if that is not so after all.
pub fn missed(state: &mut State, tick: Timestamp, new_id: NewId<'_>) -> Option<Vec<Occurrence>> {
    let config = state.monitor.as_ref().filter(|monitor| monitor.enabled)?.config.clone();
    let environment = state.environment.as_mut()?;
    let expected = environment.next_check_in?;
    if environment.next_check_in_latest? > tick {
        return None;
    }
    // What was due meanwhile is let go: one miss a tick, and the next is expected after the slot that came last.
    let last_slot = previous_before(&config.schedule, &config.zone(), expected, tick);
    environment.expect_after(&config, last_slot.unwrap_or(expected).max(expected));
    let row = CheckIn {
        guid: new_id(),
        status: Status::Missed,
        duration_ms: None,
        date_added: expected,
        date_updated: expected,
        date_clock: tick,
        date_in_progress: None,
        expected_time: Some(expected),
        timeout_at: None,
        config: config.clone(),
    };
    let this = as_finished(&row, None);
    state.check_in = Some(Existing { row, order: None, elsewhere: None });
    Some(fail(state, &config, this, new_id))
}

/// At minute `tick`: the run in `state` has not ended. `None` if that is not so after all.
pub fn timeout(state: &mut State, tick: Timestamp, new_id: NewId<'_>) -> Option<Vec<Occurrence>> {
    let config = state.monitor.as_ref().filter(|monitor| monitor.enabled)?.config.clone();
    let Existing { row, order, .. } = state.check_in.as_mut()?;
    if row.status != Status::InProgress || row.timeout_at? > tick {
        return None;
    }
    row.status = Status::Timeout;
    let this = as_finished(row, *order);
    // A later run has ended meanwhile: this one is no news.
    if reported_since(state, this.date_added) {
        return Some(Vec::new());
    }
    Some(fail(state, &config, this, new_id))
}
