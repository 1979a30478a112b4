//! A rule of the operator: selects events, and the targets that get them at first and later.

use std::fmt;
use std::time::Duration;

use crons_types::Minutes;
use jiff::SignedDuration;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use crate::domain::{Filter, FollowUp, IncidentEvent, IncidentEventKind};
use crate::quote::quoted;

/// A rule that sends an event to the targets `to` if its kind is in `on` and its tags match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table [[alert]] with on and to, and perhaps match, tags, remind, escalate and group_wait"
)]
#[non_exhaustive]
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
    /// The time between two reminders of an incident that nobody has acknowledged and that is not resolved; `None`: there are none.
    #[serde(default, deserialize_with = "remind")]
    pub remind: Option<Minutes>,
    /// The targets that are told of an incident later; `None`: there are none.
    #[serde(default)]
    pub escalate: Option<Escalation>,
    /// The time for which a message waits for others with a common cause, to be sent as one; zero: each is sent at once and alone.
    #[serde(default = "default_group_wait", deserialize_with = "group_wait")]
    pub group_wait: Duration,
}

/// Further targets, which get an incident that is neither acknowledged nor resolved after some time, and then its end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { after = \"1h\", to = [\"boss\"] }")]
pub struct Escalation {
    /// The time since people were told of the incident.
    #[serde(deserialize_with = "after")]
    pub after: Minutes,
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
    /// Each filter must match.
    #[default]
    All,
    /// At least one filter must match.
    Any,
}

impl Rule {
    /// The default of [`group_wait`](Self::group_wait): 30 s.
    pub const GROUP_WAIT: Duration = Duration::from_secs(30);
    /// The longest [`group_wait`](Self::group_wait): 10 minutes.
    pub const MAX_GROUP_WAIT: Duration = Duration::from_secs(10 * 60);

    /// A rule for all monitors, without reminders and escalation.
    pub fn new(
        on: impl IntoIterator<Item = Trigger>,
        to: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            on: on.into_iter().collect(),
            combine: MatchMode::All,
            tags: Vec::new(),
            to: to.into_iter().map(Into::into).collect(),
            remind: None,
            escalate: None,
            group_wait: Self::GROUP_WAIT,
        }
    }

    /// The names of all targets that the rule may send to.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.to.iter().chain(self.escalate.iter().flat_map(|escalation| &escalation.to)).map(String::as_str)
    }

    /// The time between two reminders.
    pub(super) fn reminder(&self) -> Option<SignedDuration> {
        self.remind.map(span)
    }

    /// The time after which it escalates.
    pub(super) fn escalation(&self) -> Option<SignedDuration> {
        self.escalate.as_ref().map(|escalation| span(escalation.after))
    }

    /// Returns the names of the targets that get a message about an event with these tags.
    pub(super) fn targets_of(
        &self,
        event: &IncidentEvent,
        tags: &[(&str, String)],
    ) -> impl Iterator<Item = &str> {
        let IncidentEvent { kind, at, incident, .. } = event;
        let follow_up = |due: fn(&FollowUp, SignedDuration, jiff::Timestamp) -> bool, length| {
            incident.follow_up.zip(length).is_some_and(|(state, length)| due(&state, length, *at))
        };
        let is_on = |wanted: &[Trigger]| self.on.iter().any(|on| wanted.contains(on));
        let (first, second) = match kind {
            IncidentEventKind::Opened | IncidentEventKind::Broken | IncidentEventKind::Muted => {
                (is_on(&[Trigger::Opened, Trigger::Failure]), false)
            }
            IncidentEventKind::Failure => (is_on(&[Trigger::Failure]), false),
            IncidentEventKind::Reminder => (follow_up(FollowUp::reminds, self.reminder()), false),
            IncidentEventKind::Escalated => (false, follow_up(FollowUp::escalates, self.escalation())),
            // The targets of an escalation are told of the end of the incident, too.
            IncidentEventKind::Resolved => {
                let has_escalated = |state: &FollowUp, after, _| state.has_escalated(after);
                (is_on(&[Trigger::Resolved]), follow_up(has_escalated, self.escalation()))
            }
        };
        let (first, second) = if self.matches(tags) { (first, second) } else { (false, false) };
        let later = self.escalate.iter().filter(move |_| second).flat_map(|escalation| &escalation.to);
        self.to.iter().filter(move |_| first).chain(later).map(String::as_str)
    }

    /// Whether its filters match the tags of an event.
    pub(super) fn matches(&self, tags: &[(&str, String)]) -> bool {
        let mut filters = self.tags.iter().map(|filter| filter.matches(tags));
        match self.combine {
            MatchMode::All => filters.all(|matches| matches),
            MatchMode::Any => self.tags.is_empty() || filters.any(|matches| matches),
        }
    }
}

fn span(length: Minutes) -> SignedDuration {
    SignedDuration::from_mins(length.get().into())
}

fn remind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Minutes>, D::Error> {
    minutes(deserializer, "remind").map(Some)
}

fn after<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Minutes, D::Error> {
    minutes(deserializer, "after")
}

fn default_group_wait() -> Duration {
    Rule::GROUP_WAIT
}

/// Reads a length of time such as `30s`, `off` or 0.
fn group_wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_any(GroupWait)
}

struct GroupWait;

impl Visitor<'_> for GroupWait {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a length of time such as \"30s\", or \"off\"")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
        if matches!(text, "off" | "0") {
            return Ok(Duration::ZERO);
        }
        let read: Option<SignedDuration> = text.parse().ok();
        read.and_then(|length| length.try_into().ok()).ok_or_else(|| {
            E::custom(format!(
                "group_wait: {} is not a length of time; write one from 1s to 10m, or \"off\"",
                quoted(text)
            ))
        })
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Duration, E> {
        if number == 0 { Ok(Duration::ZERO) } else { Err(without_unit(number)) }
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Duration, E> {
        if number == 0 { Ok(Duration::ZERO) } else { Err(without_unit(number)) }
    }
}

fn without_unit<E: serde::de::Error>(number: impl fmt::Display) -> E {
    E::custom(format!("group_wait: {number} has no unit; write a time such as \"30s\", or \"off\""))
}

/// Reads a length of time such as `4h`.
fn minutes<'de, D: Deserializer<'de>>(deserializer: D, key: &str) -> Result<Minutes, D::Error> {
    let text = String::deserialize(deserializer)?;
    Minutes::parse(&text).map_err(|error| serde::de::Error::custom(format!("{key}: {error}")))
}
