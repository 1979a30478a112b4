//! The one grammar of lengths of time: a whole number and a unit.

use std::fmt;

use super::unit::IntervalUnit;

/// A unit that can be written; seconds are no unit of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Of(IntervalUnit),
}

/// Splits `text` into its number and its unit, if it has one.
pub(super) fn read(text: &str) -> Result<(u64, Option<Unit>), Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let unit = rest.trim_start();
    if number.is_empty() {
        return Err(match text.as_bytes() {
            [b'-', ..] => Fault::Negative,
            [b'.', b'0'..=b'9', ..] => Fault::Fraction,
            _ if self::unit(text).is_ok() => Fault::NoNumber,
            _ => Fault::NotASpan,
        });
    }
    if unit.starts_with(['.', ',', '/']) {
        return Err(Fault::Fraction);
    }
    if unit.contains(|c: char| c.is_ascii_digit()) {
        return Err(Fault::Compound);
    }
    let unit = if unit.is_empty() { None } else { Some(self::unit(unit)?) };
    // A number of any length is a number; one beyond u64 is too long in every unit. Whole minutes, if it counts seconds.
    let number = number.parse().unwrap_or(u64::MAX / 60 * 60);
    Ok((number, unit))
}

fn unit(word: &str) -> Result<Unit, Fault> {
    Ok(match word.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "min" | "mins" | "minute" | "minutes" => Unit::Of(IntervalUnit::Minute),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Of(IntervalUnit::Hour),
        "d" | "day" | "days" => Unit::Of(IntervalUnit::Day),
        "w" | "week" | "weeks" => Unit::Of(IntervalUnit::Week),
        "month" | "months" => Unit::Of(IntervalUnit::Month),
        "y" | "year" | "years" => Unit::Of(IntervalUnit::Year),
        "m" => return Err(Fault::MonthOrMinute),
        _ => return Err(Fault::UnknownUnit),
    })
}

/// Seconds as minutes, if nothing is lost.
pub(super) fn whole_minutes(seconds: u64) -> Result<u64, Fault> {
    if seconds.is_multiple_of(60) { Ok(seconds / 60) } else { Err(Fault::NotWholeMinutes) }
}

/// The error for a text that is no length of time, or a length that is not whole minutes from one up. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInterval {
    written: Box<str>,
    fault: Fault,
    /// Months and years are units too: an interval was asked for.
    calendar: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    NotASpan,
    NoNumber,
    NoUnit,
    UnknownUnit,
    MonthOrMinute,
    Compound,
    Zero,
    Negative,
    Fraction,
    NotWholeMinutes,
    TooLong,
    /// An interval has more of this unit than there may be.
    Beyond(IntervalUnit),
    Varies,
}

impl InvalidInterval {
    pub(super) fn new(written: &str, fault: Fault, calendar: bool) -> Self {
        const MOST: usize = 40;
        let mut quoted: String = written.trim().chars().take(MOST).collect();
        if written.trim().chars().nth(MOST).is_some() {
            quoted.push('…');
        }
        Self { written: quoted.into(), fault, calendar }
    }
}

impl fmt::Display for InvalidInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, fault, calendar } = self;
        let number = written.trim_end_matches(|c: char| !c.is_ascii_digit());
        match fault {
            Fault::Empty => f.write_str("it is empty; write a number and a unit, such as `10 minutes`"),
            Fault::NotASpan => write!(f, "{written:?} is not a number and a unit, such as `10 minutes`"),
            Fault::NoNumber => write!(f, "{written:?} has no number; write `1 {written}`"),
            Fault::NoUnit => write!(f, "{written:?} has no unit; write `{written} minutes`"),
            Fault::UnknownUnit => {
                let units = if *calendar { "days, weeks, months or years" } else { "days or weeks" };
                write!(f, "{written:?} has an unknown unit; write minutes, hours, {units}")
            }
            Fault::MonthOrMinute => {
                write!(f, "{written:?}: month or minute? write `{number} minutes`")?;
                if *calendar { write!(f, " or `{number} months`") } else { Ok(()) }
            }
            Fault::Compound => {
                write!(f, "{written:?} has more than one number; write one unit, such as `90 minutes`")
            }
            Fault::Zero => write!(f, "{written:?} is no length of time; the shortest is 1 minute"),
            Fault::Negative => write!(f, "{written:?} is negative; the shortest is 1 minute"),
            Fault::Fraction => {
                write!(f, "{written:?} is a fraction; write whole numbers, such as `90 minutes`")
            }
            Fault::NotWholeMinutes => {
                write!(f, "{written:?} is not in whole minutes, and Sentry counts whole minutes only")
            }
            Fault::TooLong => write!(f, "{written:?} is longer than can be counted"),
            Fault::Beyond(unit) => {
                let years = if *unit == IntervalUnit::Year { "" } else { ", about 1000 years," };
                write!(f, "{written:?} is too long; write {} {unit}s{years} or less", unit.max_value())
            }
            Fault::Varies => write!(f, "{written:?} varies in length; write minutes, hours, days or weeks"),
        }
    }
}

impl std::error::Error for InvalidInterval {}

/// Lets a parsed length be passed where words are accepted.
impl From<std::convert::Infallible> for InvalidInterval {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
