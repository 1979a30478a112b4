//! Which minutes have been judged, and when nobody could be heard.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{CheckInEvent, Outage, truncate_to_minute};
use crate::pipeline::events::Event;
use crate::pipeline::processor::Judge;
use crate::store::{Records, StoreError};

/// Environments, and runs, that are judged before somebody is looked for who waits.
pub(crate) const A_FEW: u32 = 500;
/// So often in one transaction, while nobody does: fewer commits for a storm.
pub(crate) const PARTS: usize = 8;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// How often it is stored that the server listens: what is not, counts as time in which it did not.
const STORED: SignedDuration = SignedDuration::from_secs(20);
/// An outage this old bears on no deadline any more: the longest margin, and some time for the run before it.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24 * 60);

/// The clock of the ordered queue.
#[derive(Debug, Clone)]
pub(crate) struct Minutes {
    /// All up to this minute is judged.
    judged: Timestamp,
    /// The minute that it is.
    entered: Timestamp,
    /// When something was last heard, if only the clock.
    heard: Timestamp,
    /// Up to when that is stored.
    stored: Timestamp,
    /// Whether something that came after it was turned away.
    deaf: bool,
}

impl Minutes {
    /// At the start of the server: what was due since it was last heard of could not be heard.
    pub(crate) fn start(
        records: &mut dyn Records,
        judge: &mut Judge,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        judge.outages = records.outages(now.checked_sub(FORGOTTEN).unwrap_or(Timestamp::MIN))?;
        let minute = truncate_to_minute(now);
        let minutes = Self { judged: minute - MINUTE, entered: minute, heard: now, stored: now, deaf: false };
        match records.heard_until()? {
            Some(until) if until < now => outage(records, judge, Outage { since: until, until: now })?,
            Some(until) if until > now => {
                tracing::warn!(%until, %now, "the clock is behind where it was when the server last ran");
            }
            _ => {}
        }
        records.set_heard_until(now)?;
        Ok(minutes)
    }

    /// A clock that has not begun, for a simulation.
    pub(crate) fn before(first: Timestamp) -> Self {
        let minute = truncate_to_minute(first).saturating_sub(MINUTE).unwrap_or(Timestamp::MIN);
        Self { judged: minute, entered: minute, heard: minute, stored: minute, deaf: false }
    }

    /// Whether something is left to be judged.
    pub(crate) fn are_behind(&self) -> bool {
        self.judged < self.entered
    }

    /// Whether all of this minute is judged.
    pub(crate) fn have_judged(&self, minute: Timestamp) -> bool {
        self.judged >= minute
    }

    /// Nothing of what came could be stored, and whoever sent it was told so.
    pub(crate) fn turn_deaf(&mut self) {
        self.deaf = true;
    }

    /// Time has passed. If nobody has announced it for more than a minute, the server did not run: the machine slept, or
    /// its clock was set. Whether it is a new minute.
    pub(crate) fn enter(
        &mut self,
        records: &mut dyn Records,
        judge: &mut Judge,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let minute = truncate_to_minute(now);
        let new = minute > self.entered;
        let slept = now.duration_since(self.heard) > MINUTE;
        if (slept || self.deaf) && now > self.heard {
            outage(records, judge, Outage { since: self.heard, until: now })?;
        }
        if slept {
            self.judged = self.judged.max(minute - MINUTE);
        }
        if new || now.duration_since(self.stored) >= STORED {
            records.set_heard_until(now)?;
            self.stored = now;
        }
        self.deaf = false;
        self.entered = self.entered.max(minute);
        self.heard = self.heard.max(now);
        Ok(new)
    }

    /// The server stops in an orderly way: it is known to the second until when it listened.
    pub(crate) fn stop(&self, records: &mut dyn Records) -> Result<(), StoreError> {
        records.set_heard_until(self.heard)
    }

    /// Goes straight to a minute of a simulation: those before it are lost.
    pub(crate) fn skip_to(&mut self, minute: Timestamp) {
        self.judged = self.judged.max(minute.saturating_sub(MINUTE).unwrap_or(Timestamp::MIN));
        self.entered = self.entered.max(minute);
    }

    /// Goes to a minute of a simulation in which something is due, but at least one minute on: nothing was due in those before.
    pub(crate) fn go_on_to(&mut self, due: Timestamp) {
        self.skip_to(due);
        self.entered = self.entered.max(self.judged.saturating_add(MINUTE).unwrap_or(Timestamp::MAX));
    }

    /// Judges some of what is due, in order of minutes.
    pub(crate) fn judge(
        &mut self,
        records: &mut dyn Records,
        judge: &mut Judge,
        limit: u32,
        said: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        while self.are_behind() {
            let minute = self.judged.saturating_add(MINUTE).unwrap_or(self.entered);
            if !judge.tick(records, minute, limit, said)? {
                return Ok(());
            }
            self.judged = minute;
        }
        Ok(())
    }

    /// Judges what is due beside a check-in, so that a deadline that had passed before it came is not judged after it.
    pub(crate) fn judge_beside(
        &self,
        records: &mut dyn Records,
        judge: &mut Judge,
        event: &CheckInEvent,
        said: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let mut minute = self.judged;
        while minute < self.entered {
            minute = minute.saturating_add(MINUTE).unwrap_or(self.entered);
            judge.tick_beside(records, event, minute, said)?;
        }
        Ok(())
    }
}

/// The one notice of an outage, once it is durable.
pub(crate) fn notice(before: Option<Outage>, now: Option<Outage>) {
    if let Some(Outage { since, until }) = now.filter(|_| now != before) {
        tracing::warn!(%since, %until, "nobody could be heard in this time: what was due in it is unknown, not missed");
    }
}

fn outage(records: &mut dyn Records, judge: &mut Judge, outage: Outage) -> Result<(), StoreError> {
    records.add_outage(outage)?;
    judge.outages.retain(|old| outage.until.duration_since(old.until) < FORGOTTEN);
    judge.outages.push(outage);
    Ok(())
}
