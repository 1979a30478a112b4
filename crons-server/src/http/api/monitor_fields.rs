//! The values of a monitor's fields, each with the rules of Sentry's API. A refusal names the field, its value, and what to write.

use crons_types::{IntervalUnit, Owner, Slug};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::Monitor;
use crate::ingest::{RawSchedule, UnvalidatedSchedule};
use crate::quote::{quoted, shown_value};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScheduleType {
    Crontab,
    Interval,
}

/// An owner as a text such as `team:ops`, or as the object that GET answers.
#[derive(Deserialize)]
#[serde(untagged, expecting = "an owner such as \"team:ops\", or null")]
pub(super) enum OwnerBody {
    Text(String),
    Object { r#type: String, id: String },
}

/// Refuses an alert rule other than null.
pub(super) fn no_alert_rule(field: &str, given: Option<&Value>) -> Result<(), String> {
    match given {
        None | Some(Value::Null) => Ok(()),
        Some(other) => Err(format!(
            "{field}: {} has no meaning here; leave it out, and write alert rules into crons.toml",
            shown_value(other)
        )),
    }
}

/// Reads a schedule in one of its forms: a crontab, `[10, "minute"]`, or an object as in check-ins. `of` is its `schedule_type`, which has to fit.
pub(super) fn unvalidated(schedule: Value, of: Option<ScheduleType>) -> Result<UnvalidatedSchedule, String> {
    const FORMS: &str = "write a crontab such as \"0 * * * *\", or an interval such as [10, \"minute\"]";
    let other =
        |schedule: &Value| format!("config.schedule: {} is no schedule; {FORMS}", shown_value(schedule));
    let (found, schedule) = match schedule {
        Value::String(crontab) => (ScheduleType::Crontab, UnvalidatedSchedule::Crontab(crontab)),
        Value::Array(pair) => match pair.as_slice() {
            [Value::Number(value), Value::String(unit)] => {
                let known = IntervalUnit::from_name(unit).ok_or_else(|| {
                    format!(
                        "config.schedule: {} is not a unit of an interval; write minute, hour, day, week, month or year",
                        quoted(unit)
                    )
                })?;
                let value = value.as_u64().ok_or_else(|| {
                    format!("config.schedule: {value} is no whole number of {unit}s; write 1 or more")
                })?;
                (ScheduleType::Interval, UnvalidatedSchedule::Interval(value, known))
            }
            _ => return Err(other(&Value::Array(pair))),
        },
        Value::Object(_) => {
            let shown = other(&schedule);
            let mut raw: RawSchedule = serde_json::from_value(schedule).map_err(|_| shown)?;
            let schedule = raw.take_of("config.schedule")?;
            let of = match schedule {
                UnvalidatedSchedule::Crontab(_) => ScheduleType::Crontab,
                UnvalidatedSchedule::Interval(..) => ScheduleType::Interval,
            };
            (of, schedule)
        }
        schedule => return Err(other(&schedule)),
    };
    match of {
        Some(of) if of != found => {
            let (of, found) = (of.as_str(), found.as_str());
            Err(format!(
                "config.schedule_type: {of:?} does not fit the schedule, which is of the type {found:?}; {FORMS}"
            ))
        }
        _ => Ok(schedule),
    }
}

impl ScheduleType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Crontab => "crontab",
            Self::Interval => "interval",
        }
    }
}

/// Checks that a number is in 1 to `most`; `None` and null pass.
pub(super) fn number(
    field: &str,
    given: Option<Option<u64>>,
    most: u32,
    unit: &str,
) -> Result<Option<Option<u32>>, String> {
    let in_range = |number: u64| match u32::try_from(number) {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(format!(
            "config.{field}: {number} is not in 1\u{2013}{most}; write a number of {unit} in that range, or null for the default"
        )),
    };
    given.map(|given| given.map(in_range).transpose()).transpose()
}

pub(super) fn is_number(slug: &str) -> bool {
    slug.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn monitor_slug(written: &str) -> Result<Slug, String> {
    match Slug::parse(written) {
        Ok(slug) if !is_number(slug.as_str()) => Ok(slug),
        Ok(slug) => Err(format!("slug: {:?} is a number; write a letter into it", slug.as_str())),
        // The message begins with the field.
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn monitor_name(written: Option<String>) -> Result<Option<String>, String> {
    let Some(written) = written else { return Ok(None) };
    let name = written.trim();
    if name.is_empty() || name.chars().count() > Monitor::MAX_NAME || name.chars().any(char::is_control) {
        return Err(format!(
            "name: {} is not 1 to {} characters of one line; write such a name, or null for the slug",
            quoted(&written),
            Monitor::MAX_NAME
        ));
    }
    Ok(Some(name.to_owned()))
}

pub(super) fn monitor_owner(written: Option<OwnerBody>) -> Result<Option<String>, String> {
    let written = match written {
        None => return Ok(None),
        Some(OwnerBody::Text(text)) if text.is_empty() => return Ok(None),
        Some(OwnerBody::Text(text)) => text,
        Some(OwnerBody::Object { r#type, id }) => format!("{type}:{id}"),
    };
    // The message begins with the field.
    written.parse::<Owner>().map(|owner| Some(owner.to_string())).map_err(|error| error.to_string())
}
