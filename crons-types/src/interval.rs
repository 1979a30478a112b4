//! Intervals of a schedule, and lengths in whole minutes; both in words such as `10 minutes`, `2h`, `1h30m`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

// The modules are in layer order: each uses only those above it.
mod unit;
mod fault;
mod span;

use fault::Fault;
pub use fault::InvalidInterval;
use span::Span;
pub use unit::IntervalUnit;

/// The time from one check-in to the next expected one: a number from 1 up, and a unit.
///
/// ```
/// use crons_types::{Interval, IntervalUnit};
///
/// let interval = Interval::parse("2h").unwrap();
/// assert_eq!((interval.value(), interval.unit()), (2, IntervalUnit::Hour));
/// assert_eq!(interval.to_string(), "2 hours");
/// assert_eq!(Interval::parse("1h30m").unwrap().to_string(), "90 minutes");
/// assert_eq!(Interval::parse("120 seconds").unwrap().to_string(), "2 minutes");
/// assert!(Interval::parse("5m").unwrap_err().to_string().contains("month or minute?"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    value: NonZeroU32,
    unit: IntervalUnit,
}

impl Interval {
    /// An interval of `value` times `unit`.
    ///
    /// ```
    /// use crons_types::{Interval, IntervalUnit};
    ///
    /// assert_eq!(Interval::new(1, IntervalUnit::Week).unwrap().to_string(), "1 week");
    /// assert!(Interval::new(0, IntervalUnit::Week).is_err());
    /// ```
    ///
    /// # Errors
    /// If `value` is 0, or more than [`IntervalUnit::max_value`].
    pub fn new(value: u32, unit: IntervalUnit) -> Result<Self, InvalidInterval> {
        match NonZeroU32::new(value) {
            Some(value) if value.get() <= unit.max_value() => Ok(Self { value, unit }),
            Some(_) => Err(InvalidInterval::new(&format!("{value} {unit}s"), Fault::Beyond(unit), true)),
            None => Err(InvalidInterval::new(&format!("0 {unit}s"), Fault::Zero, true)),
        }
    }

    /// Reads whole numbers with a unit each, in full or short: `10 minutes`, `10 min`, `2h`, `1d`, `1 w`, `1 month`, `1 year`. Seconds are
    /// accepted if they are whole minutes.
    ///
    /// Several parts are added, the longest unit first, if the sum has a fixed length: `1h30m` is 90 minutes, `1 week 2 days` 9 days, and
    /// `1y6m` 18 months. `1d12h` is refused, since a day may have 23 or 25 hours where clocks change.
    ///
    /// `m` is a minute behind hours and a month behind years. A lone `m` is refused, as it may be either.
    ///
    /// # Errors
    /// Says which part is no number or no unit.
    pub fn parse(text: &str) -> Result<Self, InvalidInterval> {
        let refuse = |fault| InvalidInterval::new(text, fault, true);
        let (value, unit) = match span::interval(text).map_err(refuse)? {
            Span::Bare(_) => return Err(refuse(Fault::NoUnit)),
            Span::Seconds(seconds) => (span::whole_minutes(seconds).map_err(refuse)?, IntervalUnit::Minute),
            Span::Of(value, unit) => (value, unit),
        };
        if value == 0 {
            return Err(refuse(Fault::Zero));
        }
        let value = u32::try_from(value).map_err(|_| refuse(Fault::Beyond(unit)))?;
        Self::new(value, unit).map_err(|_| refuse(Fault::Beyond(unit)))
    }

    /// The number of units.
    pub fn value(self) -> u32 {
        self.value.get()
    }

    /// The unit.
    pub fn unit(self) -> IntervalUnit {
        self.unit
    }

    /// A sentence for people, in English.
    ///
    /// ```
    /// use crons_types::Interval;
    ///
    /// assert_eq!(Interval::parse("2h").unwrap().describe(), "Every 2 hours");
    /// assert_eq!(Interval::parse("1d").unwrap().describe(), "Every day");
    /// ```
    pub fn describe(self) -> String {
        // Minutes and hours are both lengths of time, so both mean the same.
        let whole_hours = (self.unit == IntervalUnit::Minute && self.value.get().is_multiple_of(60))
            .then(|| NonZeroU32::new(self.value.get() / 60))
            .flatten();
        let said = whole_hours.map_or(self, |value| Self { value, unit: IntervalUnit::Hour });
        if said.value.get() == 1 { format!("Every {}", said.unit) } else { format!("Every {said}") }
    }
}

impl FromStr for Interval {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, InvalidInterval> {
        Self::parse(text)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.value.get() == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.value, self.unit)
    }
}

/// A length of time in whole minutes, at least one: a margin, a longest run time.
///
/// ```
/// use crons_types::Minutes;
/// use std::time::Duration;
///
/// assert_eq!(Minutes::parse("2h").unwrap().get(), 120);
/// assert_eq!(Minutes::parse("1h30m").unwrap().get(), 90);
/// assert_eq!(Minutes::parse("5m").unwrap().get(), 5);
/// assert_eq!(Minutes::parse("30").unwrap().to_string(), "30 minutes");
/// assert_eq!(Minutes::try_from(Duration::from_secs(300)).unwrap().get(), 5);
/// assert!(Minutes::try_from(Duration::from_secs(90)).is_err());
/// assert!(Minutes::parse("1 month").is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Minutes(NonZeroU32);

impl Minutes {
    /// Reads what [`Interval::parse`] reads, without months and years, as their length varies. So `m` is a minute, a day has 24 hours, and
    /// `1d12h` is 36 hours. A number by itself counts minutes.
    ///
    /// # Errors
    /// Says which part is no number or no unit.
    pub fn parse(text: &str) -> Result<Self, InvalidInterval> {
        let refuse = |fault| InvalidInterval::new(text, fault, false);
        let minutes = match span::length(text).map_err(refuse)? {
            Span::Bare(value) | Span::Of(value, IntervalUnit::Minute) => value,
            Span::Seconds(value) => span::whole_minutes(value).map_err(refuse)?,
            Span::Of(value, IntervalUnit::Hour) => value * 60,
            Span::Of(value, IntervalUnit::Day) => value * 24 * 60,
            Span::Of(value, IntervalUnit::Week) => value * 7 * 24 * 60,
            Span::Of(_, IntervalUnit::Month | IntervalUnit::Year) => return Err(refuse(Fault::Varies)),
        };
        Self::from_count(minutes).map_err(refuse)
    }

    /// The number of minutes.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    fn from_count(minutes: u128) -> Result<Self, Fault> {
        let minutes = u32::try_from(minutes).map_err(|_| Fault::TooLong)?;
        NonZeroU32::new(minutes).map(Self).ok_or(Fault::Zero)
    }
}

impl FromStr for Minutes {
    type Err = InvalidInterval;

    fn from_str(text: &str) -> Result<Self, InvalidInterval> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Minutes {
    type Error = InvalidInterval;

    fn try_from(text: &str) -> Result<Self, InvalidInterval> {
        Self::parse(text)
    }
}

impl TryFrom<&String> for Minutes {
    type Error = InvalidInterval;

    fn try_from(text: &String) -> Result<Self, InvalidInterval> {
        Self::parse(text)
    }
}

/// Counts minutes.
impl TryFrom<u32> for Minutes {
    type Error = InvalidInterval;

    fn try_from(minutes: u32) -> Result<Self, InvalidInterval> {
        Self::from_count(minutes.into())
            .map_err(|fault| InvalidInterval::new(&minutes.to_string(), fault, false))
    }
}

/// Counts minutes; for number literals, which are `i32`.
impl TryFrom<i32> for Minutes {
    type Error = InvalidInterval;

    fn try_from(minutes: i32) -> Result<Self, InvalidInterval> {
        u32::try_from(minutes)
            .map_err(|_| InvalidInterval::new(&minutes.to_string(), Fault::Negative, false))
            .and_then(Self::try_from)
    }
}

/// Takes whole minutes only: nothing is rounded.
impl TryFrom<Duration> for Minutes {
    type Error = InvalidInterval;

    fn try_from(duration: Duration) -> Result<Self, InvalidInterval> {
        let minutes = if duration.subsec_nanos() == 0 {
            span::whole_minutes(duration.as_secs().into())
        } else {
            Err(Fault::NotWholeMinutes)
        };
        minutes
            .and_then(Self::from_count)
            .map_err(|fault| InvalidInterval::new(&format!("{duration:?}"), fault, false))
    }
}

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} minute{}", self.0, if self.0.get() == 1 { "" } else { "s" })
    }
}
