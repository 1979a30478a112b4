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
use super::json_object::JsonObject;
use super::remarks;
use crate::domain::{CheckInEvent, InvalidCheckIn, ProcessingError, ReceivedCheckIn};
use crate::ingest::json;

/// The most characters of a slug; the rest is cut off before the slug is normalised.
const MAX_SLUG: usize = 50;
/// The most characters of a slug as written, which tells one spelling from another.
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
    monitor_config: Option<JsonObject<MonitorConfig>>,
}

/// The fields that are read of a malformed payload, so that its processing error is filed under the right monitor.
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
    // UTF-8 is validated once here; `from_slice` would validate each string again.
    let parsed =
        text.map_or_else(|_| serde_json::from_slice::<JsonObject<Payload>>(json), serde_json::from_str);
    let parsed = parsed.map(|JsonObject(payload)| payload);
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
    // A name that is too long is refused later, by its length; until then no more than that is kept in memory.
    let environment = beginning(environment, Environment::MAX_LEN + 1).to_owned();
    let slug = monitor_slug.as_ref().ok_or_else(|| slug.to_owned());
    // A text that ends in the middle gets no remarks about the keys before its end.
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
        // The inbox stamps the time.
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

/// Describes why this JSON is no check-in: the field, its value, and an example that would be accepted.
fn wrong_shape(json: &[u8], error: &serde_json::Error) -> String {
    let reason = json::explain::<Payload>(json, error);
    let example = if reason.starts_with("monitor_config") {
        r#"{"schedule": {"type": "crontab", "value": "0 * * * *"}, "checkin_margin": 5}"#
    } else {
        r#"{"monitor_slug": "my-job", "status": "ok"}"#
    };
    format!("{reason}; write it as in {example}")
}

/// Collects remarks about values that are valid and have no effect.
fn unused_values(payload: &Payload) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(JsonObject(config)) = &payload.monitor_config {
        let JsonObject(schedule) = &config.schedule;
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

/// The remark about a trace id outside of `contexts.trace`; `None` if there is none.
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

/// The first `most` characters of a text.
fn beginning(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Validates a payload of the right shape; steps 4 and 5 of Sentry's consumer, then the slug.
fn event(
    payload: Payload,
    slug: Result<&Slug, String>,
    environment: &str,
) -> Result<CheckInEvent, InvalidCheckIn> {
    let check_in_id = check_in_id(payload.check_in_id.as_ref()).map_err(malformed)?;
    let config = payload
        .monitor_config
        .map(|JsonObject(raw)| config(raw))
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

/// Reads the id; an absent one is the nil id.
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

/// Converts seconds to milliseconds, rounded towards zero.
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
