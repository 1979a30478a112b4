//! The times of the digest, and its targets: the table `[digest]`.

use crons_types::calendar::{in_zone, previous_before};
use crons_types::{Schedule, Timezone};
use jiff::{SignedDuration, Timestamp, civil};
use serde::Deserialize;

use super::error::InvalidAlerts;
use crate::quote::quoted;

/// The days of a week, as they are written in `days`.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The table `[digest]`: a message once a day about what failed, was slow, never ran or is muted.
///
/// In TOML; `timezone` is UTC by default, and `days` are all days:
///
/// ```toml
/// [digest]
/// at = "08:00"
/// timezone = "Europe/Vienna"
/// days = ["mon", "tue", "wed", "thu", "fri"]
/// to = ["ops"]
/// ```
///
/// The table is part of [`Alerts`](crate::Alerts) and names targets of it:
///
/// ```
/// let tables = serde_json::json!({
///     "webhook": {"ops": {"url": "https://example.com/hooks/crons"}},
///     "digest": {"at": "08:00", "timezone": "Europe/Vienna", "to": ["ops"]},
/// });
/// let alerts: crons_server::Alerts = serde_json::from_value(tables)?;
/// assert_eq!(alerts.digest().unwrap().to(), ["ops"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// A crontab with a fixed minute and hour: where clocks skip it, it comes at the next minute that exists, and where they repeat it, once.
    schedule: Schedule,
    timezone: Timezone,
    to: Vec<String>,
}

impl Digest {
    /// The names of its targets, at least one.
    pub fn to(&self) -> &[String] {
        &self.to
    }

    /// Returns the time of a digest that is the last one until `now` and of the same day; `None` if that day has none yet.
    pub(crate) fn last_time(&self, now: Timestamp) -> Option<Timestamp> {
        // The search leaves out the instant itself.
        let after = now.checked_add(SignedDuration::from_nanos(1)).ok()?;
        let time = previous_before(&self.schedule, &self.timezone, Timestamp::MIN, after)?;
        let day = |instant| in_zone(instant, self.timezone).date();
        (day(time) == day(now)).then_some(time)
    }
}

/// A digest as it is written in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with at and to, and perhaps timezone and days")]
struct DigestTable {
    at: String,
    timezone: Option<String>,
    days: Option<Vec<String>>,
    to: Vec<String>,
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(DigestTable::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl TryFrom<DigestTable> for Digest {
    type Error = InvalidAlerts;

    fn try_from(DigestTable { at, timezone, days, to }: DigestTable) -> Result<Self, InvalidAlerts> {
        let time = civil::Time::strptime("%H:%M", &at).map_err(|_| {
            InvalidAlerts(format!(
                "at: {} is not a time of the day; write an hour and a minute from \"00:00\" to \"23:59\"",
                quoted(&at)
            ))
        })?;
        let timezone = timezone.as_deref().map(Timezone::parse).transpose();
        // The message begins with the key.
        let timezone = timezone.map_err(|error| InvalidAlerts(error.to_string()))?;
        let days = days.map_or(Ok("*".to_owned()), |days| days_of_week(&days))?;
        if to.is_empty() {
            return Err(InvalidAlerts(
                "to: it is empty, so nobody gets the digest; write the names of targets".to_owned(),
            ));
        }
        let crontab = format!("{} {} * * {days}", time.minute(), time.hour());
        let schedule = Schedule::crontab(&crontab).map_err(|error| InvalidAlerts(format!("at: {error}")))?;
        Ok(Self { schedule, timezone: timezone.unwrap_or_default(), to })
    }
}

/// Returns the last field of a crontab for these days.
fn days_of_week(days: &[String]) -> Result<String, InvalidAlerts> {
    if days.is_empty() {
        return Err(InvalidAlerts(
            "days: it is empty, so there is never a digest; write days such as \"mon\", or leave it out for all days"
                .to_owned(),
        ));
    }
    if let Some(unknown) = days.iter().find(|day| !DAYS.contains(&day.as_str())) {
        return Err(InvalidAlerts(format!(
            "days: {} is not a day; write one or more of {}",
            quoted(unknown),
            DAYS.map(|day| format!("\"{day}\"")).join(", ")
        )));
    }
    Ok(days.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(table: Value) -> Result<Digest, String> {
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    /// The times of the digests of a day in Vienna, looked for in each minute from `since` to `until`.
    fn times(at: &str, since: &str, until: &str) -> Vec<String> {
        let digest = read(json!({"at": at, "timezone": "Europe/Vienna", "to": ["ops"]})).unwrap();
        let (mut now, until): (Timestamp, Timestamp) = (since.parse().unwrap(), until.parse().unwrap());
        let mut found = Vec::new();
        while now <= until {
            found.extend(digest.last_time(now));
            now += SignedDuration::from_mins(1);
        }
        found.dedup();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_digest_comes_at_its_time_until_the_end_of_the_day() {
        let digest = read(json!({"at": "08:00", "timezone": "Europe/Vienna", "to": ["ops"]})).unwrap();
        let at = |now: &str| digest.last_time(now.parse().unwrap()).map(|time| time.to_string());
        for (now, expected) in [
            ("2024-06-03T05:59:59Z", None),
            ("2024-06-03T06:00:00Z", Some("2024-06-03T06:00:00Z")),
            ("2024-06-03T21:59:59Z", Some("2024-06-03T06:00:00Z")),
            ("2024-06-03T22:00:00Z", None),
        ] {
            assert_eq!(at(now).as_deref(), expected, "{now}");
        }
    }

    #[test]
    fn a_time_that_clocks_skip_comes_at_the_next_minute_and_one_that_they_repeat_once() {
        let spring = times("02:30", "2024-03-31T00:00:00Z", "2024-03-31T21:59:00Z");
        assert_eq!(spring, ["2024-03-31T01:00:00Z"], "03:00 of the summer");
        let autumn = times("02:30", "2024-10-27T00:00:00Z", "2024-10-27T22:59:00Z");
        assert_eq!(autumn, ["2024-10-27T00:30:00Z"], "the first 02:30");
        let midnight = times("00:00", "2024-03-30T23:00:00Z", "2024-03-31T21:59:00Z");
        assert_eq!(midnight, ["2024-03-30T23:00:00Z"]);
    }

    #[test]
    fn other_days_have_no_digest() {
        let digest = read(json!({"at": "08:00", "days": ["mon", "sun"], "to": ["ops"]})).unwrap();
        let is_day =
            |day: u32| digest.last_time(format!("2024-06-0{day}T09:00:00Z").parse().unwrap()).is_some();
        assert_eq!([1, 2, 3, 4].map(is_day), [false, true, true, false], "Saturday to Tuesday");
    }

    #[test]
    fn a_mistake_is_named_with_what_to_write() {
        for (table, expected) in [
            (json!({"at": "8am", "to": ["ops"]}), "at: \"8am\" is not a time of the day"),
            (json!({"at": "24:00", "to": ["ops"]}), "at: \"24:00\" is not"),
            (json!({"at": "08:00:00", "to": ["ops"]}), "at: \"08:00:00\" is not"),
            (json!({"at": "08:00", "timezone": "Vienna", "to": ["ops"]}), "timezone: "),
            (json!({"at": "08:00", "days": ["monday"], "to": ["ops"]}), "days: \"monday\" is not a day"),
            (json!({"at": "08:00", "days": [], "to": ["ops"]}), "days: it is empty"),
            (json!({"at": "08:00", "to": []}), "to: it is empty"),
            (json!({"to": ["ops"]}), "missing field `at`"),
            (json!({"at": "08:00"}), "missing field `to`"),
            (json!({"at": "08:00", "to": ["ops"], "every": "1d"}), "unknown field `every`"),
        ] {
            let refused = read(table).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
