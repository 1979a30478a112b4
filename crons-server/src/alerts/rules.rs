//! The operator's rules: which events of which monitors are sent to which targets.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::digest::Digest;
use super::error::InvalidAlerts;
use super::page_links::PageLinks;
use super::payload::Alert;
use super::public_url::PublicUrl;
use super::response_keys::ResponseKeys;
use super::rule::{Rule, Trigger};
use super::target::{Target, Webhook};
use crate::domain::{FollowUpTimes, IncidentEvent, IncidentEventKind, NewId};
use crate::quote::escaped;

/// Targets, and the rules that decide which events are sent to them.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use crons_server::{Alerts, Rule, Trigger, Webhook};
///
/// let webhook = Webhook::new("https://example.com/hooks/crons")?.secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let rule = Rule::new([Trigger::Opened, Trigger::Resolved], ["ops"]);
/// let alerts = Alerts::new(BTreeMap::from([("ops".to_owned(), webhook)]), vec![rule])?;
/// assert!(alerts.webhook("ops").is_some());
/// # Ok::<(), crons_server::InvalidAlerts>(())
/// ```
///
/// `Alerts` can be deserialized, which reads the files of keys such as `secret_file` and the environment variables of keys such as
/// `secret_env`. Targets of other kinds than webhooks are made in no other way. In TOML:
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
/// remind = "4h"
/// escalate = { after = "1h", to = ["boss"] }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    targets: BTreeMap<String, Target>,
    rules: Vec<Rule>,
    /// The summary of each day; `None`: there is none.
    digest: Option<Digest>,
    /// The address that messages link to.
    public_url: Option<PublicUrl>,
    /// The keys of the links by which people respond to a message.
    response_keys: Option<ResponseKeys>,
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
        let kinds = kinds(&targets);
        for (number, rule) in (1..).zip(&rules) {
            if let Some(fault) = rule.faults(&kinds).first() {
                return Err(InvalidAlerts(format!("alert {number}: {fault}")));
            }
        }
        Ok(Self { targets, rules, digest: None, public_url: None, response_keys: None })
    }

    /// Adds a digest, which goes to targets whatever the rules are.
    ///
    /// # Errors
    /// If it names a target that does not exist, or one of `PagerDuty`, where each message calls a person.
    pub fn with_digest(self, digest: Digest) -> Result<Self, InvalidAlerts> {
        if let Some(fault) = digest.faults(&kinds(&self.targets)).first() {
            return Err(InvalidAlerts(format!("digest.{fault}")));
        }
        Ok(Self { digest: Some(digest), ..self })
    }

    /// The digest; `None` if there is none.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
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

    /// Whether tables of this name describe alerts: `alert`, `digest`, or the name of a kind of targets, such as `slack`.
    pub fn is_table(name: &str) -> bool {
        name == ALERT || name == DIGEST || Target::kinds().any(|kind| kind == name)
    }

    /// The address that messages link to.
    pub(super) fn public_url(&self) -> Option<&PublicUrl> {
        self.public_url.as_ref()
    }

    /// Sets the address that messages link to.
    pub(crate) fn link_to(&mut self, public_url: Option<PublicUrl>) {
        self.public_url = public_url;
    }

    /// Sets the keys of the links by which people respond to a message; without them messages have no such link.
    pub(crate) fn sign_links(&mut self, keys: ResponseKeys) {
        self.response_keys = Some(keys);
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
            let is_named = self.rules.iter().any(|rule| rule.names().any(|named| named == written));
            // A target that a rule escalates to is told of the recovery by that rule.
            let rules = self.rules.iter().filter(|rule| rule.to.contains(written));
            let triggers: Vec<Trigger> = rules.flat_map(|rule| rule.on.iter().copied()).collect();
            let gets_digest = self.digest.as_ref().is_some_and(|digest| digest.to().contains(written));
            if triggers.is_empty() && gets_digest {
                continue;
            }
            if !is_named {
                warnings.push(format!(
                    "{kind} `{name}` gets no messages, as no rule names it; add an [[alert]] with to = [\"{name}\"]"
                ));
            } else if kind == "pagerduty" && !triggers.is_empty() && !triggers.contains(&Trigger::Resolved) {
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
        self.messages_of(event).into_iter().map(|(target, _)| target).collect()
    }

    /// The names of the targets that get a message about an event, each once, with the time for which the message waits for others: the
    /// shortest of the rules that send it.
    fn messages_of(&self, event: &IncidentEvent) -> Vec<(&str, Duration)> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let tags = event.filter_tags();
        let mut messages: Vec<(&str, Duration)> = Vec::new();
        for rule in &self.rules {
            for name in rule.targets_of(event, &tags) {
                match messages.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, wait)) => *wait = rule.group_wait.min(*wait),
                    None => messages.push((name, rule.group_wait)),
                }
            }
        }
        messages
    }

    /// Returns the instant until which a message to a target waits for others; `None` if it is sent at once and alone, as a message is that
    /// a monitor is broken or was muted.
    fn group_until(&self, target: &str, wait: Duration, event: &IncidentEvent) -> Option<Timestamp> {
        let is_single = matches!(event.kind, IncidentEventKind::Broken | IncidentEventKind::Muted);
        let takes_several = self.targets.get(target).is_some_and(|target| target.max_members() > 1);
        let is_grouped = !wait.is_zero() && !is_single && takes_several;
        is_grouped.then(|| event.at.saturating_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// The shortest time after which any rule tells people again of an open incident; `None` if none does.
    pub(crate) fn first_follow_up(&self) -> Option<SignedDuration> {
        self.rules.iter().flat_map(|rule| rule.reminder().into_iter().chain(rule.escalation())).min()
    }

    /// The times after which the rules that match an event tell people again of its incident.
    pub(crate) fn follow_up_times(&self, event: &IncidentEvent) -> FollowUpTimes {
        let tags = event.filter_tags();
        let rules = || self.rules.iter().filter(|rule| rule.matches(&tags));
        FollowUpTimes {
            remind: rules().filter_map(Rule::reminder).collect(),
            escalate: rules().filter_map(Rule::escalation).collect(),
        }
    }

    /// The targets that rules name, each once, in the order of their names.
    pub(super) fn targets_of_rules(&self) -> impl Iterator<Item = &str> {
        self.targets
            .keys()
            .map(String::as_str)
            .filter(|name| self.rules.iter().any(|rule| rule.names().any(|named| named == *name)))
    }

    /// The targets that rules, their escalations or the digest name, each once, in the order of their names.
    pub(crate) fn named_targets(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().flat_map(Rule::names);
        let digest = self.digest.iter().flat_map(Digest::to).map(String::as_str);
        let named: BTreeSet<&str> = rules.chain(digest).collect();
        named.into_iter()
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
        let keys = self.response_keys.as_ref();
        let pages = self.public_url.as_ref().map(|public_url| PageLinks { public_url, keys });
        let mut alerts = Vec::new();
        for event in events {
            for (target, wait) in self.messages_of(event) {
                let until = self.group_until(target, wait, event);
                alerts.push(Alert::new(event, target, new_id(), until, pages)?);
            }
        }
        Ok(alerts)
    }
}

/// The name of the tables of rules.
pub(super) const ALERT: &str = "alert";
/// The name of the table of the digest.
pub(super) const DIGEST: &str = "digest";

fn as_webhook(target: &Target) -> Option<&Webhook> {
    if let Target::Webhook(webhook) = target { Some(webhook) } else { None }
}

/// The names of targets with their kinds.
fn kinds(targets: &BTreeMap<String, Target>) -> BTreeMap<&str, &str> {
    targets.iter().map(|(name, target)| (name.as_str(), target.kind())).collect()
}
