//! What the clock has to judge, page by page.

use jiff::Timestamp;
use uuid::Uuid;

use super::processor::{DEFERRED_TTL, Judge, apart};
use crate::domain::{self, CheckInEvent, State};
use crate::pipeline::events::Event;
use crate::store::{Records, StoreError};

/// Environments that are in memory at a time.
const PAGE: u32 = 250;

impl Judge {
    /// Judges a part of one minute: what has not begun, what has not ended, what nobody has explained. Whether that was
    /// all of it.
    pub(crate) fn tick(
        &mut self,
        records: &mut dyn Records,
        tick: Timestamp,
        limit: u32,
        said: &mut Vec<Event>,
    ) -> Result<bool, StoreError> {
        let mut left = limit;
        loop {
            let page = left.min(PAGE);
            let due = records.load_missed(tick, page)?;
            let judged = self.missed(records, &due, tick, said)?;
            // What cannot be saved is still due in the next minute, and keeps nothing else from being judged.
            if due.len() < page as usize || !judged {
                break;
            }
            left -= page;
            if left == 0 {
                return Ok(false);
            }
        }
        let overdue = records.timed_out(tick, limit)?;
        let full = overdue.len() >= limit as usize;
        let mut judged = false;
        for guid in overdue {
            judged |= self.timed_out(records, guid, tick, said)?;
        }
        if full && judged {
            return Ok(false);
        }
        let old = records.expire(tick.checked_sub(DEFERRED_TTL).unwrap_or(tick), limit)?;
        let all = old.len() < limit as usize;
        for event in old {
            self.give_up(records, event, said)?;
        }
        Ok(all)
    }

    /// Judges one minute for the environment of a check-in, which must not be judged after it.
    pub(crate) fn tick_beside(
        &mut self,
        records: &mut dyn Records,
        event: &CheckInEvent,
        tick: Timestamp,
        said: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let (missed, overdue) = records.due_with(event, tick)?;
        self.missed(records, missed.as_slice(), tick, said)?;
        for guid in overdue {
            self.timed_out(records, guid, tick, said)?;
        }
        Ok(())
    }

    /// Whether there was anything to judge. All of them under one mark, as marks cost; only if one fails, each under its own.
    fn missed(
        &mut self,
        records: &mut dyn Records,
        due: &[State],
        tick: Timestamp,
        said: &mut Vec<Event>,
    ) -> Result<bool, StoreError> {
        if due.is_empty() {
            return Ok(false);
        }
        let before = said.len();
        records.mark()?;
        let all = self.miss(records, due, tick, said);
        records.leave_mark(all.is_ok())?;
        if all.is_err() {
            said.truncate(before);
            for known in due {
                apart(records, said, |records, said| {
                    self.miss(records, std::slice::from_ref(known), tick, said)
                })?;
            }
        }
        Ok(said.len() > before)
    }

    fn miss(
        &mut self,
        records: &mut dyn Records,
        due: &[State],
        tick: Timestamp,
        said: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let mut judged = Vec::with_capacity(due.len());
        for known in due {
            let mut state = known.clone();
            let missed = domain::missed(&mut state, tick, &self.outages, &mut self.new_id);
            judged.extend(missed.map(|effects| (known, state, effects)));
        }
        self.save(records, judged.iter().map(|(known, state, what)| (*known, state, Some(what))), said)?;
        for (_, state, effects) in judged {
            said.extend(Event::deadline("missed", state, effects.occurrences));
        }
        Ok(())
    }

    fn timed_out(
        &mut self,
        records: &mut dyn Records,
        guid: Uuid,
        tick: Timestamp,
        said: &mut Vec<Event>,
    ) -> Result<bool, StoreError> {
        let judged = apart(records, said, |records, said| {
            let Some(known) = records.load_run(guid)? else { return Ok(None) };
            let mut state = known.clone();
            let effects = domain::timeout(&mut state, tick, &self.outages, &mut self.new_id);
            self.save(records, [(&known, &state, effects.as_ref())], said)?;
            Ok(effects.and_then(|effects| Event::deadline("timed out", state, effects.occurrences)))
        })?;
        let judged = judged.flatten();
        let any = judged.is_some();
        said.extend(judged);
        Ok(any)
    }
}
