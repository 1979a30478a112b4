//! The operator's rules: which events of which monitors are sent to which targets.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::InvalidAlerts;
use super::payload::Alert;
use super::public_url::PublicUrl;
use super::target::{Target, Webhook};
use crate::domain::{Filter, IncidentEvent, IncidentEventKind, NewId};
use crate::quote::{escaped, quoted};

/// Targets, and the rules that decide which events are sent to them.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use crons_server::{Alerts, MatchMode, Rule, Trigger, Webhook};
///
/// let webhook = Webhook::new("https://example.com/hooks/crons")?.secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let rule = Rule {
///     on: vec![Trigger::Opened, Trigger::Resolved],
///     combine: MatchMode::All,
///     tags: Vec::new(),
///     to: vec!["ops".to_owned()],
/// };
/// let alerts = Alerts::new(BTreeMap::from([("ops".to_owned(), webhook)]), vec![rule])?;
/// assert!(alerts.webhook("ops").is_some());
/// # Ok::<(), crons_server::InvalidAlerts>(())
/// ```
///
/// `Alerts` can be deserialized, which reads the files of keys such as `secret_file`. Targets of other kinds than webhooks are made in no
/// other way. In TOML:
///
/// ```toml
/// [webhook.ops]
/// url = "https://example.com/hooks/crons"
/// secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
///
/// [slack.team]
/// url_file = "/etc/crons/slack-url"
///
/// [[alert]]
/// on = ["opened", "resolved"]
/// tags = [{ key = "monitor.slug", match = "starts with", value = "billing-" }]
/// to = ["ops", "team"]
/// ```
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    targets: BTreeMap<String, Target>,
    rules: Vec<Rule>,
    /// The address that messages link to.
    public_url: Option<PublicUrl>,
}

/// A rule that sends an event to the targets `to` if its kind is in `on` and its tags match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [[alert]] with on and to, and perhaps match and tags")]
pub struct Rule {
    /// The kinds of events, at least one.
    pub on: Vec<Trigger>,
    /// Whether all of the filters must match, or one.
    #[serde(default, rename = "match")]
    pub combine: MatchMode,
    /// Filters on the tags of an event. Without filters the rule is about all monitors.
    #[serde(default)]
    pub tags: Vec<Filter>,
    /// The names of targets, at least one.
    pub to: Vec<String>,
}

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// An incident was opened, or has lasted so long that the monitor is broken or was muted for it.
    Opened,
    /// A run failed or was missed: the one that opened an incident, and each further one. Also a monitor that is broken or was muted.
    Failure,
    /// An incident was resolved.
    Resolved,
}

/// Whether all filters of a rule must match, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MatchMode {
    /// All filters must match.
    #[default]
    All,
    /// At least one filter must match.
    Any,
}

impl Alerts {
    /// Combines rules with the webhooks that they name.
    ///
    /// # Errors
    /// If `on` or `to` of a rule is empty, or if `to` names a webhook that does not exist.
    pub fn new(webhooks: BTreeMap<String, Webhook>, rules: Vec<Rule>) -> Result<Self, InvalidAlerts> {
        Self::with_targets(
            webhooks.into_iter().map(|(name, webhook)| (name, webhook.into())).collect(),
            rules,
        )
    }

    /// Combines rules with the targets that they name.
    ///
    /// # Errors
    /// If `on` or `to` of a rule is empty, or if `to` names a target that does not exist.
    pub fn with_targets(targets: BTreeMap<String, Target>, rules: Vec<Rule>) -> Result<Self, InvalidAlerts> {
        for (number, rule) in (1..).zip(&rules) {
            if rule.on.is_empty() {
                return Err(InvalidAlerts(format!(
                    "alert {number}: `on` is empty, so the rule sends nothing; write one or more of \"opened\", \"failure\" and \
                     \"resolved\""
                )));
            }
            if rule.to.is_empty() {
                return Err(InvalidAlerts(format!(
                    "alert {number}: `to` is empty, so the rule sends nothing; write {}",
                    known_names(&targets)
                )));
            }
            if let Some(unknown) = rule.to.iter().find(|name| !targets.contains_key(*name)) {
                return Err(InvalidAlerts(format!(
                    "alert {number}: there is no target {}; write {}, or add a table such as [webhook.{}]",
                    quoted(unknown),
                    known_names(&targets),
                    escaped(unknown)
                )));
            }
        }
        Ok(Self { targets, rules, public_url: None })
    }

    /// The targets in the order of their names.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.targets.iter().map(|(name, target)| (name.as_str(), target))
    }

    /// The webhooks in the order of their names.
    pub fn webhooks(&self) -> impl Iterator<Item = (&str, &Webhook)> {
        self.targets().filter_map(|(name, target)| Some((name, as_webhook(target)?)))
    }

    /// The webhook of this name. `None` if there is none.
    pub fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.targets.get(name).and_then(as_webhook)
    }

    /// Whether tables of this name describe alerts: `alert`, or the name of a kind of targets, such as `slack`.
    pub fn is_table(name: &str) -> bool {
        name == ALERT || Target::kinds().any(|kind| kind == name)
    }

    /// Sets the address that messages link to.
    pub(crate) fn link_to(&mut self, public_url: Option<PublicUrl>) {
        self.public_url = public_url;
    }

    /// Describes what is allowed but probably not intended, one sentence each: webhooks without a secret, targets that no rule names, and
    /// incidents that are opened at `PagerDuty` and never resolved there.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (written, target) in &self.targets {
            let (name, kind) = (escaped(written), target.kind());
            if as_webhook(target).is_some_and(|webhook| !webhook.is_signed()) {
                warnings.push(format!(
                    "webhook `{name}` has no secret, so its receiver cannot recognise forged messages; if the receiver checks \
                     signatures, add `secret = \"whsec_…\"` with 24 to 64 random bytes as base64"
                ));
            }
            let rules = self.rules.iter().filter(|rule| rule.to.contains(written));
            let triggers: Vec<Trigger> = rules.flat_map(|rule| rule.on.iter().copied()).collect();
            if triggers.is_empty() {
                warnings.push(format!(
                    "{kind} `{name}` gets no messages, as no rule names it; add an [[alert]] with to = [\"{name}\"]"
                ));
            } else if kind == "pagerduty" && !triggers.contains(&Trigger::Resolved) {
                warnings.push(format!(
                    "pagerduty `{name}` is not told of recoveries, so its incidents stay open; add \"resolved\" to `on` of a rule that \
                     names it"
                ));
            }
        }
        warnings
    }

    /// The names of the targets that get a message about an event, each once.
    pub fn targets_of(&self, event: &IncidentEvent) -> Vec<&str> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let tags = event.filter_tags();
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

    /// The targets that rules name, each once, in the order of their names.
    pub(super) fn targets_of_rules(&self) -> impl Iterator<Item = &str> {
        self.targets
            .keys()
            .map(String::as_str)
            .filter(|name| self.rules.iter().any(|rule| rule.to.iter().any(|to| to == name)))
    }

    /// Whether there is a target of this name.
    pub(crate) fn has_target(&self, name: &str) -> bool {
        self.targets.contains_key(name)
    }

    /// Creates the messages about these events, one for each event and target. The caller stores them in the transaction of the events.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub(crate) fn decide(
        &self,
        events: &[IncidentEvent],
        new_id: NewId<'_>,
    ) -> serde_json::Result<Vec<Alert>> {
        let mut alerts = Vec::new();
        for event in events {
            for target in self.targets_of(event) {
                alerts.push(Alert::new(event, target, new_id(), self.public_url.as_ref())?);
            }
        }
        Ok(alerts)
    }
}

impl Rule {
    fn matches(&self, kind: IncidentEventKind, tags: &[(&str, String)]) -> bool {
        let is_triggered = self.on.iter().any(|on| match on {
            Trigger::Opened => {
                matches!(
                    kind,
                    IncidentEventKind::Opened | IncidentEventKind::Broken | IncidentEventKind::Muted
                )
            }
            Trigger::Failure => kind != IncidentEventKind::Resolved,
            Trigger::Resolved => kind == IncidentEventKind::Resolved,
        });
        let mut filters = self.tags.iter().map(|filter| filter.matches(tags));
        is_triggered
            && match self.combine {
                MatchMode::All => filters.all(|matches| matches),
                MatchMode::Any => self.tags.is_empty() || filters.any(|matches| matches),
            }
    }
}

/// The name of the tables of rules.
pub(super) const ALERT: &str = "alert";

fn as_webhook(target: &Target) -> Option<&Webhook> {
    if let Target::Webhook(webhook) = target { Some(webhook) } else { None }
}

/// The targets that a rule can name, for a message.
fn known_names(targets: &BTreeMap<String, Target>) -> String {
    let names: Vec<_> = targets.keys().map(|name| quoted(name)).collect();
    if names.is_empty() {
        return "the name of a table such as [webhook.…], of which there is none".to_owned();
    }
    format!("one or more of {}", names.join(", "))
}
