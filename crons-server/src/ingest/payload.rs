//! The JSON of a check-in, read leniently where Sentry is lenient: absent, null and value differ, unknown keys do not matter.

// In layer order: a module uses only those above it.
mod numbers;
mod schedule;
mod config;

use crons_types::{CheckInId, CheckInStatus, Environment, Slug};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use self::config::{MonitorConfig, config, present};
use super::json_object::Object;
use super::remarks;
use crate::domain::{CheckInEvent, InvalidCheckIn, ProcessingError, ReceivedCheckIn};
use crate::ingest::json;

/// Slugs are cut to this many characters before anything else.
const MAX_SLUG: usize = 50;
/// Characters of a slug as written that are kept, to tell one spelling from another.
const MAX_SPELLING: usize = 200;

#[derive(Deserialize)]
struct Payload {
    #[serde(default, deserialize_with = "present")]
    check_in_id: Option<Value>,
    #[serde(default)]
    monitor_slug: String,
    status: String,
    environment: Option<String>,
    #[serde(default, deserialize_with = "numbers::seconds")]
    duration: Option<f64>,
    contexts: Option<Value>,
    monitor_config: Option<Object<MonitorConfig>>,
}

/// What is read of a payload that is otherwise malformed.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "present")]
    check_in_id: Option<Value>,
    monitor_slug: Value,
    environment: Value,
}

/// Reads the payload of a check-in item, or the body of a POST to `/cron/{slug}/`, whose path then says which monitor.
pub fn parse_check_in(json: &[u8], slug_of_path: Option<&str>) -> ReceivedCheckIn {
    let text = str::from_utf8(json);
    // What is known to be text is not looked at for it again, string by string.
    let parsed = text.map_or_else(|_| serde_json::from_slice::<Object<Payload>>(json), serde_json::from_str);
    let parsed = parsed.map(|Object(payload)| payload);
    // Where it belongs is asked even of what is no check-in, so that the right people find it.
    let named = match &parsed {
        Ok(_) => Named::default(),
        Err(_) => serde_json::from_slice(json).unwrap_or_default(),
    };
    let (slug, environment) = match &parsed {
        Ok(payload) => (payload.monitor_slug.as_str(), payload.environment.as_deref()),
        Err(_) => (named.monitor_slug.as_str().unwrap_or_default(), named.environment.as_str()),
    };
    let differs = slug_of_path.and_then(|path| remarks::of_path(slug, path));
    let written = slug_of_path.unwrap_or(slug);
    let slug = beginning(written, MAX_SLUG);
    let monitor_slug = Slug::normalize(slug);
    let spelling = Some(beginning(written, MAX_SPELLING))
        .filter(|spelling| monitor_slug.as_ref().is_some_and(|stored| stored.as_str() != *spelling))
        .map(str::to_owned);
    let cut = monitor_slug.as_ref().and_then(|stored| remarks::of_slug(written, stored));
    let environment = environment.filter(|name| !name.is_empty()).unwrap_or(Environment::DEFAULT);
    // One that is too long is refused later on, in its turn; until then it is held in memory, but not all of it.
    let environment = beginning(environment, Environment::MAX_LEN + 1).to_owned();
    let slug = monitor_slug.as_ref().ok_or_else(|| slug.to_owned());
    // Of half an object nothing more is to be said than that it ends.
    let is_json = parsed.as_ref().map_or_else(serde_json::Error::is_data, |_| true);
    let mut unused = Vec::new();
    let content = match parsed {
        Ok(payload) => {
            unused = unused_values(&payload);
            event(payload, slug, &environment)
        }
        Err(error) => Err(malformed(match check_in_id(named.check_in_id.as_ref()) {
            Ok(_) => ProcessingError::CheckInValidationFailed(wrong_shape(json, &error)),
            Err(refused) => refused,
        })),
    };
    let mut arrival = ReceivedCheckIn {
        monitor_slug,
        environment,
        // The inbox stamps it.
        received: Timestamp::UNIX_EPOCH,
        payload: text.map_or_else(|_| String::from_utf8_lossy(json).into_owned(), str::to_owned),
        parsed: content,
    };
    if let Ok(event) = &mut arrival.parsed {
        event.spelling = spelling;
    }
    if is_json {
        arrival.remark(remarks::of_payload(json).into_iter().chain(unused).chain(differs).chain(cut));
    }
    arrival
}

/// Why this JSON is no check-in: the field, its value, and a check-in that is one.
fn wrong_shape(json: &[u8], error: &serde_json::Error) -> String {
    let reason = json::explain::<Payload>(json, error);
    let example = if reason.starts_with("monitor_config") {
        r#"{"schedule": {"type": "crontab", "value": "0 * * * *"}, "checkin_margin": 5}"#
    } else {
        r#"{"monitor_slug": "my-job", "status": "ok"}"#
    };
    format!("{reason}; write it as in {example}")
}

/// Remarks about values that are read but change nothing.
fn unused_values(payload: &Payload) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(Object(config)) = &payload.monitor_config {
        let Object(schedule) = &config.schedule;
        if let Some(unit) = schedule.unused_unit() {
            let unit = remarks::shown(unit);
            remarks.push(format!(
                "monitor_config.schedule.unit: {unit} is not used with a crontab; leave it out, or write the type `interval`"
            ));
        }
        let is_other = |named: &&Value| !named.is_null() && named.as_str() != Some(schedule.type_name());
        if let Some(named) = config.schedule_type.as_ref().filter(is_other) {
            remarks.push(format!(
                "monitor_config.schedule_type: {} is not used, as `monitor_config.schedule.type` says \"{}\"; leave it out",
                remarks::shown(named),
                schedule.type_name()
            ));
        }
        if config.owner.as_deref() == Some("") {
            remarks.push(
                "monitor_config.owner: it is empty, so the owner stays as it was; write `user:<name or id>` or \
                 `team:<name or id>`, or leave it out"
                    .to_owned(),
            );
        }
    }
    remarks.extend(payload.contexts.as_ref().and_then(unused_trace));
    remarks
}

/// A remark about a trace that is not where it belongs.
fn unused_trace(contexts: &Value) -> Option<String> {
    const TRACE: &str = "write {\"trace\": {\"trace_id\": \"<32 hexadecimal digits>\"}}, or leave it out";
    let unused = |field: &str, value: &Value| {
        format!("{field}: {} is not used, as it is no JSON object; {TRACE}", remarks::shown(value))
    };
    match contexts {
        Value::Null => None,
        Value::Object(contexts) => match (contexts.get("trace"), contexts.get("trace_id")) {
            (Some(Value::Object(_) | Value::Null), _) | (None, None) => None,
            (None, Some(id)) => Some(format!(
                "contexts.trace_id: {} is not used here; write it as `contexts.trace.trace_id`",
                remarks::shown(id)
            )),
            (Some(trace), _) => Some(unused("contexts.trace", trace)),
        },
        other => Some(unused("contexts", other)),
    }
}

/// So many characters of it, or all.
fn beginning(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Steps 4 and 5, and what is left of the slug after them.
fn event(
    payload: Payload,
    slug: Result<&Slug, String>,
    environment: &str,
) -> Result<CheckInEvent, InvalidCheckIn> {
    let check_in_id = check_in_id(payload.check_in_id.as_ref()).map_err(malformed)?;
    let config = payload
        .monitor_config
        .map(|Object(raw)| config(raw))
        .transpose()
        .map_err(|reason| malformed(ProcessingError::CheckInValidationFailed(reason)))?;
    if environment.trim().is_empty() {
        return Err(refused("environment: it is blank; leave it out for `production`"));
    }
    let status = status(&payload.status)?;
    let duration_ms = payload.duration.map(duration).transpose()?;
    let trace = payload.contexts.as_ref().and_then(|contexts| contexts.get("trace")?.get("trace_id"));
    if let Some(trace) = trace.filter(|trace| !trace.is_null() && uuid(trace).is_none()) {
        return Err(refused(format!(
            "contexts.trace.trace_id: {} is no UUID; write 32 hexadecimal digits",
            crate::quote::shown_value(trace)
        )));
    }
    let monitor_slug = slug.map_err(|written| malformed(ProcessingError::MonitorWithoutSlug(written)))?;
    Ok(CheckInEvent {
        project: crate::PROJECT,
        monitor_slug: monitor_slug.clone(),
        environment: environment.to_owned(),
        check_in_id,
        status,
        duration_ms,
        config,
        received: Timestamp::UNIX_EPOCH,
        spelling: None,
        remarks: Vec::new(),
    })
}

/// Only one that is left out is the nil id.
fn check_in_id(written: Option<&Value>) -> Result<CheckInId, ProcessingError> {
    let Some(written) = written else { return Ok(CheckInId::NIL) };
    uuid(written).ok_or_else(|| {
        let written = crate::quote::shown_value(written);
        let reason = format!("check_in_id: {written} is no UUID; write 32 hexadecimal digits");
        ProcessingError::CheckInInvalidGuid(reason)
    })
}

fn uuid(written: &Value) -> Option<CheckInId> {
    written.as_str()?.parse().ok()
}

fn malformed(error: ProcessingError) -> InvalidCheckIn {
    InvalidCheckIn { error, malformed: true, remarks: Vec::new() }
}

fn refused(reason: impl Into<String>) -> InvalidCheckIn {
    InvalidCheckIn {
        error: ProcessingError::CheckInValidationFailed(reason.into()),
        malformed: false,
        remarks: Vec::new(),
    }
}

fn status(written: &str) -> Result<CheckInStatus, InvalidCheckIn> {
    match written {
        "in_progress" => Ok(CheckInStatus::InProgress),
        "ok" => Ok(CheckInStatus::Ok),
        "error" => Ok(CheckInStatus::Error),
        other => {
            let other = crate::quote::quoted(other);
            Err(refused(format!("status: {other} is none of in_progress, ok, error; write one of these")))
        }
    }
}

/// Seconds to milliseconds, towards zero.
fn duration(seconds: f64) -> Result<i64, InvalidCheckIn> {
    let milliseconds = (seconds * 1000.0).trunc();
    #[expect(clippy::cast_precision_loss, reason = "2^31 is exact")]
    let most = crate::domain::MAX_DURATION_MS as f64;
    if !(0.0..=most).contains(&milliseconds) {
        return Err(refused(format!(
            "duration: {seconds} s is not in 0 to {} s (24 days); write the seconds that the run took, or leave it out",
            most / 1000.0
        )));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was bounded above")]
    Ok(milliseconds as i64)
}

#[cfg(test)]
mod tests;
