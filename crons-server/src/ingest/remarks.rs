//! Remarks about a check-in that is accepted, but not as it was sent: keys that nothing reads, and values in the wrong place.

use std::fmt;

use crons_types::Slug;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Remarks about one check-in, at most.
const MOST: usize = 8;
/// Characters of what was written that a remark repeats.
const SHOWN: usize = 80;

/// An object of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Payload,
    Config,
    Schedule,
}

const PAYLOAD: &[&str] =
    &["check_in_id", "monitor_slug", "status", "environment", "duration", "contexts", "monitor_config"];
const CONFIG: &[&str] = &[
    "schedule",
    "checkin_margin",
    "max_runtime",
    "timezone",
    "failure_issue_threshold",
    "recovery_threshold",
    "owner",
];
const SCHEDULE: &[&str] = &["type", "value", "unit"];

/// Attributes of any event of Sentry, which SDKs send along with check-ins: <https://develop.sentry.dev/sdk/data-model/event-payloads/>.
const EVENT: &[&str] = &[
    "_meta",
    "breadcrumbs",
    "culprit",
    "debug_meta",
    "dist",
    "errors",
    "event_id",
    "exception",
    "extra",
    "fingerprint",
    "level",
    "logentry",
    "logger",
    "measurements",
    "message",
    "modules",
    "platform",
    "project",
    "received",
    "release",
    "request",
    "sdk",
    "server_name",
    "site",
    "spans",
    "stacktrace",
    "start_timestamp",
    "tags",
    "template",
    "threads",
    "time_spent",
    "timestamp",
    "transaction",
    "transaction_info",
    "type",
    "user",
    "version",
];
/// Keys of a configuration as Sentry's API shows it; they say nothing more.
const SHOWN_CONFIG: &[&str] = &["alert_rule_id", "schedule_type"];

/// Words of other tools, and of people.
const ALIASES: &[(&str, &str)] = &[
    ("env", "environment"),
    ("failurethreshold", "failure_issue_threshold"),
    ("grace", "checkin_margin"),
    ("graceperiod", "checkin_margin"),
    ("id", "check_in_id"),
    ("margin", "checkin_margin"),
    ("config", "monitor_config"),
    ("monitor", "monitor_slug"),
    ("recovery", "recovery_threshold"),
    ("slug", "monitor_slug"),
    ("timeout", "max_runtime"),
    ("tz", "timezone"),
];

impl Place {
    const ALL: [Self; 3] = [Self::Payload, Self::Config, Self::Schedule];

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Payload => PAYLOAD,
            Self::Config => CONFIG,
            Self::Schedule => SCHEDULE,
        }
    }

    fn is_harmless(self, key: &str) -> bool {
        match self {
            Self::Payload => EVENT.contains(&key),
            Self::Config => SHOWN_CONFIG.contains(&key),
            Self::Schedule => false,
        }
    }

    /// The object that a known key holds, if its keys are known, too.
    fn within(self, key: &str) -> Option<Self> {
        match (self, key) {
            (Self::Payload, "monitor_config") => Some(Self::Config),
            (Self::Config, "schedule") => Some(Self::Schedule),
            _ => None,
        }
    }

    /// The name of a key from the payload on.
    fn path(self, key: impl fmt::Display) -> String {
        match self {
            Self::Payload => key.to_string(),
            Self::Config => format!("monitor_config.{key}"),
            Self::Schedule => format!("monitor_config.schedule.{key}"),
        }
    }

    /// The key that is meant by one that is not known here: one of another place, or one that is written nearly like it.
    fn meant(self, written: &str) -> Option<String> {
        let elsewhere = Self::ALL.into_iter().find(|place| *place != self && place.keys().contains(&written));
        if let Some(place) = elsewhere {
            return Some(place.path(written));
        }
        let plain = |key: &str| -> String {
            key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        let plain_written = plain(written);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == plain_written).map(|(_, key)| *key);
        // Its own place first: what stands there was most likely meant to.
        let places = [self].into_iter().chain(Self::ALL);
        let mut keys = places.flat_map(|place| place.keys().iter().map(move |key| (place, *key)));
        let near = |key: &str| Some(key) == alias || is_near(&plain(key), &plain_written);
        keys.find(|(_, key)| near(key)).map(|(place, key)| place.path(key))
    }
}

/// Whether texts differ by two letters at most that are missing, more or others, and are long enough for that to say something.
fn is_near(one: &str, other: &str) -> bool {
    let allowed = match one.len() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    };
    let other: Vec<char> = other.chars().collect();
    if other.len().abs_diff(one.len()) > allowed {
        return false;
    }
    // The distance of what was read of `one` to each beginning of `other`.
    let mut distances: Vec<usize> = (0..=other.len()).collect();
    for c in one.chars() {
        let mut diagonal = distances[0];
        distances[0] += 1;
        for (place, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = distances[place + 1];
            distances[place + 1] = replaced.min(distances[place] + 1).min(diagonal + 1);
        }
    }
    distances.last().is_some_and(|distance| *distance <= allowed)
}

/// Remarks about the keys of a payload that is a check-in.
pub(super) fn of_payload(json: &[u8]) -> Vec<String> {
    let mut remarks = Vec::new();
    let keys = Keys { place: Place::Payload, remarks: &mut remarks };
    // A payload of the wrong shape was refused, and needs no remark.
    let _ = keys.deserialize(&mut serde_json::Deserializer::from_slice(json));
    remarks
}

/// A remark about a slug that was cut.
pub(super) fn of_slug(written: &str, stored: &Slug) -> Option<String> {
    written.chars().nth(Slug::MAX_LEN)?;
    Some(format!(
        "monitor_slug: {} has more than {} characters and was cut to `{stored}`, which every name that begins so is stored as; \
         write a shorter one",
        quoted(written),
        Slug::MAX_LEN
    ))
}

/// A remark about a slug in the body of a request whose path names another one.
pub(super) fn of_path(body: &str, path: &str) -> Option<String> {
    let same = body.is_empty() || Slug::normalize(body) == Slug::normalize(path);
    (!same).then(|| {
        let (body, path) = (quoted(body), quoted(path));
        format!(
            "monitor_slug: {body} in the body is not used, as the path says {path}; leave it out of the body"
        )
    })
}

/// Remarks about what a check-in by URL says in the place that is not read: the query beside a JSON body, or the body.
pub(super) fn of_url(query: &str, as_json: bool, body: usize) -> Vec<String> {
    const READ: [&str; 4] = ["status", "check_in_id", "environment", "duration"];
    let mut remarks = Vec::new();
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    for name in names.filter(|name| !name.is_empty() && !name.starts_with("sentry_")) {
        let (shown, known) = (beginning(name).escape_debug().to_string(), READ.contains(&name));
        let remark = if known && as_json {
            format!("query: `{shown}` is not used, as there is a JSON body; write it there")
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
        remarks.push(format!(
            "body: its {body} bytes are not read, as it is no JSON; POST it with the header `Content-Type: application/json`"
        ));
    }
    remarks
}

/// Text in quotes, the beginning of a long one.
fn quoted(text: &str) -> String {
    format!("{:?}", beginning(text))
}

fn beginning(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

/// The keys of one object, looked through for remarks.
struct Keys<'a> {
    place: Place,
    remarks: &'a mut Vec<String>,
}

/// A key of an object.
enum Key {
    /// Nothing is to be said of it, or of its value.
    Plain,
    /// Its value has keys of its own.
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

/// A remark about a key that is not known in its place; null says nothing there, either.
fn remark(place: Place, key: &str, value: &Value) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let path = place.path(beginning(key).escape_debug());
    let value = value.to_string();
    let value = beginning(&value);
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
