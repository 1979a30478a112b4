//! The configuration of a monitor within a check-in: its JSON, validated.

use crons_types::{Crontab, Interval, Owner, Schedule, Timezone};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::numbers;
use super::schedule::{RawSchedule, WrittenSchedule};
use crate::domain::{ConfigPatch, ConfigUpdate};
use crate::ingest::json_object::JsonObject;
use crate::quote::shortened;

/// The most bytes of a crontab; the longest one without repetitions is shorter.
const MAX_CRONTAB: usize = 1024;

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
    /// A field of configurations as the API returns them; here the schedule has its type.
    pub(super) schedule_type: Option<Value>,
}

/// Reads a field that is present, null or not, as `Some`; with `default`, an absent field is `None`.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Validates a configuration. An invalid one leaves a known monitor as it is.
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

fn patch(schedule: WrittenSchedule, raw: MonitorConfig) -> Result<ConfigPatch, String> {
    let schedule = match schedule {
        WrittenSchedule::Crontab(value) if value.len() > MAX_CRONTAB => {
            return Err(format!(
                "monitor_config.schedule.value: the crontab has {} bytes, and is longer than {MAX_CRONTAB} bytes; write a shorter one",
                value.len()
            ));
        }
        WrittenSchedule::Crontab(value) => {
            let crontab = Crontab::parse(&value);
            let at_value =
                |error| format!("monitor_config.schedule.value: {}", intervals_as_json(&format!("{error}")));
            Schedule::Crontab(crontab.map_err(at_value)?)
        }
        WrittenSchedule::Interval(value, unit) => {
            let text = format!("{value} {unit}s");
            let interval = Interval::parse(&text);
            Schedule::Interval(interval.map_err(|error| format!("monitor_config.schedule.value: {error}"))?)
        }
    };
    let timezone = match raw.timezone {
        // An empty name counts as absent.
        None => None,
        Some(Some(name)) if name.is_empty() => None,
        Some(None) => Some(None),
        Some(Some(name)) => {
            Some(Some(Timezone::parse(&name).map_err(|error| format!("monitor_config.{error}"))?))
        }
    };
    let max_runtime = bounded(raw.max_runtime);
    if max_runtime == Some(Some(0)) {
        return Err("monitor_config.max_runtime: 0 minutes leave no time to run; write at least 1".to_owned());
    }
    let owner = raw.owner.filter(|owner| !owner.is_empty());
    let valid_owner = owner.as_deref().map(str::parse::<Owner>);
    Ok(ConfigPatch {
        schedule,
        checkin_margin: bounded(raw.checkin_margin),
        max_runtime,
        timezone,
        failure_issue_threshold: threshold("failure_issue_threshold", raw.failure_issue_threshold)?,
        recovery_threshold: threshold("recovery_threshold", raw.recovery_threshold)?,
        owner_refused: owner.as_deref().filter(|_| matches!(valid_owner, Some(Err(_)))).map(shortened),
        owner: valid_owner.and_then(Result::ok).map(|owner| owner.to_string()),
    })
}

/// Translates the advice of a crontab's diagnosis from the attribute's syntax, `interval = "5 minutes"`, to JSON.
fn intervals_as_json(advice: &str) -> String {
    const BEGIN: &str = "interval = \"";
    let mut rest = advice;
    let mut json = String::with_capacity(advice.len());
    while let Some((before, after)) = rest.split_once(BEGIN) {
        json.push_str(before);
        let span = after.split_once('"').map(|(span, after)| (Interval::parse(span), after));
        if let Some((Ok(interval), after)) = span {
            // The order of the keys of a `json!` would depend on the features that other crates enable.
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

/// Converts a number to `u32`; a larger one becomes `u32::MAX`, which the upsert cuts to its limit.
fn bounded(minutes: Option<Option<u64>>) -> Option<Option<u32>> {
    minutes.map(|minutes| minutes.map(|minutes| u32::try_from(minutes).unwrap_or(u32::MAX)))
}

fn threshold(field: &str, given: Option<Option<u64>>) -> Result<Option<Option<u32>>, String> {
    let most = crons_types::MonitorConfig::MAX_THRESHOLD;
    match given {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(count)) => match u32::try_from(count) {
            Ok(count) if (1..=most).contains(&count) => Ok(Some(Some(count))),
            _ => Err(format!(
                "monitor_config.{field}: {count} is not in 1\u{2013}{most}; write a number in that range, or leave it out for 1"
            )),
        },
    }
}
