//! The JSON of monitors, check-ins and their configurations, with Sentry's keys in the order of the alphabet.

use crons_types::{IntervalUnit, Schedule};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::ORGANIZATION;
use crate::domain;
use crate::store::{CheckInView, EnvironmentView, MonitorView};

/// A monitor with its environments.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Monitor<'a> {
    config: Config<'a>,
    /// The author of configuration and owner: `code` or `person`.
    configured_by: &'static str,
    date_configured: Timestamp,
    date_created: Timestamp,
    environments: Vec<Environment<'a>>,
    id: Uuid,
    /// Whether all environments are muted. Without an environment, whether the first one will be.
    is_muted: bool,
    is_upserting: bool,
    name: &'a str,
    owner: Option<Owner<'a>>,
    project: Project,
    slug: &'a str,
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Owner<'a> {
    id: &'a str,
    name: &'a str,
    r#type: &'a str,
}

#[derive(Serialize, ToSchema)]
struct Project {
    id: String,
    name: &'static str,
    slug: &'static str,
}

/// A monitor's configuration, in the keys of check-ins.
#[derive(Serialize, ToSchema)]
struct Config<'a> {
    /// Always null: alert rules stand in the server's own configuration.
    #[schema(value_type = Option<String>)]
    alert_rule_id: (),
    checkin_margin: Option<u32>,
    failure_issue_threshold: Option<u32>,
    max_runtime: Option<u32>,
    recovery_threshold: Option<u32>,
    /// A crontab, or an interval as a pair such as `[10, "minute"]`.
    #[schema(value_type = serde_json::Value)]
    schedule: ScheduleValue<'a>,
    schedule_type: &'static str,
    timezone: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ScheduleValue<'a> {
    Crontab(&'a str),
    Interval(u32, IntervalUnit),
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Environment<'a> {
    active_incident: Option<ActiveIncident>,
    date_created: Timestamp,
    is_muted: bool,
    last_check_in: Option<Timestamp>,
    name: &'a str,
    next_check_in: Option<Timestamp>,
    next_check_in_latest: Option<Timestamp>,
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActiveIncident {
    /// Null unless it lasts for weeks.
    broken_notice: Option<BrokenNotice>,
    /// Always null: the incident is not resolved.
    #[schema(value_type = Option<String>)]
    resolving_timestamp: (),
    starting_timestamp: Timestamp,
}

/// The messages about an incident that lasts for weeks.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BrokenNotice {
    /// The time at which its environment was muted for it; null before.
    environment_muted_timestamp: Option<Timestamp>,
    user_notified_timestamp: Timestamp,
}

/// A check-in with the configuration that was valid at its time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckIn<'a> {
    date_added: Timestamp,
    date_clock: Timestamp,
    date_created: Timestamp,
    date_in_progress: Option<Timestamp>,
    date_updated: Timestamp,
    /// Milliseconds.
    duration: Option<i64>,
    environment: &'a str,
    expected_time: Option<Timestamp>,
    /// Always empty: this server keeps no errors of programs. Only with `expand=groups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    groups: Option<[(); 0]>,
    id: Uuid,
    monitor_config: Config<'a>,
    /// Only if the job sent one: Sentry has no such field.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    status: &'static str,
}

impl<'a> Monitor<'a> {
    /// A monitor with the environments of these names; with all if none is named.
    pub(super) fn with(view: &'a MonitorView, environments: &[String]) -> Self {
        let mut shown = Self::from(view);
        if !environments.is_empty() {
            shown.environments.retain(|environment| environments.iter().any(|name| name == environment.name));
        }
        shown
    }
}

impl<'a> From<&'a MonitorView> for Monitor<'a> {
    fn from(view: &'a MonitorView) -> Self {
        let MonitorView { monitor, environments } = view;
        Self {
            config: Config::from(&monitor.config),
            configured_by: monitor.configured.by.as_str(),
            date_configured: monitor.configured.at,
            date_created: monitor.date_created,
            is_muted: view.is_muted(),
            environments: environments.iter().map(Environment::from).collect(),
            id: monitor.guid,
            is_upserting: monitor.upserting,
            name: monitor.name(),
            owner: monitor.owner.as_deref().map(Owner::from),
            project: Project { id: monitor.project.to_string(), name: ORGANIZATION, slug: ORGANIZATION },
            slug: monitor.slug.as_str(),
            status: if monitor.enabled { "active" } else { "disabled" },
        }
    }
}

impl<'a> From<&'a str> for Owner<'a> {
    /// Reads `team:17` or `user:42`; without a colon it is a user.
    fn from(owner: &'a str) -> Self {
        let (r#type, id) = owner.split_once(':').unwrap_or(("user", owner));
        Self { id, name: id, r#type }
    }
}

impl<'a> From<&'a domain::Config> for Config<'a> {
    fn from(config: &'a domain::Config) -> Self {
        let (schedule_type, schedule) = match &config.schedule {
            Schedule::Crontab(crontab) => ("crontab", ScheduleValue::Crontab(crontab.as_str())),
            Schedule::Interval(interval) => {
                ("interval", ScheduleValue::Interval(interval.value(), interval.unit()))
            }
        };
        Self {
            alert_rule_id: (),
            checkin_margin: config.checkin_margin,
            failure_issue_threshold: config.failure_issue_threshold,
            max_runtime: config.max_runtime,
            recovery_threshold: config.recovery_threshold,
            schedule,
            schedule_type,
            timezone: config.zone().as_str(),
        }
    }
}

impl<'a> From<&'a EnvironmentView> for Environment<'a> {
    fn from(view: &'a EnvironmentView) -> Self {
        let environment = &view.environment;
        Self {
            active_incident: view.incident_since.map(|starting_timestamp| ActiveIncident {
                broken_notice: view.broken.map(|broken| BrokenNotice {
                    environment_muted_timestamp: broken.muted_at,
                    user_notified_timestamp: broken.detected_at,
                }),
                resolving_timestamp: (),
                starting_timestamp,
            }),
            date_created: environment.date_created,
            is_muted: environment.muted,
            last_check_in: environment.last_check_in,
            name: &environment.name,
            next_check_in: environment.next_check_in,
            next_check_in_latest: environment.next_check_in_latest,
            status: environment.status.as_str(),
        }
    }
}

impl<'a> CheckIn<'a> {
    /// A check-in, with its groups if they are asked for.
    pub(super) fn with(view: &'a CheckInView, groups: bool) -> Self {
        Self { groups: groups.then_some([]), ..Self::from(view) }
    }
}

impl<'a> From<&'a CheckInView> for CheckIn<'a> {
    fn from(CheckInView { environment, check_in }: &'a CheckInView) -> Self {
        Self {
            date_added: check_in.date_added,
            date_clock: check_in.date_clock,
            date_created: check_in.date_added,
            date_in_progress: check_in.date_in_progress,
            date_updated: check_in.date_updated,
            duration: check_in.duration_ms,
            environment,
            expected_time: check_in.expected_time,
            groups: None,
            id: check_in.guid,
            monitor_config: Config::from(&check_in.config),
            note: check_in.note.as_deref(),
            status: check_in.status.as_str(),
        }
    }
}
