//! The JSON of a monitor that is created or changed, with the keys of Sentry's API.

use crons_types::{MonitorConfig, Slug, Timezone};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::monitor_fields::{
    OwnerBody, ScheduleType, is_number, monitor_name, monitor_owner, monitor_slug, no_alert_rule, number,
    unvalidated,
};
use crate::domain::{Config, MonitorChange, NewMonitor};
use crate::ingest::{JsonObject, minutes, present, threshold};
use crate::quote::quoted;

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
        // The type is always the same: Sentry has one type of monitors.
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
