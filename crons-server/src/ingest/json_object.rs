//! A JSON object, and the errors of `serde_json` in plain words.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A value that is read from a JSON object only. serde would also read a struct from an array, each field by its place.
#[derive(Debug)]
pub(crate) struct JsonObject<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for JsonObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
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
        _ if error.is_eof() => "the JSON is incomplete; send all of it".to_owned(),
        "expected value" => "it is not JSON: a value is missing, or a text has no quotes".to_owned(),
        "expected ident" => "it is not JSON: a word is neither true, false nor null".to_owned(),
        "recursion limit exceeded" => "it is nested too deeply; write at most 127 levels".to_owned(),
        "trailing characters" => "it is not JSON: there is more text after its end".to_owned(),
        "key must be a string" => "it is not JSON: a key is not in double quotes".to_owned(),
        _ if error.is_syntax() => format!("it is not JSON: {text}"),
        _ => match text.strip_prefix("duplicate field ") {
            Some(field) => format!("{field} is written twice; write it once"),
            None => text.to_owned(),
        },
    };
    match (error.line(), error.column()) {
        (_, 0) => reason,
        (0 | 1, column) => format!("{reason} (column {column})"),
        (line, column) => format!("{reason} (line {line}, column {column})"),
    }
}
