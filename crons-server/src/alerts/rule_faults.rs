//! Checks that rules and the digest can work with the targets that exist.

use std::collections::BTreeMap;

use super::digest::Digest;
use super::rule::{Rule, Trigger};
use crate::quote::{escaped, quoted};

impl Rule {
    /// Lists the reasons why the rule cannot work, each with the key at its beginning; none if it can. `targets` are the names of the
    /// targets that exist, each with its [kind](crate::Target::kind).
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use crons_server::{Rule, Trigger};
    ///
    /// let targets = BTreeMap::from([("ops", "webhook")]);
    /// assert!(Rule::new([Trigger::Opened], ["ops"]).faults(&targets).is_empty());
    /// let faults = Rule::new([Trigger::Opened], ["osp"]).faults(&targets);
    /// assert!(faults[0].starts_with("to: there is no target \"osp\""));
    /// ```
    pub fn faults(&self, targets: &BTreeMap<&str, &str>) -> Vec<String> {
        let mut faults = Vec::new();
        if self.on.is_empty() {
            faults.push(
                "on: it is empty, so the rule sends nothing; write one or more of \"opened\", \"failure\" and \"resolved\""
                    .to_owned(),
            );
        }
        let has_only_resolved = !self.on.is_empty() && self.on.iter().all(|on| *on == Trigger::Resolved);
        for (key, is_set) in [("remind", self.remind.is_some()), ("escalate", self.escalate.is_some())] {
            if is_set && has_only_resolved {
                faults.push(format!(
                    "{key}: it is about incidents that are open, but `on` has only \"resolved\"; add \"opened\" to `on`, or leave `{key}` out"
                ));
            }
        }
        if self.group_wait > Self::MAX_GROUP_WAIT {
            faults.push(format!(
                "group_wait: {} s is more than 10 minutes; write a shorter time, such as \"30s\", or \"off\"",
                self.group_wait.as_secs()
            ));
        }
        if self.to.is_empty() {
            let known = known_names(targets);
            faults.push(format!("to: it is empty, so the rule sends nothing; write {known}"));
        }
        let unknown = |names: &[String], key: &str| -> Vec<String> {
            let unknown = names.iter().filter(|name| !targets.contains_key(name.as_str()));
            unknown.map(|name| no_target(key, name, targets)).collect()
        };
        faults.extend(unknown(&self.to, "to"));
        if let Some(escalation) = &self.escalate {
            if escalation.to.is_empty() {
                faults.push(
                    "escalate: its `to` is empty, so it tells nobody; write the names of targets".to_owned(),
                );
            }
            faults.extend(unknown(&escalation.to, "escalate"));
        }
        faults
    }
}

impl Digest {
    /// Lists the reasons why the digest cannot work, as [`Rule::faults`] does: targets that do not exist, and those of `PagerDuty`, where
    /// each message calls a person.
    pub fn faults(&self, targets: &BTreeMap<&str, &str>) -> Vec<String> {
        let fault = |name: &String| match targets.get(name.as_str()) {
            None => Some(no_target("to", name, targets)),
            Some(&"pagerduty") => Some(format!(
                "to: {} is a target of PagerDuty, which calls a person for each message, and a digest is for reading; name other targets",
                quoted(name)
            )),
            Some(_) => None,
        };
        self.to().iter().filter_map(fault).collect()
    }
}

fn no_target(key: &str, name: &str, targets: &BTreeMap<&str, &str>) -> String {
    format!(
        "{key}: there is no target {}; write {}, or add a table such as [webhook.{}]",
        quoted(name),
        known_names(targets),
        escaped(name)
    )
}

/// The targets that a rule can name, for a message.
fn known_names(targets: &BTreeMap<&str, &str>) -> String {
    let names: Vec<_> = targets.keys().map(|name| quoted(name)).collect();
    if names.is_empty() {
        return "the name of a table such as [webhook.…], of which there is none".to_owned();
    }
    format!("one or more of {}", names.join(", "))
}
