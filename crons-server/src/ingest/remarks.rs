//! Remarks about a check-in that is accepted with changes: keys that nothing reads, values in the wrong place, slugs that were cut.

mod keys;

use std::fmt;

use crons_types::Slug;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use keys::{CONFIG, ObjectKind};

use crate::quote::{escaped, quoted, shown_value};

/// The number of remarks about one check-in.
const MAX_REMARKS: usize = 8;

/// Remarks about the unknown keys of a payload, also of one that is refused.
pub(super) fn of_payload(json: &[u8]) -> Vec<String> {
    let mut remarks = Vec::new();
    let keys = KeyWalk { object: ObjectKind::Payload, remarks: &mut remarks };
    // An error means that the payload is malformed; the remarks about the keys before the fault stay.
    let _ = keys.deserialize(&mut serde_json::Deserializer::from_slice(json));
    remarks
}

/// A remark about a slug that was cut to 50 characters. `None` if it was not.
pub(super) fn of_slug(written: &str, stored: &Slug) -> Option<String> {
    written.chars().nth(Slug::MAX_LEN)?;
    Some(format!(
        "monitor_slug: {} has more than {} characters and was cut to `{stored}`; slugs that begin with the same characters are one \
         monitor; write a shorter one",
        quoted(written),
        Slug::MAX_LEN
    ))
}

/// A remark about a slug in the body of a request that differs from the slug in the path. `None` if they are the same.
pub(super) fn of_path(body: &str, path: &str) -> Option<String> {
    let same = body.is_empty() || Slug::normalize(body) == Slug::normalize(path);
    (!same).then(|| {
        let (body, path) = (quoted(body), quoted(path));
        format!(
            "monitor_slug: {body} in the body is not used, as the path says {path}; leave it out of the body"
        )
    })
}

/// Remarks about a check-in by URL: about the query string if the body is JSON (`as_json`), else about unknown parameters, and about a
/// body of `body` bytes that is not read.
pub(crate) fn of_url(query: &str, as_json: bool, body: usize, content_type: Option<&str>) -> Vec<String> {
    const READ: [&str; 4] = ["status", "check_in_id", "environment", "duration"];
    let mut remarks = Vec::new();
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    for name in names.filter(|name| !name.is_empty() && !name.starts_with("sentry_")) {
        let (shown, known) = (escaped(name), READ.contains(&name));
        let remark = if known && as_json {
            format!(
                "query: with a JSON body the query string does not count, so `{shown}` is not used; write it into the body"
            )
        } else if known || as_json {
            continue;
        } else if CONFIG.contains(&name) || name == "monitor_config" {
            format!("query: `{shown}` is not used; send a JSON body with a `monitor_config`")
        } else {
            match ObjectKind::Payload.suggestion(name).filter(|known| READ.contains(&known.as_str())) {
                Some(known) => format!("query: there is no parameter `{shown}`; write `{known}`"),
                None => format!(
                    "query: there is no parameter `{shown}`; write one of {}, or leave it out",
                    READ.join(", ")
                ),
            }
        };
        if remarks.len() < MAX_REMARKS {
            remarks.push(remark);
        }
    }
    if !as_json && body > 0 {
        let given = content_type.map_or_else(|| "missing".to_owned(), quoted);
        remarks.push(format!(
            "body: the body does not count, since the header Content-Type is {given}; send a JSON body with `Content-Type: \
             application/json`"
        ));
    }
    remarks
}

/// A walk through the keys of one object that collects remarks.
struct KeyWalk<'a> {
    object: ObjectKind,
    remarks: &'a mut Vec<String>,
}

/// The kind of a key.
enum Key {
    /// A known key, about whose value there is no remark.
    Known,
    /// A known key whose value has known keys, too.
    Object(ObjectKind),
    Unknown(String),
}

impl<'de> DeserializeSeed<'de> for ObjectKind {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ObjectKind {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match self.child(key) {
            Some(object) => Key::Object(object),
            None if self.keys().contains(&key) || self.is_expected(key) => Key::Known,
            None => Key::Unknown(key.to_owned()),
        })
    }
}

impl<'de> DeserializeSeed<'de> for KeyWalk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeyWalk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { object, remarks } = self;
        while let Some(key) = map.next_key_seed(object)? {
            match key {
                Key::Object(object) => map.next_value_seed(KeyWalk { object, remarks: &mut *remarks })?,
                Key::Unknown(key) if remarks.len() < MAX_REMARKS => {
                    let value = map.next_value::<Value>()?;
                    remarks.extend(remark(object, &key, &value));
                }
                Key::Known | Key::Unknown(_) => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

/// A remark about a key that its object does not have. `None` if its value is null, which has no effect anyway.
fn remark(object: ObjectKind, key: &str, value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let path = object.path(escaped(key));
    // Remarks are logged, and the log must not have keys of projects.
    let value = if keys::is_secret(key) { "its value".to_owned() } else { shown_value(value) };
    Some(match object.suggestion(key) {
        Some(known) => format!("{path}: {value} is not used here; write it as `{known}`"),
        None => format!(
            "{path}: {value} is not used, as there is no such key; leave it out, or write one of {}",
            object.keys().join(", ")
        ),
    })
}

#[cfg(test)]
mod tests;
