//! The description of a chat service as data, and a message in its words. [`services`](super::services) has one for each service.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::alerts::escape::Markup;
use crate::alerts::facts::EventName;
use crate::alerts::payload::Message;
use crate::alerts::text;

/// A service that gets messages by HTTP.
pub(super) struct Service {
    /// The name of its tables: `slack` for `[slack.NAME]`.
    pub(super) name: &'static str,
    pub(super) put: bool,
    /// Whether it keeps incidents of its own by a key, so that each message must be about one.
    pub(super) per_incident: bool,
    /// The segments that follow the path of `url`. Names in braces stand for values.
    pub(super) path: &'static [&'static str],
    /// A header with a secret, and its value. Left out if a key in it is not set.
    pub(super) header: Option<(&'static str, &'static str)>,
    pub(super) keys: &'static [Key],
    /// Values that depend on the event.
    pub(super) by_event: &'static [ByEvent],
    pub(super) markup: Markup,
    pub(super) line_break: &'static str,
    /// The number of bytes of text that the service accepts, less some room.
    pub(super) limit: usize,
    /// The JSON to send. A text `{name}` stands for a value. An entry without a value is left out, and so is an element of a list that
    /// lacks one.
    pub(super) body: fn() -> Value,
}

/// A key of the tables of a service.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// Whether it is a secret, so that `NAME_file` may name a file with it, and `NAME_env` an environment variable.
    pub(super) secret: bool,
    pub(super) default: Option<&'static str>,
    /// The values that are allowed; empty if all are.
    pub(super) allowed: &'static [&'static str],
}

/// A value for each kind of event.
pub(super) struct ByEvent {
    pub(super) name: &'static str,
    /// For an event about a failure.
    pub(super) failing: Constant,
    pub(super) resolved: Constant,
    pub(super) test: Constant,
}

/// A value of a template.
#[derive(Clone, Copy)]
pub(super) enum Constant {
    Text(&'static str),
    Number(i64),
}

impl From<Constant> for Value {
    fn from(constant: Constant) -> Self {
        match constant {
            Constant::Text(text) => text.into(),
            Constant::Number(number) => number.into(),
        }
    }
}

/// The values that a template names.
pub(super) type Values = BTreeMap<&'static str, Value>;

impl Service {
    /// Returns the values of a message, with those of the keys of its table.
    pub(super) fn values(&self, keys: &BTreeMap<&'static str, String>, message: &Message) -> Values {
        let headline = text::headline(message, self.markup);
        let room = self.limit.saturating_sub(headline.len() + self.line_break.len());
        let details = text::details(message, self.markup, self.line_break, room);
        let mut values: Values = keys.iter().map(|(key, value)| (*key, value.as_str().into())).collect();
        values.extend([
            ("text", format!("{headline}{}{details}", self.line_break).into()),
            ("headline", headline.into()),
            ("details", details.into()),
            ("id", message.id.to_string().into()),
            ("fingerprint", message.fingerprint.as_str().into()),
            ("at", message.at.to_string().into()),
            ("slug", message.monitor.slug.as_str().into()),
            ("environment", message.environment.as_str().into()),
        ]);
        if let Some(links) = &message.links {
            values.extend([("why", links.why.as_str().into()), ("monitor", links.monitor.as_str().into())]);
            values.extend(links.acknowledge.as_deref().map(|page| ("acknowledge", page.into())));
        }
        for ByEvent { name, failing, resolved, test } in self.by_event {
            let constant = match message.event {
                EventName::Opened
                | EventName::Failure
                | EventName::Reminder
                | EventName::Broken
                | EventName::Muted
                | EventName::TargetFailing => failing,
                // A drill wakes nobody: PagerDuty accepts the end of an incident that it does not know.
                EventName::Resolved | EventName::TargetRecovered | EventName::Drill => resolved,
                EventName::Test | EventName::Digest => test,
            };
            values.insert(name, (*constant).into());
        }
        values
    }
}

/// Fills in a template. `None` if its value is missing.
pub(super) fn fill(template: Value, values: &Values) -> Option<Value> {
    match template {
        Value::String(text) => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => values.get(name).cloned(),
            None => Some(Value::String(text)),
        },
        Value::Array(elements) => Some(
            elements
                .into_iter()
                .filter(|element| is_complete(element, values))
                .filter_map(|element| fill(element, values))
                .collect(),
        ),
        Value::Object(entries) => {
            let filled = entries.into_iter().filter_map(|(key, value)| Some((key, fill(value, values)?)));
            Some(Value::Object(filled.collect::<Map<_, _>>()))
        }
        other => Some(other),
    }
}

/// Whether all values that a template names are there.
fn is_complete(template: &Value, values: &Values) -> bool {
    match template {
        Value::String(_) => fill(template.clone(), values).is_some(),
        Value::Array(elements) => elements.iter().all(|element| is_complete(element, values)),
        Value::Object(entries) => entries.values().all(|value| is_complete(value, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Replaces the names in braces in a text. `None` if one has no value.
pub(super) fn fill_text(template: &str, values: &Values) -> Option<String> {
    let Some((before, rest)) = template.split_once('{') else { return Some(template.to_owned()) };
    let (name, after) = rest.split_once('}')?;
    let value = values.get(name)?.as_str()?;
    Some(format!("{before}{value}{}", fill_text(after, values)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_is_missing_takes_its_entry_or_element_along() {
        let values = Values::from([("a", json!(1)), ("b", json!("{a}"))]);
        let template = json!({
            "there": "{a}", "gone": "{x}", "as it is": "{b}", "list": [{"href": "{x}", "text": "Why"}, {"href": "{b}"}]
        });
        let filled = fill(template, &values).unwrap();
        assert_eq!(filled, json!({"there": 1, "as it is": "{a}", "list": [{"href": "{a}"}]}));
        assert_eq!(fill_text("bot{b}/{b}", &values).unwrap(), "bot{a}/{a}");
        assert_eq!(fill_text("Bearer {x}", &values), None);
    }
}
