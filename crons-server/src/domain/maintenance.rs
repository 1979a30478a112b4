//! Maintenance windows of the configuration: times in which failures are expected, so that messages about them are kept back.

use crons_types::calendar::{next_after, previous_before};
use crons_types::{Minutes, Schedule, Timezone};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::filter::Filter;
use crate::quote::quoted;

/// A time, once or again and again, in which messages about the monitors that `matchers` select are kept back, as by a silence.
///
/// `Maintenance` can be deserialized:
///
/// ```
/// use crons_server::{Maintenance, Settings};
///
/// let window: Maintenance = serde_json::from_str(r#"{
///     "schedule": "0 2 * * SUN", "length": "2h", "why": "weekly updates",
///     "matchers": [{"key": "monitor.slug", "match": "matches pattern", "value": "db-*"}]
/// }"#)?;
/// let settings = Settings { maintenance: vec![window], ..Settings::default() };
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// In TOML; `timezone` is UTC by default, and `length` is at most 7 days; windows that follow each other without a gap are refused:
///
/// ```toml
/// [[maintenance]]
/// schedule = "0 2 * * SUN"
/// timezone = "Europe/Vienna"
/// length = "2h"
/// matchers = [{ key = "monitor.slug", match = "matches pattern", value = "db-*" }]
/// why = "weekly updates of the databases"
///
/// [[maintenance]]
/// starts_at = "2026-12-24T20:00:00+01:00"
/// ends_at = "2026-12-25T02:00:00+01:00"
/// matchers = [{ key = "environment", match = "equals", value = "production" }]
/// why = "move to the new data centre"
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "MaintenanceTable")]
pub struct Maintenance {
    time: Time,
    /// Filters on the tags of an event, all of which must match.
    pub(crate) matchers: Vec<Filter>,
    pub(crate) why: String,
}

/// The time of a window.
#[derive(Debug, Clone, PartialEq)]
enum Time {
    Once { starts_at: Timestamp, ends_at: Timestamp },
    Again { schedule: Schedule, timezone: Timezone, length: Minutes },
}

/// A maintenance window cannot work. The message names the key, its value, what is allowed, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMaintenance(String);

impl std::fmt::Display for InvalidMaintenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidMaintenance {}

impl Maintenance {
    /// The author of a window in messages, where that of a silence is a person.
    pub(crate) const AUTHOR: &str = "maintenance";
    /// The longest reason, in characters.
    pub(crate) const MAX_WHY: usize = 500;
    /// The longest length of a window without a schedule: a year.
    pub(crate) const MAX_ONCE: SignedDuration = SignedDuration::from_hours(366 * 24);
    /// The longest length of a window with a schedule, in minutes: a week.
    const MAX_LENGTH: u32 = 7 * 24 * 60;
    /// The most windows that are looked at for one that ends: those of a month, if one begins in each minute.
    const MAX_WALK: usize = 45_000;

    /// Whether all filters match the tags.
    pub(crate) fn matches(&self, tags: &[(&'static str, String)]) -> bool {
        self.matchers.iter().all(|filter| filter.matches(tags))
    }

    /// The end of the window that is open at an instant; `None` if none is. The end itself is no part of a window.
    pub(crate) fn active_until(&self, at: Timestamp) -> Option<Timestamp> {
        match &self.time {
            Time::Once { starts_at, ends_at } => (*starts_at..*ends_at).contains(&at).then_some(*ends_at),
            Time::Again { schedule, timezone, .. } => {
                let after = at.checked_add(SignedDuration::from_nanos(1)).ok()?;
                let start = previous_before(schedule, timezone, Timestamp::MIN, after)?;
                Some(self.end_of(start)).filter(|end| *end > at)
            }
        }
    }

    /// The windows that are open at some time from `since` on and before `until`, the earliest first; the last `limit` if there are more.
    pub(crate) fn between(
        &self,
        since: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<(Timestamp, Timestamp)> {
        let (schedule, timezone, length) = match &self.time {
            Time::Once { starts_at, ends_at } => {
                let overlaps = *starts_at < until && *ends_at > since;
                return if overlaps { vec![(*starts_at, *ends_at)] } else { Vec::new() };
            }
            Time::Again { schedule, timezone, length } => (schedule, timezone, *length),
        };
        let before = |instant| previous_before(schedule, timezone, Timestamp::MIN, instant);
        let starts = std::iter::successors(before(until), |start| before(*start));
        // A window that began a whole length before `since` is over.
        let oldest = since.saturating_sub(span(length)).unwrap_or(Timestamp::MIN);
        let starts = starts.take_while(|start| *start > oldest).take(limit);
        let mut windows: Vec<_> = starts.map(|start| (start, self.end_of(start))).collect();
        windows.reverse();
        windows
    }

    /// The end of the window that begins at `start`.
    fn end_of(&self, start: Timestamp) -> Timestamp {
        match &self.time {
            Time::Once { ends_at, .. } => *ends_at,
            Time::Again { length, .. } => start.saturating_add(span(*length)).unwrap_or(Timestamp::MAX),
        }
    }
}

/// The window in words: `0 2 * * SUN (Europe/Vienna), for 2 hours`.
impl std::fmt::Display for Maintenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.time {
            Time::Once { starts_at, ends_at } => write!(f, "{starts_at} to {ends_at}"),
            Time::Again { schedule, timezone, length } => {
                write!(f, "{schedule} ({timezone}), for {length}")
            }
        }
    }
}

fn span(length: Minutes) -> SignedDuration {
    SignedDuration::from_mins(i64::from(length.get()))
}

/// A window as it is written in TOML.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table [[maintenance]] with matchers, why, and either schedule, timezone and length or starts_at and ends_at"
)]
struct MaintenanceTable {
    schedule: Option<String>,
    timezone: Option<String>,
    length: Option<String>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    #[serde(default)]
    matchers: Vec<Filter>,
    #[serde(default)]
    why: String,
}

impl TryFrom<MaintenanceTable> for Maintenance {
    type Error = InvalidMaintenance;

    fn try_from(table: MaintenanceTable) -> Result<Self, InvalidMaintenance> {
        let MaintenanceTable { schedule, timezone, length, starts_at, ends_at, matchers, why } = table;
        let refuse = |message: String| Err(InvalidMaintenance(message));
        if matchers.is_empty() {
            return refuse(
                "matchers: there is none, so it is not known which monitors the window is for; write one or more, such as [{ key = \
                 \"monitor.slug\", match = \"matches pattern\", value = \"db-*\" }], or the value \"*\" for all monitors"
                    .to_owned(),
            );
        }
        if why.trim().is_empty() || why.chars().count() > Self::MAX_WHY {
            return refuse(format!(
                "why: {} is not 1 to {} characters; write the reason, which messages and pages show",
                quoted(&why),
                Self::MAX_WHY
            ));
        }
        let time = match (schedule, length, starts_at, ends_at) {
            (Some(schedule), Some(length), None, None) => again(&schedule, timezone.as_deref(), &length)?,
            (None, None, Some(starts_at), Some(ends_at)) if timezone.is_none() => once(&starts_at, &ends_at)?,
            (Some(_), None, ..) => {
                return refuse("length: it is missing; write a length such as \"2h\"".to_owned());
            }
            (None, None, Some(_), None) => {
                return refuse("ends_at: it is missing; a window always ends, so write its end".to_owned());
            }
            _ => {
                return refuse(
                    "write either `schedule` (a crontab), `length` and perhaps `timezone` for a window that comes again, or `starts_at` and \
                     `ends_at` for one that comes once"
                        .to_owned(),
                );
            }
        };
        Ok(Self { time, matchers, why })
    }
}

fn again(schedule: &str, timezone: Option<&str>, length: &str) -> Result<Time, InvalidMaintenance> {
    let invalid = |key: &str, error: &dyn std::fmt::Display| InvalidMaintenance(format!("{key}: {error}"));
    let schedule = Schedule::crontab(schedule).map_err(|error| invalid("schedule", &error))?;
    let timezone = timezone.map(Timezone::parse).transpose().map_err(|error| invalid("timezone", &error))?;
    let parsed = Minutes::parse(length).map_err(|error| invalid("length", &error))?;
    if parsed.get() > Maintenance::MAX_LENGTH {
        return Err(InvalidMaintenance(format!(
            "length: {} is more than 7 days; write a shorter length, or starts_at and ends_at for a window that comes once",
            quoted(length)
        )));
    }
    if !ends(&schedule, parsed) {
        return Err(InvalidMaintenance(format!(
            "length: with {}, a window of the schedule {} begins before the one before it is over, so no message is ever sent; write a \
             shorter length, or a schedule whose windows are further apart; to hear nothing of a monitor, mute it",
            quoted(length),
            quoted(&schedule.to_string())
        )));
    }
    Ok(Time::Again { schedule, timezone: timezone.unwrap_or_default(), length: parsed })
}

/// Whether one of the windows of a year is over before the next one begins. Changes of clocks do not count: a window of each day and 24
/// hours never ends, though one day of the year has 25.
fn ends(schedule: &Schedule, length: Minutes) -> bool {
    let Some(first) = next_after(schedule, &Timezone::UTC, Timestamp::UNIX_EPOCH) else { return true };
    let year = first.saturating_add(Maintenance::MAX_ONCE).unwrap_or(Timestamp::MAX);
    let mut start = first;
    for _ in 0..Maintenance::MAX_WALK {
        let end = start.saturating_add(span(length)).unwrap_or(Timestamp::MAX);
        // The window that begins at the end goes on without a gap.
        let after_end = end.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX);
        match previous_before(schedule, &Timezone::UTC, Timestamp::MIN, after_end) {
            Some(next) if next > start => start = next,
            _ => return true,
        }
        if start > year {
            return false;
        }
    }
    false
}

fn once(starts_at: &str, ends_at: &str) -> Result<Time, InvalidMaintenance> {
    let instant = |key: &str, text: &str| {
        text.parse::<Timestamp>().map_err(|_| {
            InvalidMaintenance(format!(
                "{key}: {} is not an instant; write a date, a time and an offset from UTC, such as \"2026-12-24T20:00:00+01:00\"",
                quoted(text)
            ))
        })
    };
    let (start, end) = (instant("starts_at", starts_at)?, instant("ends_at", ends_at)?);
    if end <= start {
        return Err(InvalidMaintenance(format!(
            "ends_at: {} is not after starts_at, {}; write a later end",
            quoted(ends_at),
            quoted(starts_at)
        )));
    }
    if end.duration_since(start) > Maintenance::MAX_ONCE {
        return Err(InvalidMaintenance(format!(
            "ends_at: {} is more than a year after starts_at, {}; write an earlier end",
            quoted(ends_at),
            quoted(starts_at)
        )));
    }
    Ok(Time::Once { starts_at: start, ends_at: end })
}

#[cfg(test)]
mod tests;
