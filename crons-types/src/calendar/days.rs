//! The days and minutes of a crontab in civil time, by sets of bits.

use jiff::civil::{Date, DateTime, Time};

use crate::crontab::Fields;

/// The years that are searched, as on the server; the longest wait of any crontab is 40.
const MOST_YEARS: i16 = 50;

/// Returns whether the crontab fires on this day.
pub(super) fn matches(fields: &Fields, date: Date) -> bool {
    of_month(fields, date) & 1 << date.day() != 0
}

/// The first matching day strictly after `date`.
pub(super) fn next_day(fields: &Fields, date: Date) -> Option<Date> {
    let later_this_month = of_month(fields, date) & above(date.day());
    if later_this_month != 0 {
        return on_day(date, later_this_month.trailing_zeros());
    }
    let (mut year, mut later_months) = (date.year(), fields.months & above(date.month()));
    while year <= date.year().saturating_add(MOST_YEARS) {
        while later_months != 0 {
            let first = first_of_month(year, later_months.trailing_zeros())?;
            let days = days_of(fields, first);
            if days != 0 {
                return on_day(first, days.trailing_zeros());
            }
            later_months &= later_months - 1;
        }
        (year, later_months) = (year + 1, fields.months);
    }
    None
}

/// The last matching day strictly before `date`.
pub(super) fn previous_day(fields: &Fields, date: Date) -> Option<Date> {
    let earlier_this_month = of_month(fields, date) & below(date.day());
    if earlier_this_month != 0 {
        return on_day(date, earlier_this_month.ilog2());
    }
    let (mut year, mut earlier_months) = (date.year(), fields.months & below(date.month()));
    while year >= date.year().saturating_sub(MOST_YEARS) {
        while earlier_months != 0 {
            let first = first_of_month(year, earlier_months.ilog2())?;
            let days = days_of(fields, first);
            if days != 0 {
                return on_day(first, days.ilog2());
            }
            earlier_months ^= 1 << earlier_months.ilog2();
        }
        (year, earlier_months) = (year - 1, fields.months);
    }
    None
}

/// The first matching time of a day, at or after `from`.
pub(super) fn time_from(fields: &Fields, from: Time) -> Option<Time> {
    let (hour, minute) = (from.hour(), from.minute());
    if fields.hours & 1 << hour != 0 {
        let minutes = fields.minutes & !below(minute);
        if minutes != 0 {
            return at(hour.unsigned_abs().into(), minutes.trailing_zeros());
        }
    }
    let hours = fields.hours & above(hour);
    if hours == 0 { None } else { at(hours.trailing_zeros(), fields.minutes.trailing_zeros()) }
}

/// The last matching time of a day, at or before `to`.
pub(super) fn time_to(fields: &Fields, to: Time) -> Option<Time> {
    let (hour, minute) = (to.hour(), to.minute());
    if fields.hours & 1 << hour != 0 {
        let minutes = fields.minutes & !above(minute);
        if minutes != 0 {
            return at(hour.unsigned_abs().into(), minutes.ilog2());
        }
    }
    let hours = fields.hours & below(hour);
    if hours == 0 { None } else { at(hours.ilog2(), fields.minutes.ilog2()) }
}

/// The first matching civil minute at or after `from`.
pub(super) fn minute_from(fields: &Fields, from: DateTime) -> Option<DateTime> {
    if matches(fields, from.date())
        && let Some(time) = time_from(fields, from.time())
    {
        return Some(from.date().to_datetime(time));
    }
    Some(next_day(fields, from.date())?.to_datetime(time_from(fields, Time::midnight())?))
}

/// The last matching civil minute at or before `to`.
pub(super) fn minute_to(fields: &Fields, to: DateTime) -> Option<DateTime> {
    if matches(fields, to.date())
        && let Some(time) = time_to(fields, to.time())
    {
        return Some(to.date().to_datetime(time));
    }
    Some(previous_day(fields, to.date())?.to_datetime(time_to(fields, Time::MAX)?))
}

/// The matching days of the month of `date`.
fn of_month(fields: &Fields, date: Date) -> u64 {
    if fields.months & 1 << date.month() == 0 { 0 } else { days_of(fields, date) }
}

/// The matching days of the month of `date`, which is known to match itself.
fn days_of(fields: &Fields, date: Date) -> u64 {
    // The weekday of the first of the month follows from that of the date; 35 keeps the difference positive.
    let weekday = date.weekday().to_sunday_zero_offset() + 35 + 1 - date.day();
    fields.days_of_month(date.days_in_month().unsigned_abs().into(), (weekday.unsigned_abs() % 7).into())
}

fn first_of_month(year: i16, month: u32) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, 1).ok()
}

fn on_day(month: Date, day: u32) -> Option<Date> {
    Date::new(month.year(), month.month(), i8::try_from(day).ok()?).ok()
}

/// The start of the civil minute after this one.
pub(super) fn next_minute(civil: DateTime) -> Option<DateTime> {
    let (date, hour, minute) = (civil.date(), civil.hour(), civil.minute());
    let (date, hour, minute) = match (hour, minute) {
        (23, 59) => (date.tomorrow().ok()?, 0, 0),
        (_, 59) => (date, hour + 1, 0),
        _ => (date, hour, minute + 1),
    };
    Some(date.to_datetime(Time::new(hour, minute, 0, 0).ok()?))
}

fn at(hour: u32, minute: u32) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

/// Returns a set of all bits above `bit`.
fn above(bit: i8) -> u64 {
    !1 << bit
}

/// Returns a set of all bits below `bit`.
fn below(bit: i8) -> u64 {
    (1 << bit) - 1
}
