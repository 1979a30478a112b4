//! The next and the previous occurrence of a schedule.
//!
//! The rules of time zones are those compiled into this crate, never those of the machine, so that every client and every
//! server agree.
//!
//! ```
//! use crons_types::{Schedule, Timezone, calendar};
//!
//! let nightly = Schedule::crontab("30 2 * * *")?;
//! let new_york = Timezone::parse("America/New_York")?;
//! // On 10 March 2024 clocks went from 2:00 to 3:00, so what is due at 2:30 is due at 3:00.
//! let next = calendar::next_after(&nightly, &new_york, "2024-03-10T00:00-05:00".parse()?);
//! assert_eq!(next, Some("2024-03-10T03:00-04:00".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use jiff::{Timestamp, Zoned};

use crate::{Schedule, Timezone};

// The modules are in layer order: each uses only those above it.
mod days;
mod wall;
mod zone;
mod interval;
mod crontab;

/// The first occurrence strictly after `after`, at a whole minute. For an interval, `after` is the check-in from which it
/// counts: minutes and hours are lengths of time, longer units are added on the wall clock of the zone.
///
/// `None` if it lies beyond the year 9999, or if there is none within 50 years.
pub fn next_after(schedule: &Schedule, timezone: &Timezone, after: Timestamp) -> Option<Timestamp> {
    let zone = zone::zone(*timezone);
    match schedule {
        Schedule::Crontab(crontab) => crontab::next_after(crontab.fields(), &zone, after),
        Schedule::Interval(interval) => interval::next_after(*interval, &zone, after),
    }
}

/// The last occurrence strictly before `before`, at a whole minute. An interval counts from `anchor`, which itself is its
/// first occurrence; a crontab does not look at `anchor`.
///
/// `None` if there is none: for an interval, if `before` is not after `anchor`; for a crontab, within 50 years.
///
/// ```
/// use crons_types::{Schedule, Timezone, calendar};
///
/// let schedule = Schedule::interval("2 hours")?;
/// let (anchor, before) = ("2019-01-01T01:30Z".parse()?, "2019-01-01T05:35Z".parse()?);
/// let previous = calendar::previous_before(&schedule, &Timezone::UTC, anchor, before);
/// assert_eq!(previous, Some("2019-01-01T05:30Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn previous_before(
    schedule: &Schedule,
    timezone: &Timezone,
    anchor: Timestamp,
    before: Timestamp,
) -> Option<Timestamp> {
    let zone = zone::zone(*timezone);
    match schedule {
        Schedule::Crontab(crontab) => crontab::previous_before(crontab.fields(), &zone, before),
        Schedule::Interval(interval) => interval::previous_before(*interval, &zone, anchor, before),
    }
}

/// An instant by the clock on the wall of a zone, from the same data.
///
/// ```
/// use crons_types::{Timezone, calendar};
///
/// let vienna = Timezone::parse("Europe/Vienna")?;
/// let summer = calendar::in_zone("2024-06-03T07:00Z".parse()?, vienna);
/// assert_eq!(summer.strftime("%H:%M %:z").to_string(), "09:00 +02:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn in_zone(instant: Timestamp, timezone: Timezone) -> Zoned {
    instant.to_zoned(zone::zone(timezone))
}
