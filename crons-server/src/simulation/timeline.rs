//! A timeline, as lines of JSON: the input of a simulation.

use crons_types::Minutes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::ingest::json;
use crate::ingest::{JsonObject, describe_json_error, repeated_key};
use crate::quote::shown_value;

/// An event of a timeline, with its time.
#[derive(Debug, Clone)]
pub struct TimelineEvent {
    /// The time of the event.
    pub at: Timestamp,
    /// The action.
    pub action: TimelineAction,
}

/// An action of a timeline.
#[derive(Debug, Clone)]
pub enum TimelineAction {
    /// A check-in arrives: its payload, as it goes over the wire.
    CheckIn(Value),
    /// The deadlines of the minute are evaluated.
    Tick,
    /// An environment is muted, or not any more.
    Mute {
        /// The monitor's slug.
        monitor: String,
        /// The environment's name.
        environment: String,
        /// Whether it is muted from now on.
        muted: bool,
    },
    /// A silence is made.
    Silence {
        /// The monitor's slug, in which each `*` stands for any characters.
        monitor: String,
        /// The environment's name; `None` for all environments.
        environment: Option<String>,
        /// Its length.
        length: Minutes,
        /// The person who makes it.
        by: String,
        /// The reason.
        why: String,
    },
    /// A monitor is disabled, or not any more.
    Disable {
        /// The monitor's slug.
        monitor: String,
        /// Whether it is disabled from now on.
        disabled: bool,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Value,
    check_in: Option<Value>,
    tick: Option<bool>,
    mute: Option<JsonObject<Mute>>,
    silence: Option<JsonObject<SilenceFor>>,
    disable: Option<JsonObject<Disable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mute {
    monitor: String,
    environment: Option<String>,
    muted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SilenceFor {
    monitor: String,
    environment: Option<String>,
    r#for: String,
    by: Option<String>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disable {
    monitor: String,
    disabled: bool,
}

/// Reads a timeline: one JSON object a line, empty lines and a byte order mark left out.
///
/// # Errors
/// If a line is no event, or is earlier than the one before it; which line, and why.
pub fn parse_timeline(text: &str) -> Result<Vec<TimelineEvent>, String> {
    let mut events: Vec<TimelineEvent> = Vec::new();
    for (number, line) in
        (1..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| !line.trim().is_empty())
    {
        let event = parse(line).map_err(|reason| format!("line {number}: {reason}"))?;
        if let Some(before) = events.last().filter(|before| before.at > event.at) {
            return Err(format!(
                "line {number}: at: {} is before {}, the time of the event above it; sort the events by time",
                event.at, before.at
            ));
        }
        events.push(event);
    }
    Ok(events)
}

/// The form of every line.
const EXAMPLE: &str = r#"write an object such as {"at": "2024-06-03T10:00:00Z", "tick": true}"#;

fn parse(line: &str) -> Result<TimelineEvent, String> {
    let JsonObject(Line { at, check_in, tick, mute, silence, disable }) =
        serde_json::from_str(line).map_err(|error| format!("{}; {EXAMPLE}", wrong(line, &error)))?;
    if let Some(key) = repeated_key(line.as_bytes()) {
        return Err(format!("{key}: this key is written twice; write it once"));
    }
    let at = instant(&at)?;
    let action = match (check_in, tick, mute, silence, disable) {
        (Some(payload), None, None, None, None) => TimelineAction::CheckIn(payload),
        (None, Some(true), None, None, None) => TimelineAction::Tick,
        (None, None, Some(JsonObject(Mute { monitor, environment, muted })), None, None) => {
            TimelineAction::Mute {
                monitor: slug(monitor),
                environment: environment
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| crons_types::Environment::DEFAULT.to_owned()),
                muted,
            }
        }
        (None, None, None, Some(JsonObject(silence)), None) => TimelineAction::Silence {
            monitor: if silence.monitor.contains('*') { silence.monitor } else { slug(silence.monitor) },
            environment: silence.environment,
            length: Minutes::parse(&silence.r#for).map_err(|error| format!("silence.for: {error}"))?,
            by: silence.by.unwrap_or_else(|| "somebody".to_owned()),
            why: silence.why.unwrap_or_else(|| "no reason given".to_owned()),
        },
        (None, None, None, None, Some(JsonObject(Disable { monitor, disabled }))) => {
            TimelineAction::Disable { monitor: slug(monitor), disabled }
        }
        _ => {
            return Err(
                "beside `at`, write just one of `check_in`, `tick` (true), `mute`, `silence` and `disable`"
                    .into(),
            );
        }
    };
    Ok(TimelineEvent { at, action })
}

/// The fault of a line and its place; with the field, if the line is JSON.
fn wrong(line: &str, error: &serde_json::Error) -> String {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
    match error.column() {
        _ if !is_json => describe_json_error(error),
        0 => json::explain::<Line>(line.as_bytes(), error),
        column => format!("{} (column {column})", json::explain::<Line>(line.as_bytes(), error)),
    }
}

fn instant(at: &Value) -> Result<Timestamp, String> {
    at.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
        let at = shown_value(at);
        format!(
            "at: {at} is not an instant; write a date, a time and an offset from UTC, such as \"2024-06-03T10:00:05Z\" or \
             \"2024-06-03T12:00:05+02:00\""
        )
    })
}

/// Returns the slug that check-ins of the same spelling have.
fn slug(written: String) -> String {
    crons_types::Slug::normalize(&written).map_or(written, |slug| slug.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_event_is_named_with_the_reason() {
        let good = r#"{"at": "2024-06-03T10:00:00Z", "tick": true}"#;
        let cases = [
            ("{}".to_owned(), "line 1: `at` is missing"),
            (
                format!("{good}\n\nnonsense"),
                "line 3: it is not JSON: a word is neither true, false nor null (column 2)",
            ),
            (
                r#"{"at": "2024-06-03T10:00:00Z", "tick": 1}"#.to_owned(),
                "line 1: tick: it is 1, and must be true or false (column ",
            ),
            (
                r#"{"at": "2024-06-03T10:00:00Z", "mute": {"monitor": 7, "muted": true}}"#.to_owned(),
                "line 1: mute.monitor: it is 7, and must be a string (column ",
            ),
            (format!("{good}\n[\"2024-06-03T10:00:00Z\", null, true]"), "line 2: it is an array"),
            (
                r#"{"at": "2024-06-03T10:00:00Z", "disable": ["job", true]}"#.to_owned(),
                "must be a JSON object (column 42)",
            ),
            (format!("{good}\n{}", &good[..20]), "(column 20); write an object such as {\"at\": "),
            (
                r#"{"at": "today", "tick": true}"#.to_owned(),
                "line 1: at: \"today\" is not an instant; write a date",
            ),
            (
                r#"{"at": "2024-06-03T10:00:00", "tick": true}"#.to_owned(),
                "at: \"2024-06-03T10:00:00\" is not an instant; write a date, a time and an offset from UTC, such as \"2024-06-03T10:00:05Z\"",
            ),
            (
                r#"{"at": 1717408800, "tick": true}"#.to_owned(),
                "at: 1717408800 is not an instant; write a date",
            ),
            (r#"{"at": "2024-06-03T10:00:00Z"}"#.to_owned(), "just one of"),
            (
                format!(
                    "{good}\n{}",
                    r#"{"at": "2024-06-03T10:00:00Z", "check_in": {"status": "ok", "status": "error"}}"#
                ),
                "line 2: check_in.status: this key is written twice; write it once",
            ),
            (
                r#"{"at": "2024-06-03T10:00:00Z", "check_in": {"contexts": [{"a": 1, "a": 1}]}}"#.to_owned(),
                "line 1: check_in.contexts[0].a: this key is written twice",
            ),
            (
                r#"{"at": "2024-06-03T10:00:00Z", "tick": true, "at": "2024-06-03T10:00:00Z"}"#.to_owned(),
                "line 1: `at` is written twice; write it once",
            ),
            (r#"{"at": "2024-06-03T10:00:00Z", "tick": false}"#.to_owned(), "just one of"),
            (r#"{"at": "2024-06-03T10:00:00Z", "tock": true}"#.to_owned(), "there is no key `tock`"),
            (
                format!("{good}\n{}", good.replace("10:00", "09:59")),
                "line 2: at: 2024-06-03T09:59:00Z is before",
            ),
        ];
        for (text, expected) in cases {
            let message = parse_timeline(&text).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
        assert_eq!(parse_timeline(&format!("{good}\n{good}\n")).unwrap().len(), 2);
        assert_eq!(parse_timeline(&format!("\u{feff}{good}\r\n\r\n{good}")).unwrap().len(), 2);
    }
}
