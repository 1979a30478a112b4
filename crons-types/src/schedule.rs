//! The schedule of a monitor: a crontab or an interval.

use std::fmt;
use std::time::Duration;

use crate::{Crontab, Interval, IntervalUnit, InvalidCrontab, InvalidInterval};

/// The schedule of a job.
///
/// ```
/// use crons_types::Schedule;
///
/// assert_eq!(Schedule::crontab("@hourly").unwrap().to_string(), "0 * * * *");
/// assert_eq!(Schedule::interval("10 minutes").unwrap().to_string(), "every 10 minutes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// The minutes that a crontab names, in the monitor's time zone.
    Crontab(Crontab),
    /// The time after the last check-in at which the next one is expected, again and again.
    Interval(Interval),
}

impl Schedule {
    /// A schedule from a five-field crontab or a nickname such as `@daily`.
    ///
    /// # Errors
    /// Names the field that the server would refuse, and why.
    pub fn crontab(expression: &str) -> Result<Self, InvalidCrontab> {
        Crontab::parse(expression).map(Self::Crontab)
    }

    /// A schedule from words such as `10 minutes`, `2h`, `1 month`.
    ///
    /// # Errors
    /// Says which part is no number or no unit.
    pub fn interval(span: &str) -> Result<Self, InvalidInterval> {
        Interval::parse(span).map(Self::Interval)
    }

    /// A sentence for people, in English.
    ///
    /// ```
    /// use crons_types::Schedule;
    ///
    /// assert_eq!(Schedule::crontab("@hourly").unwrap().describe(), "Every hour, on the hour");
    /// assert_eq!(Schedule::interval("10 minutes").unwrap().describe(), "Every 10 minutes");
    /// ```
    pub fn describe(&self) -> String {
        match self {
            Self::Crontab(crontab) => crontab.describe(),
            Self::Interval(interval) => interval.describe(),
        }
    }
}

impl Schedule {
    /// The shortest time between two expected runs, by the clock on the wall: a change of the clocks is not counted.
    pub fn min_gap(&self) -> Duration {
        let interval = match self {
            Self::Crontab(crontab) => return crontab.min_gap(),
            Self::Interval(interval) => interval,
        };
        let minutes: u64 = match interval.unit() {
            IntervalUnit::Minute => 1,
            IntervalUnit::Hour => 60,
            IntervalUnit::Day => 24 * 60,
            IntervalUnit::Week => 7 * 24 * 60,
            IntervalUnit::Month => 28 * 24 * 60,
            IntervalUnit::Year => 365 * 24 * 60,
        };
        Duration::from_secs(u64::from(interval.value()) * minutes * 60)
    }
}

impl From<Crontab> for Schedule {
    fn from(crontab: Crontab) -> Self {
        Self::Crontab(crontab)
    }
}

impl From<Interval> for Schedule {
    fn from(interval: Interval) -> Self {
        Self::Interval(interval)
    }
}

/// Reads what [`Display`](fmt::Display) writes: a crontab, or `every` and an interval.
impl std::str::FromStr for Schedule {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        match text.trim_start().strip_prefix("every ") {
            Some(span) => Self::interval(span).map_err(InvalidSchedule::Interval),
            None => Self::crontab(text).map_err(InvalidSchedule::Crontab),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crontab(crontab) => crontab.fmt(f),
            Self::Interval(interval) => write!(f, "every {interval}"),
        }
    }
}

/// The error for a text that is no [`Schedule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidSchedule {
    /// The text does not begin with `every`, and is no crontab.
    Crontab(InvalidCrontab),
    /// The text begins with `every`, and no interval follows.
    Interval(InvalidInterval),
}

impl fmt::Display for InvalidSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crontab(refused) => refused.fmt(f),
            Self::Interval(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for InvalidSchedule {}
