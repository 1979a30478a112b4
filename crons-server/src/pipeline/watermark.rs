//! The minutes whose deadlines have been evaluated, and the time in which the server was not receiving.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::apply::{self, Behind};
use super::evaluate::evaluate_minute;
use super::heartbeat;
use super::processor::Processor;
use crate::domain::{FollowUpsDue, Outage, truncate_to_minute};
use crate::pipeline::events::Event;
use crate::store::{Changes, Pass, Slice, Store, StoreError};

/// Deadlines of each kind that are evaluated before the first check-in of their minute, and while check-ins wait.
pub(crate) const CHUNK: usize = 500;
/// Deadlines of one commit while no check-in waits: fewer commits for a storm.
pub(crate) const IDLE_CHUNK: usize = 2_000;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// The interval at which the server stores that it is receiving; a gap since then counts as an outage.
const HEARTBEAT_INTERVAL: SignedDuration = SignedDuration::from_secs(20);
/// The time between two looks whether the other servers have passed a minute, and the longest wait for that: one that is gone is taken off the list
/// after 4 s, and one that stores nothing after 18 s.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

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
    /// The minute that all servers have passed: what they received before it is stored.
    passed: Timestamp,
    /// The minute of which this server has evaluated its slice.
    slice_through: Timestamp,
    /// Whether the next deadlines can be evaluated only later: another server does it, or not all have stored yet what they received before.
    waits: bool,
}

impl Watermark {
    /// Restores the watermark when the server starts. The gap between the stored heartbeat and `now` becomes an outage; deadlines in it
    /// are `unknown`.
    pub(crate) fn restore(
        store: &mut dyn Store,
        processor: &mut Processor,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let progress = store.synchronize(now)?;
        let mut transaction = store.begin()?;
        processor.read_outages(&mut *transaction, now)?;
        let last_seen = transaction.last_seen()?;
        let minute = truncate_to_minute(now);
        let slept = last_seen.is_none_or(|until| now.duration_since(until) > MINUTE);
        let evaluated = progress.filter(|progress| progress.has_others && !slept);
        let evaluated =
            evaluated.and_then(|progress| progress.evaluated_through).filter(|through| *through <= minute);
        let watermark = Self {
            evaluated_through: evaluated.unwrap_or(minute - MINUTE),
            current: minute,
            last_seen: now,
            entered: now,
            persisted_at: now,
            rejecting: false,
            passed: Timestamp::MIN,
            slice_through: Timestamp::MIN,
            waits: false,
        };
        let mut changes = Changes { last_seen: Some(now), ..Changes::default() };
        // The maintenance windows of the configuration may be others than before.
        changes.snapshot.withheld_due = Some(now);
        // The rules may be others, too.
        changes.snapshot.follow_ups_due =
            processor.alerts.first_follow_up().map(|_| FollowUpsDue { at: now, instead_of: None });
        match last_seen {
            Some(until) if now.duration_since(until) > heartbeat::brief(progress) => {
                heartbeat::add_outage(processor, &mut changes, Outage { since: until, until: now });
            }
            Some(until) if until.duration_since(now) > heartbeat::brief(progress) => {
                tracing::warn!(%until, %now, "the clock is behind where it was when the server last ran");
            }
            _ => {}
        }
        transaction.write(&changes)?;
        transaction.commit()?;
        heartbeat::report_outages(&changes);
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
            passed: Timestamp::MIN,
            slice_through: Timestamp::MIN,
            waits: false,
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

    /// Returns whether deadlines can be evaluated now.
    pub(crate) fn has_work(&self) -> bool {
        self.behind().is_some() && !self.waits
    }

    /// Has the next evaluation look again whether it is this server's, and whether all have stored what they received before.
    pub(crate) fn look_again(&mut self) {
        self.waits = false;
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
        let group = store.group();
        let cut = group.cut();
        let since = cut.map_or(self.last_seen, |cut| cut.min(self.last_seen));
        let slept = now.duration_since(since) > MINUTE;
        let was_away = (slept || self.rejecting || cut.is_some() || group.is_expelled()) && now > since;
        if was_away || is_new || now.duration_since(self.persisted_at) >= HEARTBEAT_INTERVAL {
            let outage = heartbeat::store(store, processor, was_away.then_some(since), now)?;
            self.persisted_at = now;
            if outage.is_some_and(|outage| now.duration_since(outage.since) > MINUTE) {
                self.evaluated_through = self.evaluated_through.max(minute - MINUTE);
            }
        }
        if was_away {
            group.clear_cut();
            self.last_seen = now;
        }
        (self.rejecting, self.waits) = (false, self.waits && !is_new);
        self.current = self.current.max(minute);
        self.entered = self.entered.max(now);
        Ok(is_new)
    }

    /// Waits until all servers have stored what they received before the newest minute. A server that is gone is waited for until the others
    /// have taken it off the list.
    ///
    /// # Errors
    /// If the database fails, or a server neither goes on nor is taken off the list: nothing of this minute may be decided then.
    pub(crate) fn wait_for_others(&mut self, store: &mut dyn Store) -> Result<(), StoreError> {
        let began = Instant::now();
        while self.passed < self.current {
            match store.synchronize(self.entered)? {
                Some(progress) if progress.low_watermark < self.current => {
                    if began.elapsed() > LONGEST_WAIT {
                        return Err(StoreError::unavailable(
                            "another server has not stored yet what it received before this minute",
                        ));
                    }
                    store.group().note_progress();
                    std::thread::sleep(LOOK_INTERVAL);
                }
                _ => self.passed = self.current,
            }
        }
        Ok(())
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
        if !self.has_work() {
            return Ok(());
        }
        let (mut until, mut passes) = (self.current, vec![Pass::ALL]);
        if let Some(progress) = store.synchronize(self.entered)? {
            // A server alone knows it better; and a minute to come is left from a clock that was ahead.
            let others =
                progress.evaluated_through.filter(|through| progress.has_others && *through <= self.current);
            self.evaluated_through = self.evaluated_through.max(others.unwrap_or(self.evaluated_through));
            until = truncate_to_minute(progress.low_watermark).min(self.current).max(self.evaluated_through);
            if !progress.decides {
                // After an outage the server with the duty may be some minutes behind.
                let is_turn = progress.evaluated_through == Some(self.evaluated_through);
                let until = if is_turn { until } else { self.evaluated_through };
                self.waits = self.evaluate_slice(store, processor, until, progress.slice, limit, events)?;
                return Ok(());
            }
            if self.evaluated_through < until {
                processor.read_outages(&mut *store.begin_shared()?, self.current)?;
            }
            if progress.has_others {
                // Rows that others are evaluating come last: the last pass waits for their locks.
                passes = vec![
                    Pass { slice: progress.slice, skips_locked: true },
                    Pass { skips_locked: true, ..Pass::ALL },
                    Pass::ALL,
                ];
            }
        }
        while self.evaluated_through < until {
            let minute = next_minute(self.evaluated_through);
            if !evaluate_minute(store, processor, minute, minute >= self.current, &passes, limit, events)? {
                return Ok(());
            }
            store.evaluated(minute)?;
            self.evaluated_through = minute;
        }
        self.waits = until < self.current;
        Ok(())
    }

    /// Evaluates the slice of the next minute up to `until`, where another server evaluates what is left. Returns whether that was all of it.
    fn evaluate_slice(
        &mut self,
        store: &mut dyn Store,
        processor: &mut Processor,
        until: Timestamp,
        slice: Slice,
        limit: usize,
        events: &mut Vec<Event>,
    ) -> Result<bool, StoreError> {
        let minute = next_minute(self.evaluated_through);
        if minute > until || minute <= self.slice_through {
            return Ok(true);
        }
        processor.read_outages(&mut *store.begin_shared()?, self.current)?;
        let is_newest = minute >= self.current;
        let passes = [true, false].map(|skips_locked| Pass { slice, skips_locked });
        let is_all = evaluate_minute(store, processor, minute, is_newest, &passes, limit, events)?;
        if is_all {
            self.slice_through = minute;
        }
        Ok(is_all)
    }
}

fn next_minute(minute: Timestamp) -> Timestamp {
    minute.saturating_add(MINUTE).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
