//! The operator's rules: on which events, of which monitors, to which targets.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::InvalidAlerts;
use super::filter::Filter;
use super::payload::Alert;
use super::target::Webhook;
use crate::domain::{IncidentEvent, IncidentEventKind, NewId};

/// Targets of alerts, and the rules that send to them. As TOML:
///
/// ```toml
/// [webhook.ops]
/// url = "https://example.com/hooks/crons"
/// secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
///
/// [[alert]]
/// on = ["opened", "resolved"]
/// tags = [{ key = "monitor.slug", match = "starts with", value = "billing-" }]
/// to = ["ops"]
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Tables")]
pub struct Alerts {
    webhooks: BTreeMap<String, Webhook>,
    rules: Vec<Rule>,
}

/// Tells `to` of events that are one of `on` and whose tags match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [[alert]] with on and to, and perhaps match and tags")]
pub struct Rule {
    /// Which events; at least one.
    pub on: Vec<Trigger>,
    /// How many of the filters must match.
    #[serde(default, rename = "match")]
    pub combine: MatchMode,
    /// Filters; without any, all monitors.
    #[serde(default)]
    pub tags: Vec<Filter>,
    /// Names of webhooks; at least one.
    pub to: Vec<String>,
}

/// What a rule waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// An incident was opened.
    Opened,
    /// A run failed: the one that opened an incident, and each further one.
    Failure,
    /// The incident is over.
    Resolved,
}

/// How many filters of a rule must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchMode {
    /// Every one.
    #[default]
    All,
    /// One or more.
    Any,
}

impl Alerts {
    /// Rules, and the webhooks that they name.
    ///
    /// # Errors
    /// If a rule waits for nothing, tells nobody, or tells a webhook that is not there.
    pub fn new(webhooks: BTreeMap<String, Webhook>, rules: Vec<Rule>) -> Result<Self, InvalidAlerts> {
        for (number, rule) in (1..).zip(&rules) {
            if rule.on.is_empty() {
                return Err(InvalidAlerts(format!(
                    "alert {number}: `on` is empty, so it never tells anything; write one or more of \"opened\", \
                     \"failure\" and \"resolved\""
                )));
            }
            if rule.to.is_empty() {
                return Err(InvalidAlerts(format!(
                    "alert {number}: `to` is empty, so it tells nobody; write {}",
                    known(&webhooks)
                )));
            }
            if let Some(stranger) = rule.to.iter().find(|name| !webhooks.contains_key(*name)) {
                return Err(InvalidAlerts(format!(
                    "alert {number}: there is no webhook {stranger:?} to send to; write {}, or add [webhook.{stranger}] \
                     with its url",
                    known(&webhooks)
                )));
            }
        }
        Ok(Self { webhooks, rules })
    }

    /// The targets, by name.
    pub fn webhooks(&self) -> impl Iterator<Item = (&str, &Webhook)> {
        self.webhooks.iter().map(|(name, webhook)| (name.as_str(), webhook))
    }

    /// The target of this name.
    pub fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.webhooks.get(name)
    }

    /// What may not be meant as it is written, in sentences.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, webhook) in &self.webhooks {
            if !webhook.is_signed() {
                warnings.push(format!(
                    "webhook `{name}` has no secret, so its receiver cannot tell our messages from forged ones; if it \
                     checks signatures, add `secret = \"whsec_…\"` and 24 to 64 random bytes as base64"
                ));
            }
            if !self.rules.iter().any(|rule| rule.to.contains(name)) {
                warnings.push(format!(
                    "webhook `{name}` is told nothing: add an [[alert]] with to = [\"{name}\"]"
                ));
            }
        }
        warnings
    }

    /// Who is told of an event, each once.
    pub fn targets_of(&self, event: &IncidentEvent) -> Vec<&str> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let tags = event.tags();
        let mut targets: Vec<&str> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.matches(event.kind, &tags)) {
            for name in &rule.to {
                if !targets.contains(&name.as_str()) {
                    targets.push(name);
                }
            }
        }
        targets
    }

    /// The messages about these events, to be stored with what has happened.
    pub(crate) fn decide(
        &self,
        events: &[IncidentEvent],
        new_id: NewId<'_>,
    ) -> serde_json::Result<Vec<Alert>> {
        let mut alerts = Vec::new();
        for event in events {
            for target in self.targets_of(event) {
                alerts.push(Alert::new(event, target, new_id())?);
            }
        }
        Ok(alerts)
    }
}

impl Rule {
    fn matches(&self, kind: IncidentEventKind, tags: &[(&str, String)]) -> bool {
        let waited_for = self.on.iter().any(|on| match on {
            Trigger::Opened => kind == IncidentEventKind::Opened,
            Trigger::Failure => matches!(kind, IncidentEventKind::Opened | IncidentEventKind::Failure),
            Trigger::Resolved => kind == IncidentEventKind::Resolved,
        });
        let mut filters = self.tags.iter().map(|filter| filter.matches(tags));
        waited_for
            && match self.combine {
                MatchMode::All => filters.all(|matches| matches),
                MatchMode::Any => self.tags.is_empty() || filters.any(|matches| matches),
            }
    }
}

fn known(webhooks: &BTreeMap<String, Webhook>) -> String {
    let names: Vec<_> = webhooks.keys().map(|name| format!("{name:?}")).collect();
    if names.is_empty() {
        return "the name of a [webhook.…] (there is none yet)".to_owned();
    }
    format!("one or more of {}", names.join(", "))
}

/// Alerts as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "tables [webhook.NAME] and [[alert]]")]
struct Tables {
    #[serde(default)]
    webhook: BTreeMap<String, Webhook>,
    #[serde(default)]
    alert: Vec<Rule>,
}

impl TryFrom<Tables> for Alerts {
    type Error = InvalidAlerts;

    fn try_from(tables: Tables) -> Result<Self, InvalidAlerts> {
        Self::new(tables.webhook, tables.alert)
    }
}
