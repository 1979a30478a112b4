//! Occurrences of a crontab, through clock changes, as cronsim 2.6 has them.
//!
//! A job with a given minute and hour follows the clock on the wall: what falls into skipped time happens right after it,
//! what falls into repeated time happens the first time only. Any other job follows real time: skipped minutes do not
//! happen, repeated ones happen twice.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::days;
use super::wall::{Wall, constant_offset, minute_of, offsets};
use crate::crontab::Fields;

/// The most steps of a walk. No walk through a day of clock changes takes more; cronsim 2.6 was seen to loop for ever.
const MOST_STEPS: usize = 1000;
const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);
/// The years that are searched, as on the server. A crontab that is due only in skipped time, such as `* 2 * 3 7L` in Vienna, has no
/// occurrence.
const MOST_YEARS: i16 = 50;
/// The number of minutes in two days, which is longer than any day of clock changes.
const TWO_DAYS: i64 = 2 * 24 * 60;

pub(super) fn next_after(fields: &Fields, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    if fields.fixed_time {
        return next_fixed_time(fields, zone, after);
    }
    match walk(fields, zone, after)? {
        Walk::Found(next) if next > after => Some(next),
        Walk::Found(_) => scan(fields, zone, after),
        Walk::Lost(at) => scan(fields, zone, at.max(after)),
    }
}

fn next_fixed_time(fields: &Fields, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut civil = minute_of(zone.to_datetime(after))?;
    // Two days are enough: in repeated time the first matches may lie in its first pass, before `after`, and a day has 1440 minutes.
    for _ in 0..=TWO_DAYS {
        civil = days::minute_from(fields, days::next_minute(civil)?)?;
        let instant = first_pass(zone, civil)?;
        if instant > after {
            return Some(instant);
        }
    }
    None
}

enum Walk {
    Found(Timestamp),
    /// The walk took too many steps: it goes round in circles from this instant.
    Lost(Timestamp),
}

/// Goes from day to day as cronsim 2.6 does. On a day without a clock change its result is in the sets of bits; on
/// others its own steps are followed, by the hour and by the minute, as they differ from real time where the change is not
/// of a whole hour.
fn walk(fields: &Fields, zone: &TimeZone, after: Timestamp) -> Option<Walk> {
    let offset = zone.to_offset(after);
    let started = minute_of(offset.to_datetime(after))?;
    // The common case, without reading the clock any further.
    if let Some(civil) = days::next_minute(started).filter(|civil| civil.date() == started.date())
        && constant_offset(zone, civil.date()) == Some(offset)
        && days::matches(fields, civil.date())
        && let Some(time) = days::time_from(fields, civil.time())
    {
        return offset.to_timestamp(civil.date().to_datetime(time)).ok().map(Walk::Found);
    }
    let mut wall = Wall::at(zone, offset.to_timestamp(started).ok()?).after_minutes(zone, 1)?;
    for _ in 0..MOST_STEPS {
        let (date, time) = (wall.civil.date(), wall.civil.time());
        if date.year() > started.year().saturating_add(MOST_YEARS) {
            return None;
        }
        if !days::matches(fields, date) {
            wall = Wall::midnight(days::next_day(fields, date)?);
        } else if let Some(offset) = constant_offset(zone, date) {
            match days::time_from(fields, time) {
                Some(time) => return offset.to_timestamp(date.to_datetime(time)).ok().map(Walk::Found),
                None => wall = Wall::midnight(date.tomorrow().ok()?),
            }
        } else if fields.hours & 1 << time.hour() == 0 {
            wall = wall.on_the_hour()?.after_minutes(zone, 60)?;
            while fields.hours & 1 << wall.civil.hour() == 0 && wall.civil.hour() != 0 {
                wall = wall.after_minutes(zone, 60)?;
            }
        } else if fields.minutes & 1 << time.minute() == 0 {
            wall = minute_step(fields, zone, wall)?;
        } else if wall.civil.second() != 0 {
            // Clocks were changed by seconds, as in Monrovia in 1972, and the steps no longer meet whole minutes.
            return Some(Walk::Lost(after));
        } else {
            return wall.instant(zone).map(Walk::Found);
        }
    }
    wall.instant(zone).map(Walk::Lost)
}

/// Goes to the next matching minute, or to the next full hour.
fn minute_step(fields: &Fields, zone: &TimeZone, mut wall: Wall) -> Option<Wall> {
    if fields.minutes.is_power_of_two() {
        // The step is a jump, as in cronsim 2.6, and so passes over a clock change within the hour.
        let ahead =
            (i64::from(fields.minutes.trailing_zeros()) - i64::from(wall.civil.minute())).rem_euclid(60);
        wall = wall.after_minutes(zone, ahead)?;
    }
    for _ in 0..60 {
        if fields.minutes & 1 << wall.civil.minute() != 0 {
            break;
        }
        wall = wall.after_minutes(zone, 1)?;
        if wall.civil.minute() == 0 {
            break;
        }
    }
    Some(wall)
}

/// Steps minute by minute in real time past the clock change, where the steps of cronsim 2.6 go back or nowhere.
fn scan(fields: &Fields, zone: &TimeZone, from: Timestamp) -> Option<Timestamp> {
    let offset = zone.to_offset(from);
    let mut instant = offset.to_timestamp(minute_of(offset.to_datetime(from))?).ok()?;
    for _ in 0..TWO_DAYS {
        instant = instant.checked_add(SignedDuration::from_mins(1)).ok()?;
        let civil = zone.to_datetime(instant);
        if days::matches(fields, civil.date()) && days::time_from(fields, civil.time()) == Some(civil.time())
        {
            return Some(instant);
        }
    }
    match walk(fields, zone, instant)? {
        Walk::Found(next) if next > from => Some(next),
        _ => None,
    }
}

pub(super) fn previous_before(fields: &Fields, zone: &TimeZone, before: Timestamp) -> Option<Timestamp> {
    if fields.fixed_time {
        return previous_fixed_time(fields, zone, before);
    }
    let mut until = before;
    for _ in 0..MOST_STEPS {
        let last = minute_of(zone.to_datetime(until.checked_sub(NANOSECOND).ok()?))?;
        let Some(offset) = constant_offset(zone, last.date()) else {
            match latest_within_days(fields, zone, until) {
                Ok(previous) => return Some(previous),
                Err(from) => until = from?,
            }
            continue;
        };
        if days::matches(fields, last.date())
            && let Some(time) = days::time_to(fields, last.time())
        {
            return offset.to_timestamp(last.date().to_datetime(time)).ok();
        }
        let day = days::previous_day(fields, last.date())?;
        until = Wall::midnight(day.tomorrow().ok()?).instant(zone)?;
        if constant_offset(zone, day).is_none() {
            // An occurrence on a day that is skipped as a whole happens when the day would be over.
            let over = until.checked_add(NANOSECOND).ok()?.min(before);
            match latest_within_days(fields, zone, over) {
                Ok(previous) => return Some(previous),
                Err(from) => until = from?,
            }
        }
    }
    None
}

/// The last occurrence before `until`, looking forward from ever earlier instants, as it is forward that the rules of
/// clock changes are defined; otherwise the earliest instant looked from.
fn latest_within_days(
    fields: &Fields,
    zone: &TimeZone,
    until: Timestamp,
) -> Result<Timestamp, Option<Timestamp>> {
    let mut earliest = None;
    // The first minute is asked for by itself: a search from further back may pass over it.
    for minutes in [1, 60, 4 * 60, 16 * 60, 64 * 60] {
        earliest = until.checked_sub(SignedDuration::from_mins(minutes)).ok();
        let occurrences = std::iter::successors(earliest, |from| next_after(fields, zone, *from));
        if let Some(latest) = occurrences.skip(1).take_while(|next| *next < until).last() {
            return Ok(latest);
        }
    }
    Err(earliest)
}

fn previous_fixed_time(fields: &Fields, zone: &TimeZone, before: Timestamp) -> Option<Timestamp> {
    let civil = minute_of(zone.to_datetime(before))?;
    // The first pass of repeated time is past if `before` is in its second, so the search begins at the end of both.
    let repeated = match offsets(zone, civil) {
        AmbiguousOffset::Fold { before, after } => before.duration_since(after),
        _ => SignedDuration::ZERO,
    };
    let mut civil = days::minute_to(fields, civil.checked_add(repeated).ok()?)?;
    for _ in 0..=TWO_DAYS {
        let instant = first_pass(zone, civil)?;
        if instant < before {
            return Some(instant);
        }
        civil = days::minute_to(fields, civil.checked_sub(SignedDuration::from_mins(1)).ok()?)?;
    }
    None
}

/// The instant at which the clock first shows `civil`; for skipped time, the first minute after it.
fn first_pass(zone: &TimeZone, civil: DateTime) -> Option<Timestamp> {
    match offsets(zone, civil) {
        AmbiguousOffset::Unambiguous { offset: first } | AmbiguousOffset::Fold { before: first, .. } => {
            first.to_timestamp(civil).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            // The civil time, read with the old offset, lies after the change, and is less than a day too late.
            let change = zone
                .preceding(before.to_timestamp(civil).ok()?.checked_add(NANOSECOND).ok()?)
                .next()?
                .timestamp();
            let shown = zone.to_datetime(change);
            let minute = minute_of(shown)?;
            let minute = if minute == shown { minute } else { days::next_minute(minute)? };
            zone.to_timestamp(minute).ok()
        }
    }
}
