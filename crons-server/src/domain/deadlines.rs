//! Deadlines: a run that did not begin, and one that did not end.

use crons_types::Slug;
use crons_types::calendar::previous_before;
use jiff::{SignedDuration, Timestamp};

use super::decision::{Cause, Consequence, Decision, PassedAt};
use super::effects::Effects;
use super::incidents::{as_finished, fail, reported_since};
use super::model::{CheckIn, NewId, Status};
use super::received::CheckInEvent;
use super::snapshot::Snapshot;
use super::subject::{LoadedCheckIn, Subject};

/// A stretch of time in which the server was not receiving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    pub since: Timestamp,
    pub until: Timestamp,
}

/// A shorter outage excuses only what was due in it: a restart must not hide a job that hangs for hours.
const LONG: SignedDuration = SignedDuration::from_mins(1);
/// The time after its expected start within which a punctual run reports.
const PUNCTUAL: SignedDuration = SignedDuration::from_mins(1);

impl Outage {
    /// Returns whether a report that was due between `from` and `deadline` may not have been received.
    fn excuses(&self, from: Timestamp, deadline: Timestamp) -> bool {
        self.overlaps(from, deadline)
            && (self.until.duration_since(self.since) >= LONG || self.overlaps(deadline, deadline))
    }

    fn overlaps(&self, from: Timestamp, to: Timestamp) -> bool {
        self.since < to && self.until > from
    }
}

/// A deadline that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadlineKind {
    /// An expected run did not begin.
    Missed,
    /// A run did not end.
    TimedOut,
}

/// The result of a deadline that has passed.
#[derive(Debug, Clone, PartialEq)]
pub struct PassedDeadline {
    pub kind: DeadlineKind,
    pub monitor_slug: Slug,
    pub environment: String,
    /// Whether the server was not receiving at the time, so that nothing is known of the run.
    pub unknown: bool,
    pub effects: Effects,
}

/// Evaluates the deadline of an environment, by its index, at minute `tick`. `None` if it has not passed, or its rows cannot be read.
pub fn missed(
    snapshot: &mut Snapshot,
    environment: usize,
    tick: Timestamp,
    outages: &[Outage],
    new_id: NewId<'_>,
) -> Option<PassedDeadline> {
    let mut subject = snapshot.subject_of(environment, None)?;
    let effects = miss(&mut subject, tick, outages, new_id)?;
    finish(snapshot, subject, DeadlineKind::Missed, effects)
}

/// Evaluates the deadline of a run, by its index, at minute `tick`. `None` if it has not passed, or its rows cannot be read.
pub fn timed_out(
    snapshot: &mut Snapshot,
    run: usize,
    tick: Timestamp,
    outages: &[Outage],
    new_id: NewId<'_>,
) -> Option<PassedDeadline> {
    let environment = *snapshot.runs.get(run)?.environment.as_ref().ok()?;
    let mut subject = snapshot.subject_of(environment, Some(run))?;
    let effects = time_out(&mut subject, tick, outages, new_id)?;
    finish(snapshot, subject, DeadlineKind::TimedOut, effects)
}

/// Evaluates the deadlines that have passed in the environment of a check-in at minute `tick`, before the check-in is applied.
pub fn evaluate_environment(
    snapshot: &mut Snapshot,
    event: &CheckInEvent,
    tick: Timestamp,
    outages: &[Outage],
    new_id: NewId<'_>,
) -> Vec<PassedDeadline> {
    let monitor = snapshot.monitor_at(&event.monitor_slug);
    let environment = monitor.and_then(|monitor| snapshot.environment_at(monitor, &event.environment));
    let Some(environment) = environment else { return Vec::new() };
    let mut passed: Vec<_> = missed(snapshot, environment, tick, outages, new_id).into_iter().collect();
    for run in snapshot.overdue_runs(environment, tick) {
        passed.extend(timed_out(snapshot, run, tick, outages, new_id));
    }
    passed
}

fn finish(
    snapshot: &mut Snapshot,
    subject: Subject,
    kind: DeadlineKind,
    effects: Effects,
) -> Option<PassedDeadline> {
    let monitor_slug = subject.monitor.as_ref()?.slug.clone();
    let environment = subject.environment.as_ref()?.name.clone();
    let unknown = subject.check_in.as_ref()?.row.status == Status::Unknown;
    snapshot.put(subject, &effects.occurrences);
    Some(PassedDeadline { kind, monitor_slug, environment, unknown, effects })
}

/// Records at minute `tick` that the expected run did not begin; `unknown` if the server was not receiving. `None` if the deadline has
/// not passed.
pub(super) fn miss(
    subject: &mut Subject,
    tick: Timestamp,
    outages: &[Outage],
    new_id: NewId<'_>,
) -> Option<Effects> {
    let config = subject.monitor.as_ref().filter(|monitor| monitor.enabled)?.config.clone();
    let environment = subject.environment.as_mut()?;
    let expected = environment.next_check_in?;
    let latest = environment.next_check_in_latest?;
    if latest > tick {
        return None;
    }
    // Runs that were due meanwhile are passed over: there is one miss a tick, and the next run is expected after
    // the last slot that has passed.
    let last_slot = previous_before(&config.schedule, &config.zone(), expected, tick);
    environment.expect_after(&config, last_slot.unwrap_or(expected).max(expected));
    // A job whose punctual report the server could not have received has missed nothing.
    let punctual = expected.saturating_add(PUNCTUAL).unwrap_or(expected);
    let unheard = outages
        .iter()
        .find(|outage| outage.excuses(expected, latest) || outage.overlaps(expected, punctual.min(latest)));
    let passed = PassedAt { deadline: latest, evaluated_at: tick, last_report: None };
    let row = CheckIn {
        guid: new_id(),
        status: if unheard.is_some() { Status::Unknown } else { Status::Missed },
        duration_ms: None,
        date_added: expected,
        date_updated: expected,
        date_clock: tick,
        date_in_progress: None,
        expected_time: Some(expected),
        timeout_at: None,
        reported: None,
        unheard: false,
        note: None,
        decision: Some(Decision::new(cause(passed, unheard))),
        trace: None,
        config: config.clone(),
    };
    let this = as_finished(&row, None);
    subject.check_in = Some(LoadedCheckIn { row, arrival_seq: None, other_environment: None });
    Some(if unheard.is_some() { Effects::default() } else { fail(subject, &config, this, tick, new_id) })
}

/// Records at minute `tick` that the run did not end; `unknown` if the server was not receiving. `None` if the deadline has not passed.
pub(super) fn time_out(
    subject: &mut Subject,
    tick: Timestamp,
    outages: &[Outage],
    new_id: NewId<'_>,
) -> Option<Effects> {
    let config = subject.monitor.as_ref().filter(|monitor| monitor.enabled)?.config.clone();
    let LoadedCheckIn { row, arrival_seq, .. } = subject.check_in.as_mut()?;
    let deadline = row.timeout_at?;
    if row.status != Status::InProgress || deadline > tick {
        return None;
    }
    let unheard = outages.iter().find(|outage| outage.excuses(row.date_updated, deadline));
    let passed = PassedAt { deadline, evaluated_at: tick, last_report: Some(row.date_updated) };
    row.decision = Some(Decision::new(cause(passed, unheard)));
    if unheard.is_some() {
        row.status = Status::Unknown;
        return Some(Effects::default());
    }
    row.status = Status::Timeout;
    let this = as_finished(row, *arrival_seq);
    // A later run has ended meanwhile, so this timeout opens no incident and is not counted in one.
    if let Some(by) = reported_since(subject, this.date_added) {
        subject.conclude(Consequence::Superseded { by }, None);
        return Some(Effects::default());
    }
    Some(fail(subject, &config, this, tick, new_id))
}

/// The reason for the status of a run whose deadline has passed. `unheard` is the outage that excuses it.
fn cause(passed: PassedAt, unheard: Option<&Outage>) -> Cause {
    match unheard {
        Some(Outage { since, until }) => Cause::Outage { passed, since: *since, until: *until },
        None => Cause::Deadline(passed),
    }
}
