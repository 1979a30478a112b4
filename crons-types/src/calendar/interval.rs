//! Occurrences of an interval: wall-clock time is added to that of the anchor, seconds are dropped afterwards.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::wall::{minute_of, offsets};
use crate::{Interval, IntervalUnit};

/// More than the minutes that any clock change skips or repeats.
const MOST_STEPS: usize = 2 * 24 * 60;

pub(super) fn next_after(interval: Interval, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let steps = Steps::new(interval, zone.to_datetime(after));
    let mut times = 0;
    for _ in 0..MOST_STEPS {
        let civil;
        (times, civil) = steps.from(times + 1)?;
        let ambiguous = zone.to_ambiguous_timestamp(minute_of(civil)?);
        let (first, second) = (ambiguous.compatible().ok()?, ambiguous.later().ok()?);
        // Within repeated time the first pass may be over.
        if let Some(next) = [first, second].into_iter().find(|next| *next > after) {
            return Some(next);
        }
    }
    None
}

pub(super) fn previous_before(
    interval: Interval,
    zone: &TimeZone,
    anchor: Timestamp,
    before: Timestamp,
) -> Option<Timestamp> {
    if anchor >= before {
        return None;
    }
    let steps = Steps::new(interval, zone.to_datetime(anchor));
    let limit = zone.to_datetime(before);
    // In the second pass of repeated time, all of the first pass is past.
    let repeated = match offsets(zone, limit) {
        AmbiguousOffset::Fold { before, after } => before.duration_since(after),
        _ => SignedDuration::ZERO,
    };
    let mut times = steps.until(limit.checked_add(repeated).ok()?);
    for _ in 0..MOST_STEPS {
        if times <= 0 {
            break;
        }
        if let Some(civil) = steps.at(times)
            && let Ok(instant) = zone.to_ambiguous_timestamp(civil).compatible()
            && instant < before
        {
            return whole_minute(zone, instant);
        }
        times -= 1;
    }
    whole_minute(zone, anchor)
}

fn whole_minute(zone: &TimeZone, instant: Timestamp) -> Option<Timestamp> {
    let offset = zone.to_offset(instant);
    offset.to_timestamp(minute_of(offset.to_datetime(instant))?).ok()
}

/// The civil times that an interval leads to from an anchor, counted from the anchor, which is 0.
struct Steps {
    anchor: DateTime,
    length: Length,
}

enum Length {
    Minutes(i64),
    Months(i64),
}

impl Steps {
    fn new(interval: Interval, anchor: DateTime) -> Self {
        let value = i64::from(interval.value());
        let length = match interval.unit() {
            IntervalUnit::Minute => Length::Minutes(value),
            IntervalUnit::Hour => Length::Minutes(value * 60),
            IntervalUnit::Day => Length::Minutes(value * 24 * 60),
            IntervalUnit::Week => Length::Minutes(value * 7 * 24 * 60),
            IntervalUnit::Month => Length::Months(value),
            IntervalUnit::Year => Length::Months(value * 12),
        };
        Self { anchor, length }
    }

    /// The civil time after so many intervals. `None` if that month lacks the day of the anchor.
    fn at(&self, times: i64) -> Option<DateTime> {
        match self.length {
            Length::Minutes(minutes) => self
                .anchor
                .checked_add(SignedDuration::from_secs(minutes.checked_mul(60)?.checked_mul(times)?))
                .ok(),
            Length::Months(months) => {
                let month = month_number(self.anchor.date()).checked_add(months.checked_mul(times)?)?;
                let year = i16::try_from(month.div_euclid(12)).ok()?;
                let number = i8::try_from(month.rem_euclid(12) + 1).ok()?;
                let date = Date::new(year, number, self.anchor.day()).ok()?;
                Some(date.to_datetime(self.anchor.time()))
            }
        }
    }

    /// The first civil time that exists after at least so many intervals, and how many these are.
    fn from(&self, times: i64) -> Option<(i64, DateTime)> {
        // 29 February comes round within eight years; 400 intervals meet it, if they ever do.
        const MOST: i64 = 400;
        (times..times + MOST).find_map(|times| self.at(times).map(|civil| (times, civil)))
    }

    /// How many intervals lead as far as `limit`.
    fn until(&self, limit: DateTime) -> i64 {
        match self.length {
            Length::Minutes(minutes) => limit.duration_since(self.anchor).as_mins() / minutes,
            Length::Months(months) => {
                (month_number(limit.date()) - month_number(self.anchor.date())) / months
            }
        }
    }
}

/// Months since the year 0.
fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}
