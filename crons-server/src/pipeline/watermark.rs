//! The minutes whose deadlines have been evaluated, and the time in which the server was not receiving.

use jiff::{SignedDuration, Timestamp};

use super::apply::{self, Behind};
use super::evaluate::evaluate_minute;
use super::processor::Processor;
use crate::domain::{FollowUpsDue, Outage, truncate_to_minute};
use crate::pipeline::events::Event;
use crate::store::{Changes, Store, StoreError};

/// Deadlines of each kind that are evaluated before the first check-in of their minute, and while check-ins wait.
pub(crate) const CHUNK: usize = 500;
/// Deadlines of one commit while no check-in waits: fewer commits for a storm.
pub(crate) const IDLE_CHUNK: usize = 2_000;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// The interval at which the server stores that it is receiving; a gap since then counts as an outage.
const HEARTBEAT_INTERVAL: SignedDuration = SignedDuration::from_secs(20);
/// The age at which an outage bears on no deadline any more: the longest margin, and some time for the run before it.
const OUTAGE_HORIZON: SignedDuration = SignedDuration::from_hours(24 * 60);

/// The clock of the ordered queue.
#[derive(Debug, Clone)]
pub(crate) struct Watermark {
    /// The deadlines of all minutes up to this one are evaluated.
    evaluated_through: Timestamp,
    /// The minute of the newest input.
    current: Timestamp,
    /// The time of the newest input that was stored.
    last_seen: Timestamp,
    /// The time of the newest input.
    entered: Timestamp,
    /// The time at which `last_seen` was stored.
    persisted_at: Timestamp,
    /// Whether an input after `last_seen` could not be stored.
    rejecting: bool,
}

impl Watermark {
    /// Restores the watermark when the server starts. The gap between the stored heartbeat and `now` becomes an outage; deadlines in it
    /// are `unknown`.
    pub(crate) fn restore(
        store: &mut dyn Store,
        processor: &mut Processor,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut transaction = store.begin()?;
        processor.outages = transaction.outages(now.checked_sub(OUTAGE_HORIZON).unwrap_or(Timestamp::MIN))?;
        let minute = truncate_to_minute(now);
        let watermark = Self {
            evaluated_through: minute - MINUTE,
            current: minute,
            last_seen: now,
            entered: now,
            persisted_at: now,
            rejecting: false,
        };
        let mut changes = Changes { last_seen: Some(now), ..Changes::default() };
        // The maintenance windows of the configuration may be others than before.
        changes.snapshot.withheld_due = Some(now);
        // The rules may be others, too.
        changes.snapshot.follow_ups_due =
            processor.alerts.first_follow_up().map(|_| FollowUpsDue { at: now, instead_of: None });
        match transaction.last_seen()? {
            Some(until) if until < now => {
                add_outage(processor, &mut changes, Outage { since: until, until: now });
            }
            Some(until) if until > now => {
                tracing::warn!(%until, %now, "the clock is behind where it was when the server last ran");
            }
            _ => {}
        }
        transaction.write(&changes)?;
        transaction.commit()?;
        report_outages(&changes);
        Ok(watermark)
    }

    /// A clock that has not begun, for a simulation.
    pub(crate) fn before(first: Timestamp) -> Self {
        let minute = truncate_to_minute(first).saturating_sub(MINUTE).unwrap_or(Timestamp::MIN);
        Self {
            evaluated_through: minute,
            current: minute,
            last_seen: minute,
            entered: minute,
            persisted_at: minute,
            rejecting: false,
        }
    }

    /// The minutes that are not evaluated yet, if there are any.
    pub(crate) fn behind(&self) -> Option<Behind> {
        let Self { evaluated_through, current, .. } = *self;
        (evaluated_through < current).then_some(Behind { evaluated_through, current })
    }

    /// The deadlines of all minutes up to this one are evaluated.
    pub(crate) fn evaluated_through(&self) -> Timestamp {
        self.evaluated_through
    }

    /// The time of the newest input that was stored.
    pub(crate) fn last_seen(&self) -> Timestamp {
        self.last_seen
    }

    /// Returns whether all deadlines of this minute are evaluated.
    pub(crate) fn has_evaluated(&self, minute: Timestamp) -> bool {
        self.evaluated_through >= minute
    }

    /// Returns whether an input at this time begins a new minute.
    pub(crate) fn is_new_minute(&self, now: Timestamp) -> bool {
        truncate_to_minute(now) > self.current
    }

    /// The inputs since the last call are stored.
    pub(crate) fn confirm(&mut self) {
        self.last_seen = self.last_seen.max(self.entered);
    }

    /// An input could not be stored, and its sender was told so: the time from the last one that was stored to the next one is an
    /// outage.
    pub(crate) fn mark_rejecting(&mut self) {
        (self.rejecting, self.entered) = (true, self.last_seen);
    }

    /// Moves on to the time of the next input. If more than a minute has passed since the last one, the server did not run: the machine
    /// slept, or its clock was set. Returns whether a new minute begins.
    ///
    /// # Errors
    /// If the heartbeat or an outage cannot be stored. Then nothing has changed.
    pub(crate) fn enter(
        &mut self,
        store: &mut dyn Store,
        processor: &mut Processor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let minute = truncate_to_minute(now);
        let is_new = minute > self.current;
        let slept = now.duration_since(self.last_seen) > MINUTE;
        let is_outage = (slept || self.rejecting) && now > self.last_seen;
        let is_heartbeat = is_new || now.duration_since(self.persisted_at) >= HEARTBEAT_INTERVAL;
        if is_outage || is_heartbeat {
            let mut changes = Changes { last_seen: is_heartbeat.then_some(now), ..Changes::default() };
            let outages = processor.outages.clone();
            if is_outage {
                add_outage(processor, &mut changes, Outage { since: self.last_seen, until: now });
            }
            apply::store_changes(store, &changes).inspect_err(|_| processor.outages = outages)?;
            report_outages(&changes);
        }
        if slept {
            self.evaluated_through = self.evaluated_through.max(minute - MINUTE);
        }
        if is_heartbeat {
            self.persisted_at = now;
        }
        if is_outage {
            self.last_seen = now;
        }
        self.rejecting = false;
        self.current = self.current.max(minute);
        self.entered = self.entered.max(now);
        Ok(is_new)
    }

    /// Stores to the second until when the server was receiving, when it stops in an orderly way.
    pub(crate) fn stop(&self, store: &mut dyn Store) -> Result<(), StoreError> {
        let changes = Changes { last_seen: Some(self.last_seen), ..Changes::default() };
        apply::store_changes(store, &changes)
    }

    /// Goes straight to a minute of a simulation: those before it are not evaluated.
    pub(crate) fn skip_to(&mut self, minute: Timestamp) {
        let before = minute.saturating_sub(MINUTE).unwrap_or(Timestamp::MIN);
        self.evaluated_through = self.evaluated_through.max(before);
        self.current = self.current.max(minute);
    }

    /// Goes to a minute of a simulation in which something is due, but at least one minute on: nothing was due in those before.
    pub(crate) fn go_on_to(&mut self, due: Timestamp) {
        self.skip_to(due);
        let next = self.evaluated_through.saturating_add(MINUTE).unwrap_or(Timestamp::MAX);
        self.current = self.current.max(next);
    }

    /// Evaluates deadlines in order of minutes, until all are or a page of `limit` of a kind was full.
    pub(crate) fn evaluate(
        &mut self,
        store: &mut dyn Store,
        processor: &mut Processor,
        limit: usize,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        while self.evaluated_through < self.current {
            let minute = self.evaluated_through.saturating_add(MINUTE).unwrap_or(self.current);
            if !evaluate_minute(store, processor, minute, minute >= self.current, limit, events)? {
                return Ok(());
            }
            self.evaluated_through = minute;
        }
        Ok(())
    }
}

/// Logs outages, once they are durable.
fn report_outages(changes: &Changes) {
    for Outage { since, until } in &changes.outages {
        tracing::warn!(%since, %until, "the server was not receiving in this time: what was due in it is unknown, not missed");
    }
}

fn add_outage(processor: &mut Processor, changes: &mut Changes, outage: Outage) {
    processor.outages.retain(|old| outage.until.duration_since(old.until) < OUTAGE_HORIZON);
    processor.outages.push(outage);
    changes.outages.push(outage);
}
