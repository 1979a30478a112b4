//! The fields of the form that edits a monitor, and their values as texts.

use crons_types::{Interval, Schedule};
use serde_json::{Value, json};

use crate::domain::MonitorChange;
use crate::http::api::monitor_change;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::store::MonitorView;

/// A field of the form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The name, as the API has it.
    pub key: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    /// Whether the value is a number.
    pub is_number: bool,
}

const fn text(key: &'static str, label: &'static str, hint: &'static str) -> Field {
    Field { key, label, hint, is_number: false }
}

const fn number(key: &'static str, label: &'static str, hint: &'static str) -> Field {
    Field { key, label, hint, is_number: true }
}

/// The fields in the order of the form.
pub(super) const FIELDS: [Field; 8] = [
    text("name", "Name", "for people; empty for the slug"),
    text("owner", "Owner", "team:NAME or user:NAME; empty for nobody"),
    text("schedule", "Schedule", "a crontab such as 0 3 * * MON-FRI, or an interval such as 10 minutes"),
    text("timezone", "Time zone", "such as Europe/Vienna; empty for UTC"),
    number("checkin_margin", "Minutes that a run may begin late", "empty for the default, 1"),
    number("max_runtime", "Minutes that a run may take", "empty for the default, 30"),
    number("failure_issue_threshold", "Failures in a row that open an incident", "empty for the default, 1"),
    number("recovery_threshold", "Successes in a row that resolve it", "empty for the default, 1"),
];

/// States that the form does not change. If somebody else has changed them meanwhile, the reader of the form is told.
pub(super) const STATE: [&str; 2] = ["disabled", "muted"];

/// The values of [`FIELDS`], in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values(pub [String; FIELDS.len()]);

impl Values {
    /// The values that are stored.
    pub(super) fn of(view: &MonitorView) -> Self {
        let monitor = &view.monitor;
        let config = &monitor.config;
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        Self([
            monitor.name.clone().unwrap_or_default(),
            monitor.owner.clone().unwrap_or_default(),
            match &config.schedule {
                Schedule::Crontab(crontab) => crontab.as_str().to_owned(),
                Schedule::Interval(interval) => interval.to_string(),
            },
            config.timezone.map(|zone| zone.as_str().to_owned()).unwrap_or_default(),
            number(config.checkin_margin),
            number(config.max_runtime),
            number(config.failure_issue_threshold),
            number(config.recovery_threshold),
        ])
    }

    /// The values that a form sends; `prefix` stands before the name of each.
    pub(super) fn sent(form: &QueryPairs, prefix: &str) -> Result<Self, HttpError> {
        let mut values: [String; FIELDS.len()] = Default::default();
        for (field, value) in FIELDS.iter().zip(&mut values) {
            let name = format!("{prefix}{}", field.key);
            form.value(&name)?.unwrap_or_default().trim().clone_into(value);
        }
        Ok(Self(values))
    }

    /// The change that makes a monitor have these values.
    ///
    /// # Errors
    /// If one is not allowed: the field, its value, and what to write.
    pub(super) fn change(&self) -> Result<MonitorChange, String> {
        let mut config = json!({});
        let mut body = json!({});
        for (field, value) in FIELDS.iter().zip(&self.0) {
            let (into, written) = match field.key {
                "name" | "owner" => (&mut body, or_null(value)),
                "schedule" => (&mut config, schedule(value)),
                _ if field.is_number => (&mut config, whole_number(field.key, value)?),
                _ => (&mut config, or_null(value)),
            };
            into[field.key] = written;
        }
        body["config"] = config;
        monitor_change(body)
    }
}

fn or_null(value: &str) -> Value {
    if value.is_empty() { Value::Null } else { value.into() }
}

/// An interval in the form of the API, or what is taken for a crontab.
fn schedule(value: &str) -> Value {
    match Interval::parse(value) {
        Ok(interval) => json!([interval.value(), interval.unit().as_str()]),
        Err(_) => value.into(),
    }
}

fn whole_number(key: &str, value: &str) -> Result<Value, String> {
    if value.is_empty() {
        return Ok(Value::Null);
    }
    let number = value.parse::<u64>().map_err(|_| {
        let value: String = value.chars().take(80).collect();
        format!("config.{key}: {value:?} is no whole number; write one, or nothing for the default")
    })?;
    Ok(number.into())
}

/// The states beside the fields: whether the monitor is disabled, and its muted environments.
pub(super) fn state_of(view: &MonitorView) -> [(&'static str, String); STATE.len()] {
    let muted = view.environments.iter().filter(|view| view.environment.muted);
    let mut muted: Vec<&str> = muted.map(|view| view.environment.name.as_str()).collect();
    muted.sort_unstable();
    let disabled = if view.monitor.enabled { "no" } else { "yes" };
    let muted = if muted.is_empty() { "none".to_owned() } else { muted.join(", ") };
    let [disabled_key, muted_key] = STATE;
    [(disabled_key, disabled.to_owned()), (muted_key, muted)]
}

/// The names of all fields of the form, those that hold what the page showed included.
pub(super) fn names() -> Vec<String> {
    let fields = FIELDS.iter().map(|field| field.key);
    let own = fields.clone().map(str::to_owned);
    let shown = fields.chain(STATE).map(was);
    own.chain(shown).chain(["revision".to_owned()]).collect()
}

/// The name of the field that holds what the page showed.
pub(super) fn was(key: &str) -> String {
    format!("{WAS}{key}")
}

/// Stands before the names of fields that hold what the page showed.
pub(super) const WAS: &str = "was_";

#[cfg(test)]
mod tests {
    use super::*;

    fn values(schedule: &str, margin: &str) -> Values {
        let text = |text: &str| text.to_owned();
        Values([
            text(""),
            text("team:ops"),
            text(schedule),
            text("Europe/Vienna"),
            text(margin),
            text(""),
            text(""),
            text(""),
        ])
    }

    #[test]
    fn a_schedule_is_an_interval_or_else_a_crontab() {
        for (written, schedule) in [
            ("10 minutes", Schedule::interval("10 minutes").unwrap()),
            ("2h", Schedule::interval("2 hours").unwrap()),
            ("0 3 * * MON-FRI", Schedule::crontab("0 3 * * MON-FRI").unwrap()),
        ] {
            let change = values(written, "").change().unwrap();
            assert_eq!(change.schedule, Some(schedule), "{written}");
            assert_eq!((change.checkin_margin, change.name), (Some(None), Some(None)));
            assert_eq!(change.owner, Some(Some("team:ops".to_owned())));
        }
    }

    #[test]
    fn a_value_that_is_not_allowed_is_named_with_its_field() {
        for (schedule, margin, field) in [
            ("", "", "schedule"),
            ("every day", "", "schedule"),
            ("* * * * *", "five", "checkin_margin: \"five\""),
            ("* * * * *", "-1", "checkin_margin: \"-1\""),
            ("* * * * *", "999999", "checkin_margin: 999999"),
        ] {
            let refused = values(schedule, margin).change().unwrap_err();
            assert!(refused.contains(field), "{schedule:?} {margin:?}: {refused}");
        }
    }
}
