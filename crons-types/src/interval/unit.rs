//! The units of intervals.

use std::fmt;

/// The units of an [`Interval`](crate::Interval), as the server names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IntervalUnit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// A calendar day: 23 to 25 hours where clocks change.
    Day,
    /// 7 days.
    Week,
    /// A calendar month: to this day and time in the next month that has this day.
    Month,
    /// A calendar year: to this date and time in the next year that has this date.
    Year,
}

impl IntervalUnit {
    /// The units, shortest first.
    pub const ALL: [Self; 6] = [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    /// The name on the wire: `minute`, `hour`, `day`, `week`, `month`, `year`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The largest value of an interval in this unit: about 1000 years. A run after a longer one has no date that can be
    /// written.
    pub const fn max_value(self) -> u32 {
        const YEARS: u32 = 1_000;
        const DAYS: u32 = 365_250;
        match self {
            Self::Minute => DAYS * 24 * 60,
            Self::Hour => DAYS * 24,
            Self::Day => DAYS,
            Self::Week => DAYS / 7,
            Self::Month => YEARS * 12,
            Self::Year => YEARS,
        }
    }

    /// The unit with exactly this name on the wire.
    ///
    /// ```
    /// use crons_types::IntervalUnit;
    ///
    /// assert_eq!(IntervalUnit::from_name("hour"), Some(IntervalUnit::Hour));
    /// assert_eq!(IntervalUnit::from_name("hours"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name)
    }
}

impl fmt::Display for IntervalUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
