//! The grammar of lengths of time: whole numbers with a unit each, such as `10 minutes`, `2h`, `1h30m`.

use super::fault::Fault;
use super::unit::IntervalUnit;

/// A unit that can be written; a schedule has no seconds. The longest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Second,
    Of(IntervalUnit),
}

/// A length of time as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// A number without a unit.
    Bare(u128),
    Seconds(u128),
    Of(u128, IntervalUnit),
}

/// Reads a length of time in which months and years are units. A lone `m` is refused, as it may be a month or a minute.
pub(super) fn interval(text: &str) -> Result<Span, Fault> {
    read(text, true)
}

/// Reads a length of time that is counted in minutes, so that `m` is a minute, and days and weeks have a fixed length.
pub(super) fn length(text: &str) -> Result<Span, Fault> {
    read(text, false)
}

fn read(text: &str, calendar: bool) -> Result<Span, Fault> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(Fault::Empty);
    }
    let mut sum: Option<(u128, Unit)> = None;
    while !rest.is_empty() {
        let (value, word, behind) = next(rest, calendar)?;
        let before = sum.map(|(_, unit)| unit);
        rest = behind;
        let Some(word) = word else {
            let alone = before.is_none() && rest.is_empty();
            return if alone { Ok(Span::Bare(value)) } else { Err(Fault::NumberWithoutUnit) };
        };
        let unit = unit(word, before, calendar)?;
        sum = Some(match sum {
            None => (value, unit),
            Some((_, before)) if unit >= before => return Err(Fault::Order),
            // A part of 0 adds nothing, and is no reason to count in a shorter unit: `2h0m` is 2 hours.
            Some(sum) if value == 0 => sum,
            Some((longer, before)) => {
                let times = ratio(before, unit, calendar).ok_or(Fault::Mixed)?;
                (longer.saturating_mul(times).saturating_add(value), unit)
            }
        });
    }
    Ok(match sum {
        Some((value, Unit::Of(unit))) => Span::Of(value, unit),
        Some((value, Unit::Second)) => Span::Seconds(value),
        None => return Err(Fault::Empty),
    })
}

/// Splits off a number, the word of its unit if there is one, and the rest.
fn next(text: &str, calendar: bool) -> Result<(u128, Option<&str>, &str), Fault> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = text.split_at(digits);
    if number.is_empty() {
        return Err(match text.as_bytes() {
            [b'-', ..] => Fault::Negative,
            [b'.', b'0'..=b'9', ..] => Fault::Fraction,
            _ if unit(text, None, calendar).is_ok() => Fault::NoNumber,
            _ => Fault::NotASpan,
        });
    }
    let behind = behind.trim_start();
    if behind.starts_with(['.', ',', '/']) {
        return Err(Fault::Fraction);
    }
    let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
    let (word, rest) = behind.split_at(end);
    let word = word.trim_end();
    // A number may have any length; one of more than 19 digits is too long in every unit. In whole minutes, should it count seconds.
    let value = number.parse::<u64>().unwrap_or(u64::MAX / 60 * 60).into();
    Ok((value, (!word.is_empty()).then_some(word), rest))
}

/// The unit that `word` names, behind a part in the unit `before`.
fn unit(word: &str, before: Option<Unit>, calendar: bool) -> Result<Unit, Fault> {
    Ok(Unit::Of(match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => return Ok(Unit::Second),
        "min" | "mins" | "minute" | "minutes" => IntervalUnit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => IntervalUnit::Hour,
        "d" | "day" | "days" => IntervalUnit::Day,
        "w" | "week" | "weeks" => IntervalUnit::Week,
        "month" | "months" => IntervalUnit::Month,
        "y" | "year" | "years" => IntervalUnit::Year,
        "m" => match before {
            _ if !calendar => IntervalUnit::Minute,
            Some(Unit::Of(IntervalUnit::Year)) => IntervalUnit::Month,
            Some(_) => IntervalUnit::Minute,
            None => return Err(Fault::MonthOrMinute),
        },
        _ => return Err(Fault::UnknownUnit),
    }))
}

/// Returns how many of `shorter` are one of `longer`. `None` if that varies: by the calendar a day may have 23 hours, and a month 28 days.
fn ratio(longer: Unit, shorter: Unit, calendar: bool) -> Option<u128> {
    /// The seconds of a unit that has a fixed length.
    fn seconds(unit: Unit) -> Option<u128> {
        Some(match unit {
            Unit::Second => 1,
            Unit::Of(IntervalUnit::Minute) => 60,
            Unit::Of(IntervalUnit::Hour) => 3_600,
            Unit::Of(IntervalUnit::Day) => 86_400,
            Unit::Of(IntervalUnit::Week) => 604_800,
            Unit::Of(IntervalUnit::Month | IntervalUnit::Year) => return None,
        })
    }
    let is_date = |unit| unit >= Unit::Of(IntervalUnit::Day);
    match (longer, shorter) {
        (Unit::Of(IntervalUnit::Year), Unit::Of(IntervalUnit::Month)) => Some(12),
        _ if calendar && is_date(longer) != is_date(shorter) => None,
        _ => Some(seconds(longer)? / seconds(shorter)?),
    }
}

/// Seconds as minutes, if nothing is lost.
pub(super) fn whole_minutes(seconds: u128) -> Result<u128, Fault> {
    if seconds.is_multiple_of(60) { Ok(seconds / 60) } else { Err(Fault::NotWholeMinutes) }
}
