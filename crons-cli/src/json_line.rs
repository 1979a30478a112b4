//! The lines of JSON that `crons check -` and `crons next -` read, one schedule each.

use std::fmt;

use crons_server::quoted;
use crons_types::Timezone;
use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::values;

/// A schedule, and what a command is asked about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonLine {
    pub(crate) expr: String,
    pub(crate) tz: Option<Timezone>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) count: Option<u32>,
}

impl JsonLine {
    /// Reads one line, an object with the key `expr` and perhaps others of `keys`. A key with the value null counts as left out.
    ///
    /// # Errors
    /// If the line is not such an object: the key, its value, and what to write.
    pub(crate) fn parse(line: &str, keys: &[&str]) -> Result<Self, String> {
        const EXAMPLE: &str = r#"write one such as {"expr": "0 9 * * MON-FRI"}"#;
        let entries: Entries = serde_json::from_str(line).map_err(|error| {
            format!("{} is not a JSON object (see column {}); {EXAMPLE}", quoted(line), error.column())
        })?;
        let mut read = Self::default();
        let mut seen = Vec::new();
        for (key, value) in entries.0 {
            if !keys.contains(&key.as_str()) {
                return Err(format!("there is no key {}; allowed are {}", quoted(&key), keys.join(", ")));
            }
            if seen.contains(&key) {
                return Err(format!("{key}: this key is written twice; write it once"));
            }
            read.set(&key, &value)?;
            seen.push(key);
        }
        if seen.iter().any(|key| key == "expr") {
            Ok(read)
        } else {
            Err(format!("`expr` is missing; {EXAMPLE}"))
        }
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        let shown = || value.as_str().map_or_else(|| value.to_string(), quoted);
        let refuse = |what: &str| format!("{key}: {} is not valid; {what}", shown());
        match (key, value) {
            ("expr", Value::String(text)) => text.clone_into(&mut self.expr),
            ("expr", _) => return Err(refuse("write a crontab in quotes, such as \"0 9 * * MON-FRI\"")),
            (_, Value::Null) => {}
            ("tz", Value::String(name)) => {
                self.tz =
                    Some(name.parse().map_err(|error: crons_types::UnknownTimezone| error.to_string())?);
            }
            ("tz", _) => {
                return Err(refuse("write the name of a time zone in quotes, such as \"Europe/Vienna\""));
            }
            ("from", value) => {
                let text = value.as_str().unwrap_or_default();
                self.from = Some(values::instant(text).map_err(|what| refuse(&what))?);
            }
            (_, value) => {
                let number = values::count(&value.to_string());
                self.count = Some(number.map_err(|what| refuse(&what))?);
            }
        }
        Ok(())
    }
}

/// The keys and values of an object in their order; a map would keep only the last of two equal keys.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["expr", "tz", "from", "count"];

    #[test]
    fn a_line_is_read_and_null_counts_as_left_out() {
        let line = r#"{"expr": "@daily", "tz": "UTC", "from": "2024-06-03T12:00:05+02:00", "count": 2}"#;
        let read = JsonLine::parse(line, &KEYS).unwrap();
        let from = "2024-06-03T10:00:05Z".parse().unwrap();
        assert_eq!(
            read,
            JsonLine { expr: "@daily".to_owned(), tz: Some(Timezone::UTC), from: Some(from), count: Some(2) }
        );
        let read = JsonLine::parse(r#"{"expr": "@daily", "tz": null, "count": null}"#, &KEYS).unwrap();
        assert_eq!((read.tz, read.count), (None, None));
    }

    #[test]
    fn a_line_that_is_refused_names_key_value_and_what_to_write() {
        for (line, expected) in [
            ("nonsense", r#""nonsense" is not a JSON object (see column 2); write one such as {"expr""#),
            ("[1]", "\"[1]\" is not a JSON object"),
            ("", "\"\" is not a JSON object"),
            ("{}", "`expr` is missing; write one such as"),
            (r#"{"expr": 5}"#, "expr: 5 is not valid; write a crontab in quotes"),
            (r#"{"expr": null}"#, "expr: null is not valid; write a crontab"),
            (r#"{"expr": "@daily", "tz": 1}"#, "tz: 1 is not valid; write the name of a time zone"),
            (r#"{"expr": "@daily", "tz": "Europe/Viena"}"#, "did you mean `Europe/Vienna`"),
            (
                r#"{"expr": "@daily", "from": "today"}"#,
                "from: \"today\" is not valid; write a date, a time and an offset",
            ),
            (r#"{"expr": "@daily", "from": 1}"#, "from: 1 is not valid; write a date"),
            (
                r#"{"expr": "@daily", "count": -1}"#,
                "count: -1 is not valid; write a whole number from 1 to 1000000",
            ),
            (r#"{"expr": "@daily", "count": "2"}"#, "count: \"2\" is not valid; write a whole number"),
            (
                r#"{"expr": "@daily", "timezone": "UTC"}"#,
                "there is no key \"timezone\"; allowed are expr, tz, from, count",
            ),
            (r#"{"expr": "@daily", "expr": "@hourly"}"#, "expr: this key is written twice; write it once"),
        ] {
            let refused = JsonLine::parse(line, &KEYS).unwrap_err();
            assert!(refused.contains(expected), "{line}: {refused}");
        }
    }
}
