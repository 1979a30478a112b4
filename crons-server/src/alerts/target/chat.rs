//! A target of a service that gets messages by HTTP: its table, and the request with a message.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::http_client::Request;
use super::keys::{SecretKey, http_url, timeout_of};
use super::service::{Service, fill, fill_text};
use crate::alerts::error::InvalidAlerts;
use crate::alerts::payload::Message;
use crate::quote::quoted;

/// A target of alerts at a chat service, an on-call service or a phone: a table such as `[slack.NAME]`. `Debug` hides its secrets.
#[derive(Clone)]
pub struct ChatTarget {
    service: &'static Service,
    keys: BTreeMap<&'static str, String>,
    pub(super) url: Url,
    pub(super) timeout: Duration,
}

impl ChatTarget {
    /// Returns the name of the service, which is that of its tables: `slack`.
    pub fn service(&self) -> &'static str {
        self.service.name
    }

    /// Returns scheme, host and port of the address, which are not secret.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether each message must be about one incident.
    pub(super) fn is_per_incident(&self) -> bool {
        self.service.per_incident
    }

    /// Returns the request with a message in the words of the service.
    pub(super) fn request(&self, message: &Message) -> Request {
        let values = self.service.values(&self.keys, message);
        let mut url = self.url.clone();
        let segments = self.service.path.iter().filter_map(|segment| fill_text(segment, &values));
        // Without segments a secret address stays as it is written, with the slash at its end.
        if let (false, Ok(mut path)) = (self.service.path.is_empty(), url.path_segments_mut()) {
            path.pop_if_empty().extend(segments);
        }
        let header = self.service.header.and_then(|(name, value)| Some((name, fill_text(value, &values)?)));
        Request {
            method: if self.service.put { Method::PUT } else { Method::POST },
            url,
            headers: header.into_iter().collect(),
            body: fill((self.service.body)(), &values).unwrap_or_default().to_string(),
            secrets: self.secrets(),
        }
    }

    /// Returns the values of the secret keys.
    fn secrets(&self) -> Vec<String> {
        let secret = self.service.keys.iter().filter(|key| key.secret);
        secret.filter_map(|key| self.keys.get(key.name).cloned()).collect()
    }

    /// Reads a table.
    ///
    /// # Errors
    /// If a key is unknown, missing or wrong.
    fn from_table(
        service: &'static Service,
        mut table: BTreeMap<String, String>,
    ) -> Result<Self, InvalidAlerts> {
        let timeout = timeout_of(table.remove("timeout").as_deref())?;
        let mut keys = BTreeMap::new();
        for key in service.keys {
            let (name, written) = (key.name, table.remove(key.name));
            let value = if key.secret {
                let mut way = |suffix: &str| table.remove(&format!("{name}{suffix}"));
                SecretKey { written, file: way("_file"), variable: way("_env") }.read(name)?
            } else {
                written
            };
            let Some(value) = value.or_else(|| key.default.map(str::to_owned)) else {
                if key.required {
                    return Err(InvalidAlerts(format!("missing field `{name}`")));
                }
                continue;
            };
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(InvalidAlerts(format!(
                    "{name}: it is empty or has control characters; write it as {} shows it",
                    service.name
                )));
            }
            if !key.allowed.is_empty() && !key.allowed.contains(&value.as_str()) {
                return Err(InvalidAlerts(format!(
                    "{name}: {} is not allowed; write one of {}",
                    quoted(&value),
                    key.allowed.join(", ")
                )));
            }
            keys.insert(name, value);
        }
        if let Some(unknown) = table.keys().next() {
            return Err(InvalidAlerts(format!(
                "unknown field `{unknown}`, expected one of {}",
                known(service)
            )));
        }
        let url =
            http_url(keys.remove("url").as_deref().unwrap_or_default(), "https://chat.example.com/hook")?;
        Ok(Self { service, keys, url, timeout })
    }
}

impl fmt::Debug for ChatTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatTarget")
            .field("service", &self.service.name)
            .field("url", &format_args!("{}/***", self.origin()))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Returns the keys of a service's tables, for a message.
fn known(service: &Service) -> String {
    let mut names = Vec::new();
    for key in service.keys {
        names.push(format!("`{}`", key.name));
        if key.secret {
            names.extend(["file", "env"].map(|way| format!("`{}_{way}`", key.name)));
        }
    }
    names.push("`timeout`".to_owned());
    names.join(", ")
}

/// Reads the tables of one service by their names.
pub(crate) struct ChatTables(pub(super) &'static Service);

impl<'de> DeserializeSeed<'de> for ChatTables {
    type Value = BTreeMap<String, ChatTarget>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ChatTables {
    type Value = BTreeMap<String, ChatTarget>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tables [{}.NAME]", self.0.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tables: A) -> Result<Self::Value, A::Error> {
        let mut targets = BTreeMap::new();
        while let Some(name) = tables.next_key()? {
            targets.insert(name, tables.next_value_seed(ChatTable(self.0))?);
        }
        Ok(targets)
    }
}

/// Reads one table of a service.
struct ChatTable(&'static Service);

impl<'de> DeserializeSeed<'de> for ChatTable {
    type Value = ChatTarget;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ChatTarget, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ChatTable {
    type Value = ChatTarget;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let required: Vec<_> = self.0.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        write!(f, "a table with {}", required.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<ChatTarget, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(key) = table.next_key()? {
            values.insert(key, table.next_value::<Text>()?.0);
        }
        ChatTarget::from_table(self.0, values).map_err(Error::custom)
    }
}

/// A value of a table: a text, or the number of a chat.
struct Text(String);

impl<'de> serde::Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }
}
