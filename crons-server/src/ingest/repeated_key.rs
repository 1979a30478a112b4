//! Finds keys that an object of JSON has twice: `serde_json` keeps the last of them and does not report the others.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::quote::escaped;

/// The path of the first key that stands twice in one object, such as `check_in.contexts[0].trace`. `None` if there is no such key, or
/// if the text is not JSON.
pub(crate) fn repeated_key(json: &[u8]) -> Option<String> {
    let mut found = None;
    let walk = Walk { path: String::new(), found: &mut found };
    // A text that is not JSON is reported by the reader that this walk comes after.
    let _ = walk.deserialize(&mut serde_json::Deserializer::from_slice(json));
    found
}

/// A walk through the value at `path`.
struct Walk<'a> {
    path: String,
    found: &'a mut Option<String>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let Self { path, found } = self;
        for index in 0.. {
            let walk = Walk { path: format!("{path}[{index}]"), found: &mut *found };
            if values.next_element_seed(walk)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { path, found } = self;
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let separator = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{separator}{}", escaped(&key));
            if !keys.insert(key) {
                found.get_or_insert_with(|| path.clone());
            }
            map.next_value_seed(Walk { path, found: &mut *found })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_that_stands_twice_is_found_by_its_path() {
        for (json, expected) in [
            (r#"{"a": 1, "b": [null, true, -1, 1.5, "a", {"a": 1}], "c": {"a": 1}}"#, None),
            (r#"{"a": 1, "a": 1}"#, Some("a")),
            (r#"{"a": {"b": 1, "c": 2, "b": 3}, "a": 1}"#, Some("a.b")),
            (r#"{"a": [1, {"b": [], "b": 1}]}"#, Some("a[1].b")),
            ("{\"a\\n\": 1, \"a\\n\": 1}", Some("a\\n")),
            (r#"{"a": 1, "#, None),
            ("nonsense", None),
        ] {
            assert_eq!(repeated_key(json.as_bytes()).as_deref(), expected, "{json}");
        }
    }
}
