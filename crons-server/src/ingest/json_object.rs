//! JSON objects, and errors of `serde_json` in words of JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A value that is read from a JSON object and from nothing else: serde would read a struct from an array, too, by the order of its fields.
#[derive(Debug)]
pub(crate) struct JsonObject<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for JsonObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys(PhantomData))
    }
}

struct Keys<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
    type Value = JsonObject<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(JsonObject)
    }
}

/// Describes an error of `serde_json` in words of JSON, with its line and column.
pub(crate) fn describe_json_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let reason = match text {
        _ if error.is_eof() => "it ends in the middle; send all of it".to_owned(),
        "expected value" => "it is no JSON: a value is missing, or a text is without quotes".to_owned(),
        "expected ident" => "it is no JSON: a word is none of true, false and null".to_owned(),
        "recursion limit exceeded" => "it is nested too deeply; 127 levels are read".to_owned(),
        "trailing characters" => "it is no JSON: something follows after its end".to_owned(),
        "key must be a string" => "it is no JSON: a key is not in double quotes".to_owned(),
        _ if error.is_syntax() => format!("it is no JSON: {text}"),
        _ => match text.strip_prefix("duplicate field ") {
            Some(field) => format!("{field} is there twice; write it once"),
            None => text.to_owned(),
        },
    };
    match (error.line(), error.column()) {
        (_, 0) => reason,
        (0 | 1, column) => format!("{reason} (column {column})"),
        (line, column) => format!("{reason} (line {line}, column {column})"),
    }
}
