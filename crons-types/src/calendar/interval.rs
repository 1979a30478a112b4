//! Occurrences of an interval, counted from an anchor; seconds are dropped afterwards.
//!
//! Minutes and hours are lengths of time: a job that runs every two hours runs every two hours, also while clocks change.
//! (Sentry adds them on the wall clock.) Days, weeks, months and years are added on the wall clock of the zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::wall::{minute_of, offsets};
use crate::{Interval, IntervalUnit};

/// Intervals that are tried in a row: 29 February comes round within eight years, so within 96 months.
const MOST_STEPS: i64 = 400;
const MINUTES_A_DAY: i64 = 24 * 60;

pub(super) fn next_after(interval: Interval, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    match Length::of(interval) {
        Length::Minutes(minutes) => whole_minute(zone, after.checked_add(length(minutes, 1)?).ok()?),
        Length::Calendar(step) => {
            let civil = Steps { anchor: zone.to_datetime(after), step }.first()?;
            zone.to_ambiguous_timestamp(minute_of(civil)?).compatible().ok()
        }
    }
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
    let step = match Length::of(interval) {
        Length::Minutes(minutes) => {
            let nearly = before.checked_sub(SignedDuration::from_nanos(1)).ok()?;
            let times = nearly.duration_since(anchor).as_mins() / minutes;
            return whole_minute(zone, anchor.checked_add(length(minutes, times)?).ok()?);
        }
        Length::Calendar(step) => step,
    };
    let steps = Steps { anchor: zone.to_datetime(anchor), step };
    let limit = zone.to_datetime(before);
    // The first pass of repeated time is past if `before` is in its second, so the search begins at the end of both.
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

/// Returns the length of `times` intervals of `minutes` minutes.
fn length(minutes: i64, times: i64) -> Option<SignedDuration> {
    Some(SignedDuration::from_secs(minutes.checked_mul(60)?.checked_mul(times)?))
}

fn whole_minute(zone: &TimeZone, instant: Timestamp) -> Option<Timestamp> {
    let offset = zone.to_offset(instant);
    offset.to_timestamp(minute_of(offset.to_datetime(instant))?).ok()
}

/// The length of an interval.
enum Length {
    /// The number of minutes, which is always the same.
    Minutes(i64),
    /// A step in the calendar of the zone, whose length differs.
    Calendar(Step),
}

#[derive(Clone, Copy)]
enum Step {
    Days(i64),
    Months(i64),
}

impl Length {
    fn of(interval: Interval) -> Self {
        let value = i64::from(interval.value());
        match interval.unit() {
            IntervalUnit::Minute => Self::Minutes(value),
            IntervalUnit::Hour => Self::Minutes(value * 60),
            IntervalUnit::Day => Self::Calendar(Step::Days(value)),
            IntervalUnit::Week => Self::Calendar(Step::Days(value * 7)),
            IntervalUnit::Month => Self::Calendar(Step::Months(value)),
            IntervalUnit::Year => Self::Calendar(Step::Months(value * 12)),
        }
    }
}

/// The civil times that steps of the calendar lead to from an anchor, counted from the anchor, which is 0.
struct Steps {
    anchor: DateTime,
    step: Step,
}

impl Steps {
    /// Returns the civil time after `times` intervals. `None` if that month lacks the day of the anchor.
    fn at(&self, times: i64) -> Option<DateTime> {
        match self.step {
            Step::Days(days) => {
                self.anchor.checked_add(length(days.checked_mul(MINUTES_A_DAY)?, times)?).ok()
            }
            Step::Months(months) => {
                let month = month_number(self.anchor.date()).checked_add(months.checked_mul(times)?)?;
                let year = i16::try_from(month.div_euclid(12)).ok()?;
                let number = i8::try_from(month.rem_euclid(12) + 1).ok()?;
                let date = Date::new(year, number, self.anchor.day()).ok()?;
                Some(date.to_datetime(self.anchor.time()))
            }
        }
    }

    /// The first civil time after the anchor that exists.
    fn first(&self) -> Option<DateTime> {
        (1..=MOST_STEPS).find_map(|times| self.at(times))
    }

    /// The number of intervals that lead as far as `limit`.
    fn until(&self, limit: DateTime) -> i64 {
        match self.step {
            Step::Days(days) => limit.duration_since(self.anchor).as_mins() / MINUTES_A_DAY / days,
            Step::Months(months) => (month_number(limit.date()) - month_number(self.anchor.date())) / months,
        }
    }
}

/// Months since the year 0.
fn month_number(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}
