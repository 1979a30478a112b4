//! The configuration of a monitor in a check-in: reads its JSON and validates its values.

use crons_types::{Crontab, Interval, Owner, Schedule, Timezone};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::numbers;
use super::schedule::{RawSchedule, UnvalidatedSchedule};
use crate::domain::{ConfigPatch, ConfigUpdate};
use crate::ingest::json_object::JsonObject;
use crate::quote::shortened;

/// The size limit of a crontab in bytes. A crontab that lists every value of every field has fewer.
const MAX_CRONTAB: usize = 1024;

/// A configuration as it is written.
#[derive(Deserialize)]
pub(super) struct MonitorConfig {
    pub(super) schedule: JsonObject<RawSchedule>,
    #[serde(default, deserialize_with = "numbers::minutes")]
    checkin_margin: Option<Option<u64>>,
    #[serde(default, deserialize_with = "numbers::minutes")]
    max_runtime: Option<Option<u64>>,
    #[serde(default, deserialize_with = "numbers::threshold")]
    failure_issue_threshold: Option<Option<u64>>,
    #[serde(default, deserialize_with = "numbers::threshold")]
    recovery_threshold: Option<Option<u64>>,
    #[serde(default, deserialize_with = "present")]
    timezone: Option<Option<String>>,
    pub(super) owner: Option<String>,
    /// The type of the schedule in a configuration as Sentry's API returns it. Ignored: the schedule has its type.
    pub(super) schedule_type: Option<Value>,
}

/// Reads a value that may be null. The outer `Option` is `Some` for null, too; serde returns `None` for a key that is left out.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Validates a configuration. An invalid one is returned as [`ConfigUpdate::Invalid`]: a monitor that exists then keeps its own.
///
/// # Errors
/// If the schedule has the wrong shape, which makes the whole check-in malformed.
pub(super) fn config(mut raw: MonitorConfig) -> Result<ConfigUpdate, String> {
    let JsonObject(schedule) = &mut raw.schedule;
    let schedule = schedule.take()?;
    Ok(match patch(schedule, raw) {
        Ok(patch) => ConfigUpdate::Valid(Box::new(patch)),
        Err(reason) => ConfigUpdate::Invalid(reason),
    })
}

/// Validates the values.
///
/// # Errors
/// The first value that is not allowed: the field, its value, and what to write.
fn patch(schedule: UnvalidatedSchedule, raw: MonitorConfig) -> Result<ConfigPatch, String> {
    let schedule = schedule.validate("monitor_config.schedule.value")?;
    let timezone = match raw.timezone {
        // Sentry treats an empty name as left out.
        None => None,
        Some(Some(name)) if name.is_empty() => None,
        Some(None) => Some(None),
        Some(Some(name)) => {
            Some(Some(Timezone::parse(&name).map_err(|error| format!("monitor_config.{error}"))?))
        }
    };
    let max_runtime = saturated(raw.max_runtime);
    if max_runtime == Some(Some(0)) {
        return Err("monitor_config.max_runtime: 0 minutes leave no time to run; write 1 or more".to_owned());
    }
    let owner = raw.owner.filter(|owner| !owner.is_empty());
    let valid_owner = owner.as_deref().map(str::parse::<Owner>);
    Ok(ConfigPatch {
        schedule,
        checkin_margin: saturated(raw.checkin_margin),
        max_runtime,
        timezone,
        failure_issue_threshold: threshold("failure_issue_threshold", raw.failure_issue_threshold)?,
        recovery_threshold: threshold("recovery_threshold", raw.recovery_threshold)?,
        owner_refused: owner.as_deref().filter(|_| matches!(valid_owner, Some(Err(_)))).map(shortened),
        owner: valid_owner.and_then(Result::ok).map(|owner| owner.to_string()),
    })
}

impl UnvalidatedSchedule {
    /// Validates the values of a schedule.
    ///
    /// # Errors
    /// If they are not allowed: `field`, the value, and what to write.
    pub(crate) fn validate(self, field: &str) -> Result<Schedule, String> {
        match self {
            Self::Crontab(value) if value.len() > MAX_CRONTAB => Err(format!(
                "{field}: the crontab has {} bytes, and at most {MAX_CRONTAB} are allowed; write a shorter one",
                value.len()
            )),
            Self::Crontab(value) => {
                let crontab = Crontab::parse(&value);
                let at_value = |error| format!("{field}: {}", intervals_as_json(&format!("{error}")));
                Ok(Schedule::Crontab(crontab.map_err(at_value)?))
            }
            Self::Interval(value, unit) => {
                let interval = Interval::parse(&format!("{value} {unit}s"));
                Ok(Schedule::Interval(interval.map_err(|error| format!("{field}: {error}"))?))
            }
        }
    }
}

/// Rewrites the advice of a crontab's diagnosis as JSON. The diagnosis writes intervals as the attribute has them: `interval = "5 minutes"`.
fn intervals_as_json(advice: &str) -> String {
    const BEGIN: &str = "interval = \"";
    let mut rest = advice;
    let mut json = String::with_capacity(advice.len());
    while let Some((before, after)) = rest.split_once(BEGIN) {
        json.push_str(before);
        let span = after.split_once('"').map(|(span, after)| (Interval::parse(span), after));
        if let Some((Ok(interval), after)) = span {
            // The text is written without `json!`, whose order of keys depends on the features that other crates turn on.
            let (value, unit) = (interval.value(), serde_json::json!(interval.unit()));
            let schedule = format!(r#"{{"type":"interval","value":{value},"unit":{unit}}}"#);
            json.push_str(&schedule);
            rest = after;
        } else {
            json.push_str(BEGIN);
            rest = after;
        }
    }
    json.push_str(rest);
    json
}

/// Converts minutes to 32 bits. Larger numbers become the largest one, which the upsert cuts down to the limit of its field.
fn saturated(minutes: Option<Option<u64>>) -> Option<Option<u32>> {
    minutes.map(|minutes| minutes.map(|minutes| u32::try_from(minutes).unwrap_or(u32::MAX)))
}

/// Checks that a threshold is in 1 to 720.
fn threshold(field: &str, given: Option<Option<u64>>) -> Result<Option<Option<u32>>, String> {
    let most = crons_types::MonitorConfig::MAX_THRESHOLD;
    match given {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(count)) => match u32::try_from(count) {
            Ok(count) if (1..=most).contains(&count) => Ok(Some(Some(count))),
            _ => Err(format!(
                "monitor_config.{field}: {count} is not in 1\u{2013}{most}; write a number in that range, or leave the key out for 1"
            )),
        },
    }
}
