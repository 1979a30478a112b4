//! The reasons for which a text is no length of time, and their messages.

use std::fmt;

use super::unit::IntervalUnit;

/// The error for a text that is no length of time, or a length that is not whole minutes from one up. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInterval {
    written: Box<str>,
    fault: Fault,
    /// Whether months and years are units, as in an interval.
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
    /// A number of several has no unit.
    NumberWithoutUnit,
    /// A unit comes twice, or after a shorter one.
    Order,
    /// Units are added that have no common length.
    Mixed,
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
                let number = written.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
                write!(f, "{written:?}: month or minute? write `{number} minutes` or `{number} months`")
            }
            Fault::NumberWithoutUnit => {
                write!(
                    f,
                    "{written:?} has a number without a unit; write a unit behind each, such as `1h30m`"
                )
            }
            Fault::Order => {
                write!(f, "{written:?}: write each unit once and the longest first, such as `1h30m`")
            }
            Fault::Mixed => write!(
                f,
                "{written:?} adds days or months to units of another kind, which vary in length; write hours and minutes, weeks and days, \
                 or years and months"
            ),
            Fault::Zero => write!(f, "{written:?} is no length of time; the shortest is 1 minute"),
            Fault::Negative => write!(f, "{written:?} is negative; the shortest is 1 minute"),
            Fault::Fraction => {
                write!(f, "{written:?} is a fraction; write whole numbers, such as `90 minutes`")
            }
            Fault::NotWholeMinutes if *calendar => {
                write!(f, "{written:?} is not in whole minutes, and Sentry counts whole minutes only")
            }
            // A length may be one that Sentry does not know, such as that of a silence.
            Fault::NotWholeMinutes => {
                write!(f, "{written:?} is not in whole minutes; write minutes, hours, days or weeks")
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
