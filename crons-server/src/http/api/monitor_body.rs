//! The JSON of a monitor that is created or changed, with the keys of Sentry's API.

use crons_types::{IntervalUnit, MonitorConfig, Owner, Slug, Timezone};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::domain::{Config, Monitor, MonitorChange, NewMonitor};
use crate::ingest::{JsonObject, RawSchedule, UnvalidatedSchedule, minutes, present, threshold};
use crate::quote::{quoted, shown_value};

/// A body that creates a monitor.
pub(super) const EXAMPLE: &str =
    r#"{"name": "Nightly backup", "config": {"schedule_type": "crontab", "schedule": "0 3 * * *"}}"#;

/// The keys of a monitor. Keys that only the server sets are accepted without effect, so that a client can send back the answer of a GET.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MonitorBody {
    #[serde(default, deserialize_with = "present")]
    r#type: Option<MonitorType>,
    #[serde(default, deserialize_with = "present")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    slug: Option<String>,
    #[serde(default, deserialize_with = "present")]
    status: Option<MonitorStatus>,
    #[serde(rename = "isMuted", alias = "is_muted", default, deserialize_with = "present")]
    is_muted: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    owner: Option<Option<OwnerBody>>,
    #[serde(default, deserialize_with = "present")]
    config: Option<JsonObject<ConfigBody>>,
    #[serde(rename = "alertRule", alias = "alert_rule")]
    alert_rule: Option<Value>,
    // The server has one project.
    #[serde(rename = "project")]
    _project: Option<IgnoredAny>,
    #[serde(rename = "id")]
    _id: Option<IgnoredAny>,
    #[serde(rename = "environments")]
    _environments: Option<IgnoredAny>,
    #[serde(rename = "isUpserting")]
    _is_upserting: Option<IgnoredAny>,
    #[serde(rename = "configuredBy")]
    _configured_by: Option<IgnoredAny>,
    #[serde(rename = "dateConfigured")]
    _date_configured: Option<IgnoredAny>,
    #[serde(rename = "dateCreated")]
    _date_created: Option<IgnoredAny>,
}

#[derive(Deserialize)]
enum MonitorType {
    #[serde(rename = "cron_job")]
    CronJob,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MonitorStatus {
    Active,
    Disabled,
}

/// An owner as a text such as `team:ops`, or as the object that GET answers.
#[derive(Deserialize)]
#[serde(untagged, expecting = "an owner such as \"team:ops\", or null")]
enum OwnerBody {
    Text(String),
    Object { r#type: String, id: String },
}

/// The keys of a configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigBody {
    #[serde(default, deserialize_with = "present")]
    schedule_type: Option<ScheduleType>,
    #[serde(default, deserialize_with = "present")]
    schedule: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    timezone: Option<Option<String>>,
    #[serde(default, deserialize_with = "minutes")]
    checkin_margin: Option<Option<u64>>,
    #[serde(default, deserialize_with = "minutes")]
    max_runtime: Option<Option<u64>>,
    #[serde(default, deserialize_with = "threshold")]
    failure_issue_threshold: Option<Option<u64>>,
    #[serde(default, deserialize_with = "threshold")]
    recovery_threshold: Option<Option<u64>>,
    alert_rule_id: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScheduleType {
    Crontab,
    Interval,
}

/// The change that this JSON asks for.
///
/// # Errors
/// If a value is not allowed: the field, its value, and what to write.
pub(crate) fn monitor_change(body: Value) -> Result<MonitorChange, String> {
    let body: MonitorBody = serde_json::from_value(body).map_err(|error| error.to_string())?;
    body.into_change()
}

impl MonitorBody {
    /// The change that the body asks for.
    ///
    /// # Errors
    /// If a value is not allowed: the field, its value, and what to write.
    pub(super) fn into_change(self) -> Result<MonitorChange, String> {
        let Self { r#type, name, slug, status, is_muted, owner, config, alert_rule, .. } = self;
        // Sentry has one type of monitors.
        let (None | Some(MonitorType::CronJob)) = r#type;
        no_alert_rule("alert_rule", alert_rule.as_ref())?;
        let mut change = MonitorChange {
            slug: slug.as_deref().map(monitor_slug).transpose()?,
            name: name.map(monitor_name).transpose()?,
            owner: owner.map(monitor_owner).transpose()?,
            enabled: status.map(|status| status == MonitorStatus::Active),
            muted: is_muted,
            ..MonitorChange::default()
        };
        if let Some(JsonObject(config)) = config {
            config.add_to(&mut change)?;
        }
        Ok(change)
    }

    /// The monitor that the body creates. Without a slug, the slug is made of the name.
    ///
    /// # Errors
    /// If a value is missing or not allowed: the field, its value, and what to write.
    pub(super) fn into_new(self) -> Result<NewMonitor, String> {
        let change = self.into_change()?;
        let name = change.name.clone().flatten();
        let slug = match (&change.slug, &name) {
            (Some(slug), _) => slug.clone(),
            (None, Some(name)) => {
                Slug::normalize(name).filter(|slug| !is_number(slug.as_str())).ok_or_else(|| {
                    format!(
                        "slug: none can be made of the name {}; write one such as \"nightly-backup\"",
                        quoted(name)
                    )
                })?
            }
            (None, None) => {
                return Err("name: it is missing, and so is `slug`; write one of them, or both".to_owned());
            }
        };
        let schedule = change
            .schedule
            .clone()
            .ok_or("config.schedule: it is missing; write a crontab or an interval")?;
        Ok(NewMonitor {
            slug,
            name,
            enabled: change.enabled.unwrap_or(true),
            muted: change.muted.unwrap_or(false),
            owner: change.owner.flatten(),
            config: Config {
                schedule,
                checkin_margin: change.checkin_margin.flatten(),
                max_runtime: change.max_runtime.flatten(),
                timezone: change.timezone.flatten(),
                failure_issue_threshold: change.failure_issue_threshold.flatten(),
                recovery_threshold: change.recovery_threshold.flatten(),
            },
        })
    }
}

impl ConfigBody {
    fn add_to(self, change: &mut MonitorChange) -> Result<(), String> {
        no_alert_rule("config.alert_rule_id", self.alert_rule_id.as_ref())?;
        change.schedule = match (self.schedule, self.schedule_type) {
            (Some(schedule), of) => Some(unvalidated(schedule, of)?.validate("config.schedule")?),
            (None, None) => None,
            (None, Some(_)) => {
                return Err(
                    "config.schedule: it is missing beside `schedule_type`; write it, or leave both out"
                        .to_owned(),
                );
            }
        };
        change.timezone = match self.timezone {
            None => None,
            Some(Some(name)) if !name.is_empty() => {
                Some(Some(Timezone::parse(&name).map_err(|error| format!("config.{error}"))?))
            }
            // An empty name takes the zone away, as at Sentry.
            Some(_) => Some(None),
        };
        // A margin of 0 becomes 1, as at Sentry.
        let margin = self.checkin_margin.map(|margin| margin.map(|minutes| minutes.max(1)));
        change.checkin_margin =
            number("checkin_margin", margin, MonitorConfig::MAX_CHECKIN_MARGIN, "minutes")?;
        change.max_runtime =
            number("max_runtime", self.max_runtime, MonitorConfig::MAX_MAX_RUNTIME, "minutes")?;
        let most = MonitorConfig::MAX_THRESHOLD;
        change.failure_issue_threshold =
            number("failure_issue_threshold", self.failure_issue_threshold, most, "failures")?;
        change.recovery_threshold = number("recovery_threshold", self.recovery_threshold, most, "successes")?;
        Ok(())
    }
}

/// Refuses any value but null.
fn no_alert_rule(field: &str, given: Option<&Value>) -> Result<(), String> {
    match given {
        None | Some(Value::Null) => Ok(()),
        Some(other) => Err(format!(
            "{field}: {} has no meaning here; leave it out, and write alert rules into crons.toml",
            shown_value(other)
        )),
    }
}

/// A schedule in one of its forms: a crontab, `[10, "minute"]`, or an object as in check-ins.
fn unvalidated(schedule: Value, of: Option<ScheduleType>) -> Result<UnvalidatedSchedule, String> {
    const FORMS: &str = "write a crontab such as \"0 * * * *\", or an interval such as [10, \"minute\"]";
    let other =
        |schedule: &Value| format!("config.schedule: {} is no schedule; {FORMS}", shown_value(schedule));
    let (found, schedule) = match schedule {
        Value::String(crontab) => (ScheduleType::Crontab, UnvalidatedSchedule::Crontab(crontab)),
        Value::Array(pair) => match pair.as_slice() {
            [Value::Number(value), Value::String(unit)] => {
                let value = value.as_u64().ok_or_else(|| {
                    format!("config.schedule: {value} is no whole number of {unit}s; write 1 or more")
                })?;
                let unit = IntervalUnit::from_name(unit).ok_or_else(|| {
                    format!(
                        "config.schedule: {unit:?} is not a unit of an interval; write minute, hour, day, week, month or year"
                    )
                })?;
                (ScheduleType::Interval, UnvalidatedSchedule::Interval(value, unit))
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

/// A number in 1 to `most`.
fn number(
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

fn is_number(slug: &str) -> bool {
    slug.bytes().all(|byte| byte.is_ascii_digit())
}

fn monitor_slug(written: &str) -> Result<Slug, String> {
    match Slug::parse(written) {
        Ok(slug) if !is_number(slug.as_str()) => Ok(slug),
        Ok(slug) => Err(format!("slug: {:?} is a number; write a letter into it", slug.as_str())),
        Err(error) => Err(format!("slug: {error}")),
    }
}

fn monitor_name(written: Option<String>) -> Result<Option<String>, String> {
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

fn monitor_owner(written: Option<OwnerBody>) -> Result<Option<String>, String> {
    let written = match written {
        None => return Ok(None),
        Some(OwnerBody::Text(text)) if text.is_empty() => return Ok(None),
        Some(OwnerBody::Text(text)) => text,
        Some(OwnerBody::Object { r#type, id }) => format!("{type}:{id}"),
    };
    // The message begins with the field.
    written.parse::<Owner>().map(|owner| Some(owner.to_string())).map_err(|error| error.to_string())
}
