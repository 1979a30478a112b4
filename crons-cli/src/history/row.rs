//! The rows of a file: values of JSON, and their fields with messages that name them.

use crons_server::quoted;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The most rows of a file.
const MAX_ROWS: usize = 1_000_000;

/// Reads a file of one or more lists, such as the pages of an API one after the other. A list is an array of rows, or an object that has
/// one under `key`. Returns each row with its place in the file, such as `list 2, row 7`.
///
/// # Errors
/// If the text is not JSON, or holds something else than lists.
pub(super) fn rows(text: &[u8], key: Option<&str>) -> Result<Vec<(String, Value)>, String> {
    if text.starts_with(b"\x1f\x8b") {
        return Err("it is compressed by gzip: unpack it first, such as by `gunzip -c FILE | crons history import .. -`".to_owned());
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut found = Vec::new();
    for (number, list) in (1..).zip(serde_json::Deserializer::from_slice(text).into_iter::<Value>()) {
        let list = list.map_err(|error| format!("list {number}: it is not JSON: {error}"))?;
        let rows = match list {
            Value::Array(rows) => rows,
            Value::Object(mut object) => match key.and_then(|key| object.remove(key)) {
                Some(Value::Array(rows)) => rows,
                _ => return Err(format!("list {number}: {}; {EXPORT}", no_list(&object, key))),
            },
            other => return Err(format!("list {number}: it is {}, and no list; {EXPORT}", shown(&other))),
        };
        found.extend((1..).zip(rows).map(|(row, value)| (format!("list {number}, row {row}"), value)));
        if found.len() > MAX_ROWS {
            return Err(format!("it has more than {MAX_ROWS} rows; export a shorter stretch of time"));
        }
    }
    if found.is_empty() {
        return Err(format!("there is no row in it; {EXPORT}"));
    }
    Ok(found)
}

/// Describes an object that is no list of rows, with the reason of an API that has refused to answer.
fn no_list(object: &Map<String, Value>, key: Option<&str>) -> String {
    let reason = ["detail", "error"].iter().find_map(|name| object.get(*name)?.as_str());
    let reason = reason.map(|reason| format!(", and says {}", quoted(reason))).unwrap_or_default();
    match key {
        Some(key) => format!("it is an object without a list {key:?}{reason}"),
        None => format!("it is an object, and no list{reason}"),
    }
}

const EXPORT: &str = "write the answers of the API into the file as they are";

/// The fields of a row.
pub(super) struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    /// Views a value as a row.
    ///
    /// # Errors
    /// If the value is no object.
    pub(super) fn new(value: &'a Value) -> Result<Self, String> {
        value.as_object().map(Self).ok_or_else(|| format!("it is {}, and no object", shown(value)))
    }

    /// A field; `None` if it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether the row has this field, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// If the field is missing, or no text.
    pub(super) fn text(&self, name: &str) -> Result<&'a str, String> {
        let value = self.get(name).ok_or_else(|| format!("{name}: it is missing"))?;
        value.as_str().ok_or_else(|| format!("{name}: it is {}, and must be a text", shown(value)))
    }

    /// Reads an instant; `None` if the field is missing or null.
    ///
    /// # Errors
    /// If the field is something else.
    pub(super) fn instant(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let parsed = value.as_str().and_then(|text| text.parse().ok());
        parsed.map(Some).ok_or_else(|| {
            format!("{name}: {} is no instant, such as \"2024-06-03T10:00:05Z\"", shown(value))
        })
    }

    /// Reads a length of time in `unit`s, and returns milliseconds; `None` if the field is missing or null.
    ///
    /// # Errors
    /// If the field is something else, or no length from 0 to a year.
    pub(super) fn millis(&self, name: &str, unit: Unit) -> Result<Option<i64>, String> {
        const YEAR: f64 = 366.0 * 86_400_000.0;
        let Some(value) = self.get(name) else { return Ok(None) };
        let millis = value.as_f64().map(|number| match unit {
            Unit::Milliseconds => number,
            Unit::Seconds => number * 1_000.0,
        });
        let millis = millis.filter(|millis| (0.0..=YEAR).contains(millis));
        #[expect(clippy::cast_possible_truncation, reason = "at most a year")]
        millis
            .map(|millis| Some(millis.round() as i64))
            .ok_or_else(|| format!("{name}: {} is no length of time from 0 to a year", shown(value)))
    }
}

/// The unit of a length of time.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Milliseconds,
    Seconds,
}

/// Shows a value in a message, cut.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}
