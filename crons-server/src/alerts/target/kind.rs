//! A target of any kind.

use std::collections::BTreeMap;

use serde::de::{Error, MapAccess};

use super::chat::{ChatTables, ChatTarget};
use super::command::CommandTarget;
use super::email::EmailTarget;
use super::services::SERVICES;
use super::webhook::Webhook;

/// A target of alerts. Webhooks are made by [`Webhook::new`], the others by deserializing [`Alerts`](crate::Alerts).
///
/// ```
/// let tables = serde_json::json!({"slack": {"team": {"url": "https://hooks.slack.com/services/T0/B0/secret"}}});
/// let alerts: crons_server::Alerts = serde_json::from_value(tables)?;
/// for (name, target) in alerts.targets() {
///     assert_eq!((name, target.kind()), ("team", "slack"));
///     assert_eq!(target.origin(), "https://hooks.slack.com");
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Target {
    /// A receiver of signed JSON: `[webhook.NAME]`.
    Webhook(Webhook),
    /// A chat service, an on-call service or a phone: `[slack.NAME]`, `[pagerduty.NAME]`, `[ntfy.NAME]`, …
    Chat(ChatTarget),
    /// E-mail: `[email.NAME]`.
    Email(EmailTarget),
    /// A command of this machine: `[command.NAME]`.
    Command(CommandTarget),
}

impl Target {
    /// Returns the name of the tables of its kind: `webhook`, `slack`, `email`, `command`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Chat(target) => target.service(),
            Self::Email(_) => "email",
            Self::Command(_) => "command",
        }
    }

    /// Returns the part of the address that is not secret: scheme, host and port, or the program of a command.
    pub fn origin(&self) -> String {
        match self {
            Self::Webhook(target) => target.origin(),
            Self::Chat(target) => target.origin(),
            Self::Email(target) => target.origin(),
            Self::Command(target) => target.program().to_owned(),
        }
    }

    /// The most events of one message: 1 for services that open and resolve incidents of their own. A message with the JSON of all members
    /// stays below a megabyte, which is the default limit of many proxies.
    pub(crate) fn max_members(&self) -> usize {
        match self {
            Self::Webhook(_) | Self::Command(_) => 1_000,
            Self::Chat(target) if target.is_per_incident() => 1,
            Self::Chat(_) | Self::Email(_) => 10_000,
        }
    }

    /// Returns the names of the tables of all kinds, the most common first.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        ["webhook", "email", "command"].into_iter().chain(SERVICES.iter().map(|service| service.name))
    }

    /// Reads the tables of a kind by their names.
    ///
    /// # Errors
    /// If there is no such kind, or a table is wrong.
    pub(crate) fn read_tables<'de, A: MapAccess<'de>>(
        kind: &str,
        map: &mut A,
    ) -> Result<BTreeMap<String, Self>, A::Error> {
        fn wrap<T>(tables: BTreeMap<String, T>, target: fn(T) -> Target) -> BTreeMap<String, Target> {
            tables.into_iter().map(|(name, table)| (name, target(table))).collect()
        }
        match kind {
            "webhook" => map.next_value().map(|tables| wrap(tables, Self::Webhook)),
            "email" => map.next_value().map(|tables| wrap(tables, Self::Email)),
            "command" => map.next_value().map(|tables| wrap(tables, Self::Command)),
            _ => {
                let service = SERVICES.iter().find(|service| service.name == kind).ok_or_else(|| {
                    let known: Vec<String> = Self::kinds().map(|kind| format!("`{kind}`")).collect();
                    A::Error::custom(format!("unknown field `{kind}`, expected one of {}", known.join(", ")))
                })?;
                map.next_value_seed(ChatTables(service)).map(|tables| wrap(tables, Self::Chat))
            }
        }
    }
}

impl From<Webhook> for Target {
    fn from(webhook: Webhook) -> Self {
        Self::Webhook(webhook)
    }
}
