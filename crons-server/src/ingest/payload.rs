//! Reads the JSON of a check-in as leniently as Sentry: unknown keys do not matter. A key that is left out, one that is null and one with a
//! value are three different things.

// The modules are in layer order: each uses only those above it.
mod numbers;
mod schedule;
mod config;
mod unused;

use crons_types::{CheckInId, CheckInStatus, Environment, Slug};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::config::present;
use self::config::{MonitorConfig, config};
pub(crate) use self::numbers::{minutes, threshold};
pub(crate) use self::schedule::{RawSchedule, UnvalidatedSchedule};
use super::json_object::JsonObject;
use super::remarks;
use crate::domain::{CheckInEvent, InvalidCheckIn, ProcessingError, ReceivedCheckIn};
use crate::ingest::json;

/// The number of characters to which a slug is cut first, as by Sentry's Relay.
const MAX_SLUG: usize = 50;
/// The number of bytes of a note that are kept.
const MAX_NOTE: usize = 10_000;
/// The number of characters of a slug as written that are kept, to recognise two spellings of one monitor.
const MAX_SPELLING: usize = 200;

/// A check-in as it is written.
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
    /// A key of `crons` alone, for the words of `crons run`.
    note: Option<Value>,
}

/// The keys of a malformed payload that say which run it is about.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Identity {
    #[serde(deserialize_with = "present")]
    check_in_id: Option<Value>,
    monitor_slug: Value,
    environment: Value,
}

/// Reads the payload of a check-in item, or the body of a POST to `/cron/{slug}/`. A slug in the path replaces that of the body.
///
/// Always returns a check-in: if the payload is refused, its field `parsed` is the reason.
pub fn parse_check_in(json: &[u8], slug_of_path: Option<&str>) -> ReceivedCheckIn {
    let text = str::from_utf8(json);
    // A `str` is known to be UTF-8, so serde_json need not check each string again.
    let parsed =
        text.map_or_else(|_| serde_json::from_slice::<JsonObject<Payload>>(json), serde_json::from_str);
    let parsed = parsed.map(|JsonObject(payload)| payload);
    // A malformed payload is stored as a processing error of its monitor, if the payload names one.
    let identity = match &parsed {
        Ok(_) => Identity::default(),
        Err(_) => serde_json::from_slice(json).unwrap_or_default(),
    };
    let (slug, environment) = match &parsed {
        Ok(payload) => (payload.monitor_slug.as_str(), payload.environment.as_deref()),
        Err(_) => (identity.monitor_slug.as_str().unwrap_or_default(), identity.environment.as_str()),
    };
    let ignored_slug = slug_of_path.and_then(|path| remarks::of_path(slug, path));
    let written = slug_of_path.unwrap_or(slug);
    let slug = truncated(written, MAX_SLUG);
    let monitor_slug = Slug::normalize(slug);
    let spelling = Some(truncated(written, MAX_SPELLING))
        .filter(|spelling| monitor_slug.as_ref().is_some_and(|stored| stored.as_str() != *spelling))
        .map(str::to_owned);
    let cut_slug = monitor_slug.as_ref().and_then(|stored| remarks::of_slug(written, stored));
    let environment = environment.filter(|name| !name.is_empty()).unwrap_or(Environment::DEFAULT);
    // A name that is too long is refused later, in the order of checks. One character above the limit is enough to refuse it.
    let environment = truncated(environment, Environment::MAX_LEN + 1).to_owned();
    let slug = monitor_slug.as_ref().ok_or_else(|| slug.to_owned());
    // Payloads that are not JSON get no remarks beside their error.
    let is_json = parsed.as_ref().map_or_else(serde_json::Error::is_data, |_| true);
    let mut unused = Vec::new();
    let event = match parsed {
        Ok(payload) => {
            if let Some(JsonObject(config)) = &payload.monitor_config {
                unused = unused::of_config(config);
            }
            unused.extend(payload.contexts.as_ref().and_then(unused::of_contexts));
            unused.extend(payload.note.as_ref().and_then(unused::of_note));
            check_in_event(payload, slug, &environment)
        }
        Err(error) => Err(malformed(match check_in_id(identity.check_in_id.as_ref()) {
            Ok(_) => ProcessingError::CheckInValidationFailed(describe_malformed(json, &error)),
            Err(refused) => refused,
        })),
    };
    let mut received = ReceivedCheckIn {
        monitor_slug,
        environment,
        // The queue sets the time.
        received: Timestamp::UNIX_EPOCH,
        payload: text.map_or_else(|_| String::from_utf8_lossy(json).into_owned(), str::to_owned),
        parsed: event,
    };
    if let Ok(event) = &mut received.parsed {
        event.spelling = spelling;
    }
    if is_json {
        received
            .remark(remarks::of_payload(json).into_iter().chain(unused).chain(ignored_slug).chain(cut_slug));
    }
    received
}

/// Describes why this JSON is not a check-in: the field, its value, what is allowed, and an example.
fn describe_malformed(json: &[u8], error: &serde_json::Error) -> String {
    let reason = json::explain::<Payload>(json, error);
    let example = if reason.starts_with("monitor_config") {
        r#"{"schedule": {"type": "crontab", "value": "0 * * * *"}, "checkin_margin": 5}"#
    } else {
        r#"{"monitor_slug": "my-job", "status": "ok"}"#
    };
    format!("{reason}; write it as in {example}")
}

/// The first `most` characters of a text.
fn truncated(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Checks the values of a payload, in the order in which Sentry's server does.
///
/// # Errors
/// The first check that fails. `slug` is the slug as written if nothing is left of it.
fn check_in_event(
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
    let trace = trace.filter(|trace| !trace.is_null()).map(|trace| {
        uuid(trace).ok_or_else(|| {
            refused(format!(
                "contexts.trace.trace_id: {} is not a UUID; write 32 hexadecimal digits",
                crate::quote::shown_value(trace)
            ))
        })
    });
    let trace = trace.transpose()?.filter(|trace| !trace.is_nil());
    let monitor_slug = slug.map_err(|written| malformed(ProcessingError::MonitorWithoutSlug(written)))?;
    Ok(CheckInEvent {
        project: crate::PROJECT,
        monitor_slug: monitor_slug.clone(),
        environment: environment.to_owned(),
        check_in_id,
        status,
        duration_ms,
        note: payload.note.as_ref().and_then(note),
        config,
        received: Timestamp::UNIX_EPOCH,
        trace: trace.map(|trace| Uuid::from_bytes(*trace.as_bytes())),
        spelling: None,
        remarks: Vec::new(),
    })
}

/// The end of a note: the last [`MAX_NOTE`] bytes of it, in whole characters. `None` if it is no text, or empty.
fn note(written: &Value) -> Option<Box<str>> {
    // SQLite ends a text at a NUL in some of its functions.
    let text = written.as_str()?.replace('\0', "");
    let text = text.trim_end();
    let mut start = text.len().saturating_sub(MAX_NOTE);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    (!text.is_empty()).then(|| text[start..].into())
}

/// Reads the id. An id that is left out is the nil id, which means the newest open run.
fn check_in_id(written: Option<&Value>) -> Result<CheckInId, ProcessingError> {
    let Some(written) = written else { return Ok(CheckInId::NIL) };
    uuid(written).ok_or_else(|| {
        let written = crate::quote::shown_value(written);
        let reason = format!("check_in_id: {written} is not a UUID; write 32 hexadecimal digits");
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
            Err(refused(format!(
                "status: {other} is not a status of a check-in; write in_progress, ok or error"
            )))
        }
    }
}

/// Converts seconds to milliseconds, rounded towards zero as by Sentry.
fn duration(seconds: f64) -> Result<i64, InvalidCheckIn> {
    let milliseconds = (seconds * 1000.0).trunc();
    #[expect(clippy::cast_precision_loss, reason = "2^31 is exact")]
    let most = crate::domain::MAX_DURATION_MS as f64;
    if !(0.0..=most).contains(&milliseconds) {
        return Err(refused(format!(
            "duration: {seconds} s is not in 0 to {} s (24 days); write how many seconds the run took, or leave the key out",
            most / 1000.0
        )));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was bounded above")]
    Ok(milliseconds as i64)
}

#[cfg(test)]
mod tests;
