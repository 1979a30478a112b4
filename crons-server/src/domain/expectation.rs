//! The state of an environment after a check-in: when the next one is expected, and whether an incident is open.

use crons_types::calendar::next_after;
use jiff::{SignedDuration, Timestamp};

use super::decision::{Cause, Consequence, Decision};
use super::effects::Effects;
use super::incidents::{as_finished, fail, recover, reported_since};
use super::model::{Config, MonitorEnvironment, NewId, Status};
use super::subject::Subject;

impl MonitorEnvironment {
    /// Expects the next run after `reference`.
    pub(super) fn expect_after(&mut self, config: &Config, reference: Timestamp) {
        self.next_check_in = next_after(&config.schedule, &config.zone(), reference);
        self.expect_within(config.margin());
    }

    /// Expects the next run at most `margin` minutes late.
    pub(super) fn expect_within(&mut self, margin: u32) {
        let margin = SignedDuration::from_mins(i64::from(margin));
        self.next_check_in_latest = self.next_check_in.and_then(|next| next.checked_add(margin).ok());
    }
}

/// Moves the expectation after an accepted check-in, and opens or resolves an incident.
///
/// `late_start` is the start of a run whose end is known already. It is a sign of life, but changes no verdict and causes no notification.
pub(super) fn after_check_in(
    subject: &mut Subject,
    config: &Config,
    received: Timestamp,
    late_start: bool,
    new_id: NewId<'_>,
) -> Effects {
    let Some(existing) = &mut subject.check_in else { return Effects::default() };
    let this = as_finished(&existing.row, existing.arrival_seq);
    if this.status == Status::Error {
        if !late_start {
            existing.row.decision = Some(Decision::new(Cause::Reported { at: received }));
        }
        if let Some(by) = reported_since(subject, this.date_added) {
            if !late_start {
                subject.conclude(Consequence::Superseded { by }, None);
            }
            return Effects::default();
        }
        seen(subject, config, this.date_added, received);
        return if late_start { Effects::default() } else { fail(subject, config, this, received, new_id) };
    }
    let mut effects = Effects::default();
    if this.status == Status::Ok && !late_start {
        if let Some(environment) = &mut subject.environment {
            environment.last_ok = environment.last_ok.max(Some(this.date_added));
        }
        effects = recover(subject, config, this, received);
    }
    seen(subject, config, this.date_added, received);
    effects
}

/// Expects the next run after this report. A deferred one may be older than what is known already.
fn seen(subject: &mut Subject, config: &Config, began: Timestamp, received: Timestamp) {
    if let Some(environment) = &mut subject.environment
        && environment.last_check_in.is_none_or(|last| last <= received)
    {
        environment.last_check_in = Some(began);
        environment.expect_after(config, received);
    }
}
