//! What each message of a batch asks for.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::Verdict;
use crate::pipeline::events::Event;
use crate::pipeline::processor::{self, Judge};
use crate::pipeline::queue::Message;
use crate::pipeline::watermark::{self, Minutes};
use crate::store::{Records, StoreError};

/// What became of a message, to be said once it is durable.
pub(super) enum Done {
    Verdict(Option<Verdict>),
    Work(bool),
    Time,
}

/// Which messages can be undone by themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    None,
    Each,
}

/// Does what one message asks for. With marks, one that fails by itself fails alone.
pub(super) fn take(
    records: &mut dyn Records,
    judge: &mut Judge,
    minutes: &mut Minutes,
    message: &mut Message,
    marks: Marks,
    said: &mut Vec<Event>,
) -> Result<Done, StoreError> {
    match message {
        Message::CheckIn(arrival, _) => {
            enter(records, judge, minutes, arrival.received, said)?;
            if let Ok(event) = &arrival.parsed
                && minutes.are_behind()
            {
                minutes.judge_beside(records, judge, event, said)?;
            }
            if marks == Marks::None {
                return Ok(Done::Verdict(Some(judge.check_in(records, arrival, said)?)));
            }
            let counted = judge.rate.counted();
            let verdict =
                processor::apart(records, said, |records, said| judge.check_in(records, arrival, said))?;
            if verdict.is_none() {
                judge.rate.undo_to(counted);
            }
            Ok(Done::Verdict(verdict))
        }
        Message::Time(now, _) => {
            enter(records, judge, minutes, *now, said)?;
            Ok(Done::Time)
        }
        Message::Work(work, now, _) => {
            let Some(work) = work.take() else { return Ok(Done::Work(false)) };
            enter(records, judge, minutes, *now, said)?;
            Ok(Done::Work(processor::apart(records, said, |records, _| work(records, *now))?.is_some()))
        }
        Message::Stop => Ok(Done::Time),
    }
}

/// What is due in a minute is judged before all that arrives in it; beyond a number, at the end of each batch.
fn enter(
    records: &mut dyn Records,
    judge: &mut Judge,
    minutes: &mut Minutes,
    now: Timestamp,
    said: &mut Vec<Event>,
) -> Result<(), StoreError> {
    if minutes.enter(records, judge, now)? {
        minutes.judge(records, judge, watermark::A_FEW, said)
    } else {
        Ok(())
    }
}

/// Adds up what came in by hour, monitor and outcome: one statement for each of these.
pub(super) fn count(records: &mut dyn Records, said: &[Event]) -> Result<(), StoreError> {
    let mut counts = HashMap::new();
    for (at, usage) in said.iter().filter_map(Event::usage) {
        let hour = at.as_second().div_euclid(3_600);
        counts.entry((hour, usage)).or_insert((at, 0)).1 += 1;
    }
    for ((_, usage), (at, number)) in counts {
        records.count(at, &usage, number)?;
    }
    Ok(())
}
