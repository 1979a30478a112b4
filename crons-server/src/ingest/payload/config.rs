//! The configuration of a monitor within a check-in: its JSON, and what of it the server takes.

use crons_types::{Crontab, Interval, Owner, Schedule, Timezone};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::numbers;
use super::schedule::{RawSchedule, WrittenSchedule};
use crate::domain::{ConfigPatch, ConfigUpdate};
use crate::ingest::json_object::Object;
use crate::quote::shortened;

/// Crontabs with more bytes are refused; the longest that says something new is shorter.
const MAX_CRONTAB: usize = 1024;

#[derive(Deserialize)]
pub(super) struct MonitorConfig {
    pub(super) schedule: Object<RawSchedule>,
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
    /// In configurations as the API shows them; the schedule says so itself.
    pub(super) schedule_type: Option<Value>,
}

/// Without the outer `Option` null and absent would be the same.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Judges a configuration: one that is refused here keeps a known monitor as it is.
///
/// # Errors
/// If its schedule is not even of the right shape.
pub(super) fn config(mut raw: MonitorConfig) -> Result<ConfigUpdate, String> {
    let Object(schedule) = &mut raw.schedule;
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
        // Empty is as good as absent.
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

/// The advice of a crontab's diagnosis for who writes JSON: `interval = "5 minutes"` is the language of the attribute.
fn intervals_as_json(advice: &str) -> String {
    const BEGIN: &str = "interval = \"";
    let mut rest = advice;
    let mut json = String::with_capacity(advice.len());
    while let Some((before, after)) = rest.split_once(BEGIN) {
        json.push_str(before);
        let span = after.split_once('"').map(|(span, after)| (Interval::parse(span), after));
        if let Some((Ok(interval), after)) = span {
            // Written out: the order of the keys of a `json!` depends on the features of the whole program.
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

/// Minutes beyond any limit are as good as the largest number: the upsert cuts them down.
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
