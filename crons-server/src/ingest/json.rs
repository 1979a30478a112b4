//! Reads JSON of clients and operators by serde, and explains what is wrong with it: the field, its value, and what is allowed.
//!
//! `serde_json` is fast, but its errors name neither the path nor the value, and use names of Rust. So only JSON that it has refused is
//! read again, by a deserializer over the parsed value that knows the path.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::Value;

use super::json_object::{JsonObject, describe_json_error};
use crate::quote::{escaped, quoted};

/// Reads a JSON object.
///
/// # Errors
/// If the text is not a JSON object, or not one of a `T`: the field, its value, and what is allowed.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map(|JsonObject(read)| read).map_err(|error| explain::<T>(json, &error))
}

/// Explains why this JSON is not a `T`, after `serde_json` has refused it with `error`.
pub(crate) fn explain<T: DeserializeOwned>(json: &[u8], error: &serde_json::Error) -> String {
    if json.trim_ascii().is_empty() {
        return "it is empty".to_owned();
    }
    match serde_json::from_slice::<Value>(json) {
        Err(syntax) => describe_json_error(&syntax),
        Ok(value) => match JsonObject::<T>::deserialize(Node(&value)) {
            Err(fault) => fault.to_string(),
            // A key is written twice: the parsed value has it once, so it cannot show that.
            Ok(_) => describe_json_error(error),
        },
    }
}

/// A description of what is wrong, and the path of the field.
#[derive(Debug)]
struct FieldError {
    /// Keys and indices, the outermost first.
    path: String,
    problem: String,
}

impl FieldError {
    /// Adds the key or index of the next level outwards to the path.
    fn under(mut self, key: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{}{separator}{}", escaped(key), self.path);
        self
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.problem)
        } else {
            write!(f, "{}: {}", self.path, self.problem)
        }
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self { path: String::new(), problem: problem.to_string() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("it is {}, and must be {}", found_words(found), expected_words(expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("`{field}` is missing"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!(
            "there is no key `{}`; allowed are `{}`",
            escaped(field),
            expected.join("`, `")
        ))
    }

    fn unknown_variant(written: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("it is {}, and must be {}", quoted(written), OneOf(expected)))
    }
}

/// The value that was found, as JSON.
fn found_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Float(value) => Value::from(value).to_string(),
        Unexpected::Str(text) => quoted(text),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        other => other.to_string(),
    }
}

/// The expectation, in words of JSON instead of names of Rust types.
fn expected_words(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    let words = match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a map" => "a JSON object",
        "a sequence" => "an array",
        other if other.starts_with("struct ") => "a JSON object",
        other => other,
    };
    words.to_owned()
}

/// A deserializer over a parsed value.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Value);

impl Node<'_> {
    fn refuse<T>(self, expected: &dyn Expected) -> Result<T, FieldError> {
        let number = self.0.to_string();
        let found = match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other(&number),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        Err(de::Error::invalid_type(found, expected))
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(values) => visitor.visit_seq(Items(values.iter().enumerate())),
            Value::Object(keys) => visitor.visit_map(Keys { keys: keys.iter(), value: None }),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (None, Some(value), _) => visitor.visit_i64(value),
                (None, None, Some(value)) => visitor.visit_f64(value),
                (None, None, None) => self.refuse(&visitor),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        match self.0 {
            Value::String(written) => IntoDeserializer::<FieldError>::into_deserializer(written.as_str())
                .deserialize_enum(name, names, visitor),
            _ => self.refuse(&OneOf(names)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        if self.0.is_object() { self.deserialize_any(visitor) } else { self.refuse(&visitor) }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// The names of an enumeration: `"crontab" or "interval"`.
struct OneOf(&'static [&'static str]);

impl Expected for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|name| format!("\"{name}\"")).collect();
        f.write_str(&names.join(" or "))
    }
}

/// The values of an array; errors get their index.
struct Items<'a>(std::iter::Enumerate<std::slice::Iter<'a, Value>>);

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = FieldError;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, FieldError> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Node(value)).map(Some).map_err(|fault| fault.under(&format!("[{index}]")))
    }
}

/// The keys and values of an object; errors get their key.
struct Keys<'a> {
    keys: serde_json::map::Iter<'a>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'a> MapAccess<'a> for Keys<'a> {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, FieldError> {
        let Some((key, value)) = self.keys.next() else { return Ok(None) };
        self.value = Some((key, value));
        seed.deserialize(StrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, FieldError> {
        let Some((key, value)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Node(value)).map_err(|fault| fault.under(key))
    }
}
