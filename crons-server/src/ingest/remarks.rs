//! Remarks about a check-in that is accepted, but not as it was sent: unknown keys, and values in the wrong place.

mod keys;

use std::fmt;

use crons_types::Slug;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use keys::{CONFIG, Place};

use crate::quote;

/// The most remarks about one check-in.
const MOST: usize = 8;
/// The most characters of a key that a remark repeats.
const SHOWN: usize = 80;

/// Collects remarks about the keys of a payload, also of one that is no check-in.
pub(super) fn of_payload(json: &[u8]) -> Vec<String> {
    let mut remarks = Vec::new();
    let keys = Keys { place: Place::Payload, remarks: &mut remarks };
    // An error means that the payload is refused; the remarks about keys before the error are kept.
    let _ = keys.deserialize(&mut serde_json::Deserializer::from_slice(json));
    remarks
}

/// The remark about a slug that was cut; `None` if it was not.
pub(super) fn of_slug(written: &str, stored: &Slug) -> Option<String> {
    written.chars().nth(Slug::MAX_LEN)?;
    Some(format!(
        "monitor_slug: {} has more than {} characters and was cut to `{stored}`, which every name that begins so is stored as; \
         write a shorter one",
        quoted(written),
        Slug::MAX_LEN
    ))
}

/// The remark about a slug in the body of a request whose path names another one; `None` if they agree.
pub(super) fn of_path(body: &str, path: &str) -> Option<String> {
    let same = body.is_empty() || Slug::normalize(body) == Slug::normalize(path);
    (!same).then(|| {
        let (body, path) = (quoted(body), quoted(path));
        format!(
            "monitor_slug: {body} in the body is not used, as the path says {path}; leave it out of the body"
        )
    })
}

/// Collects remarks about the part of a check-in by URL that is not read: the query beside a JSON body, or a body that is not JSON.
pub(crate) fn of_url(query: &str, as_json: bool, body: usize, content_type: Option<&str>) -> Vec<String> {
    const READ: [&str; 4] = ["status", "check_in_id", "environment", "duration"];
    let mut remarks = Vec::new();
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    for name in names.filter(|name| !name.is_empty() && !name.starts_with("sentry_")) {
        let (shown, known) = (beginning(name).escape_debug().to_string(), READ.contains(&name));
        let remark = if known && as_json {
            format!(
                "query: with a JSON body the query string does not count, so `{shown}` is not used; write it into the body"
            )
        } else if known || as_json {
            continue;
        } else if CONFIG.contains(&name) || name == "monitor_config" {
            format!("query: `{shown}` is not used; send a JSON body with a `monitor_config`")
        } else {
            match Place::Payload.meant(name).filter(|meant| READ.contains(&meant.as_str())) {
                Some(meant) => format!("query: there is no `{shown}`; write `{meant}`"),
                None => format!("query: there is no `{shown}`; write {}, or leave it out", READ.join(", ")),
            }
        };
        if remarks.len() < MOST {
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

/// The value as a remark shows it; of a long one, its beginning.
pub(super) fn shown(value: &Value) -> String {
    quote::shown_value(value)
}

/// The text in quotes; of a long one, its beginning.
fn quoted(text: &str) -> String {
    quote::quoted(text)
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

/// A walk through the keys of one object, which collects remarks.
struct Keys<'a> {
    place: Place,
    remarks: &'a mut Vec<String>,
}

/// The kind of a key.
enum Key {
    /// A known key, whose value is not looked into.
    Plain,
    /// A known key, whose value is an object with known keys.
    Object(Place),
    Unknown(String),
}

impl<'de> DeserializeSeed<'de> for Place {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match self.within(key) {
            Some(place) => Key::Object(place),
            None if self.keys().contains(&key) || self.is_harmless(key) => Key::Plain,
            None => Key::Unknown(key.to_owned()),
        })
    }
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { place, remarks } = self;
        while let Some(key) = map.next_key_seed(place)? {
            match key {
                Key::Object(place) => map.next_value_seed(Keys { place, remarks: &mut *remarks })?,
                Key::Unknown(key) if remarks.len() < MOST => {
                    let value = map.next_value::<Value>()?;
                    remarks.extend(remark(place, &key, &value));
                }
                Key::Plain | Key::Unknown(_) => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

/// The remark about an unknown key; `None` if its value is null.
fn remark(place: Place, key: &str, value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let path = place.path(beginning(key).escape_debug());
    // Remarks reach the log, and a project's key must not.
    let value = if keys::is_secret(key) { "its value".to_owned() } else { shown(value) };
    Some(match place.meant(key) {
        Some(meant) => format!("{path}: {value} is not used here; write it as `{meant}`"),
        None => format!(
            "{path}: {value} is not used, as there is no such key; leave it out, or write one of {}",
            place.keys().join(", ")
        ),
    })
}

#[cfg(test)]
mod tests;
