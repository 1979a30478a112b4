//! The messages about events, as they are stored and as webhooks get them: one JSON object each.

#[cfg(test)]
pub(super) mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::digest_facts::DigestFacts;
use super::escape::escape_chat;
use super::facts::{EventName, Incident, Links, Member, Monitor, Run, Words};
use super::page_links::PageLinks;
use super::words::{duration, failures, minute};
use crate::domain::{Failures, IncidentEvent, IncidentEventKind};

/// A message about an event for one target, as it is stored in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// The id of the message, the same on every attempt, by which a receiver recognises a repetition.
    pub key: Uuid,
    /// The name of the target.
    pub target: String,
    pub event: &'static str,
    pub incident: Uuid,
    pub check_in: Uuid,
    pub at: Timestamp,
    /// The instant until which it waits for others to be sent with; `None`: it is sent at once and alone.
    pub group_until: Option<Timestamp>,
    pub body: String,
}

impl Alert {
    pub(super) fn new(
        event: &IncidentEvent,
        target: &str,
        key: Uuid,
        group_until: Option<Timestamp>,
        pages: Option<PageLinks<'_>>,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            key,
            target: target.to_owned(),
            event: EventName::from(event.kind).as_str(),
            incident: event.incident.guid,
            check_in: event.check_in,
            at: event.at,
            group_until,
            body: serde_json::to_string(&Message::new(event, key, pages))?,
        })
    }

    /// Returns a message about the server itself for one target.
    pub(super) fn about_server(message: &Message, target: &str) -> serde_json::Result<Self> {
        Ok(Self {
            key: message.id,
            target: target.to_owned(),
            event: message.event.as_str(),
            incident: message.incident.id,
            check_in: message.check_in_id,
            at: message.at,
            group_until: None,
            body: serde_json::to_string(message)?,
        })
    }
}

/// The body of a message, described to its receivers in `payload.md`. Chat targets, e-mail and commands read it when they send.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    /// The id of the message, the same on every attempt and in the header `webhook-id`.
    pub(super) id: Uuid,
    pub(super) event: EventName,
    /// The time of the decision.
    pub(super) at: Timestamp,
    /// `Cron failure: nightly-backup`, the same for all events of a monitor.
    pub(super) title: String,
    /// A sentence or two for people, under the key that chat programs show.
    pub(super) text: String,
    /// The failures in Sentry's words: `2 missed check-ins detected`; `null` for a resolved incident.
    pub(super) reason: Option<String>,
    /// Always `error`.
    pub(super) level: Cow<'static, str>,
    /// The key to group messages by, the same for all incidents of a monitor in an environment.
    pub(super) fingerprint: String,
    /// `monitor.id`, `monitor.slug`, `monitor.incident` and `environment`.
    pub(super) tags: BTreeMap<Cow<'static, str>, String>,
    pub(super) monitor: Monitor,
    /// The name of the environment.
    pub(super) environment: String,
    pub(super) incident: Incident,
    /// The run that failed last, or that resolved the incident.
    pub(super) check_in_id: Uuid,
    /// More about that run; `null` in tests, and in messages of versions without this key.
    #[serde(default)]
    pub(super) run: Option<Run>,
    /// The start of the newest successful run.
    pub(super) last_ok: Option<Timestamp>,
    /// Whether this target is told because nobody has acknowledged the incident in time; left out otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) escalated: bool,
    /// Addresses of pages; `null` without `public_url`.
    #[serde(default)]
    pub(super) links: Option<Links>,
    /// Title and text as they are before [`escape_chat`], in a message about the server itself; left out in others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) plain: Option<Words>,
    /// The messages that this one stands for; left out in one about a single event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<Member>,
    /// The facts of a digest; left out in other messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<Box<DigestFacts>>,
}

/// The facts of a message about the server itself.
pub(super) struct ServerNotice {
    pub(super) id: Uuid,
    pub(super) event: EventName,
    pub(super) at: Timestamp,
    /// The id that messages about one thing share.
    pub(super) incident: Uuid,
    pub(super) started_at: Timestamp,
    /// The word in place of the slug and the environment of a monitor.
    pub(super) subject: &'static str,
    /// The words with names that can neither mention people nor link.
    pub(super) chat: Words,
    /// These words with the names as they are.
    pub(super) plain: Words,
    pub(super) fingerprint: String,
}

impl Message {
    pub(super) fn new(event: &IncidentEvent, id: Uuid, pages: Option<PageLinks<'_>>) -> Self {
        let IncidentEvent { kind, at, monitor, environment, incident, check_in, run, reason } = event;
        let lasted = incident.resolved_at.map(|end| end.duration_since(incident.started_at));
        Self {
            id,
            event: (*kind).into(),
            at: *at,
            title: escape_chat(&event.title()),
            text: text(event, lasted),
            reason: reason.clone(),
            level: Cow::Borrowed("error"),
            fingerprint: event.fingerprint(),
            tags: event.tags().map(|(key, value)| (Cow::Borrowed(key), value)).into(),
            monitor: Monitor {
                id: monitor.guid,
                slug: monitor.slug.to_string(),
                owner: monitor.owner.clone(),
            },
            environment: environment.name.clone(),
            incident: Incident {
                id: incident.guid,
                started_at: incident.started_at,
                resolved_at: incident.resolved_at,
                duration_s: lasted.map(|lasted| lasted.as_secs()),
                failures: incident.failures,
            },
            check_in_id: *check_in,
            run: run.as_ref().map(Run::from),
            last_ok: environment.last_ok,
            escalated: *kind == IncidentEventKind::Escalated,
            links: pages.map(|pages| pages.of(event)),
            plain: None,
            members: Vec::new(),
            digest: None,
        }
    }

    /// Returns the keys of its links that open a page without signing in.
    pub(super) fn link_keys(&self) -> impl Iterator<Item = &str> {
        let of_members = self.members.iter().map(|member| &member.links);
        let links = std::iter::once(&self.links).chain(of_members).flatten();
        links.filter_map(|links| Some(links.acknowledge.as_deref()?.rsplit_once('=')?.1))
    }

    /// Returns a message about the server itself, with the keys of all others.
    pub(super) fn about_server(notice: ServerNotice) -> Self {
        let ServerNotice { id, event, at, incident, started_at, subject, chat, plain, fingerprint } = notice;
        let Words { title, text } = chat;
        let monitor = Uuid::nil();
        let [slug, environment] = [subject; 2].map(str::to_owned);
        let tags = [
            ("monitor.id", monitor.to_string()),
            ("monitor.slug", slug.clone()),
            ("monitor.incident", incident.to_string()),
            ("environment", environment.clone()),
        ];
        Self {
            id,
            event,
            at,
            title,
            text,
            reason: None,
            level: Cow::Borrowed("error"),
            fingerprint,
            tags: tags.map(|(key, value)| (Cow::Borrowed(key), value)).into(),
            monitor: Monitor { id: monitor, slug, owner: None },
            environment,
            incident: Incident {
                id: incident,
                started_at,
                resolved_at: None,
                duration_s: None,
                failures: Failures::default(),
            },
            check_in_id: Uuid::nil(),
            run: None,
            last_ok: None,
            escalated: false,
            links: None,
            plain: Some(plain),
            members: Vec::new(),
            digest: None,
        }
    }

    /// Returns the message of `crons alert test`.
    fn test(target: &str, id: Uuid, at: Timestamp) -> Self {
        let words = |escape: fn(&str) -> String| {
            let target = escape(target);
            Words {
                title: format!("Test of the target {target}"),
                text: format!(
                    "This is a test of the target {target} by `crons alert test`. Nothing has failed."
                ),
            }
        };
        Self::about_server(ServerNotice {
            id,
            event: EventName::Test,
            at,
            incident: Uuid::nil(),
            started_at: at,
            subject: "test",
            chat: words(escape_chat),
            plain: words(str::to_owned),
            fingerprint: "crons:test".to_owned(),
        })
    }
}

/// Returns the body of the message of `crons alert test`.
pub(super) fn test_body(target: &str, id: Uuid, at: Timestamp) -> String {
    // Serialization fails for maps with keys that are no texts, of which there are none.
    serde_json::to_string(&Message::test(target, id, at)).unwrap_or_default()
}

/// The sentence for people.
fn text(event: &IncidentEvent, lasted: Option<SignedDuration>) -> String {
    // Clients choose these names: they must neither mention people nor end the quotation.
    let [slug, environment] = [event.monitor.slug.as_str(), &event.environment.name].map(escape_chat);
    let job = format!("`{slug}` in `{environment}`");
    let reason = escape_chat(event.reason.as_deref().unwrap_or("a check-in failed"));
    let failures = failures(event.incident.failures);
    match event.kind {
        IncidentEventKind::Opened => {
            let last_ok = match event.environment.last_ok {
                Some(start) => format!("its last successful run started at {}", minute(start)),
                None => "it has never succeeded".to_owned(),
            };
            format!("{job} is failing: {reason}; {last_ok}.")
        }
        IncidentEventKind::Failure => {
            format!(
                "{job} has been failing since {}: {reason} ({failures}).",
                minute(event.incident.started_at)
            )
        }
        IncidentEventKind::Reminder => {
            format!("{job} is still failing, since {}: {failures}.", minute(event.incident.started_at))
        }
        IncidentEventKind::Escalated => {
            format!(
                "{job} has been failing since {}, and nobody has acknowledged it: {failures}.",
                minute(event.incident.started_at)
            )
        }
        IncidentEventKind::Resolved => {
            format!("{job} has recovered after {}: {failures}.", lasted.map_or_else(String::new, duration))
        }
        IncidentEventKind::Broken => format!(
            "{job} is broken: it has failed since {} ({failures}). If that goes on for 14 more days, it is muted.",
            minute(event.incident.started_at)
        ),
        IncidentEventKind::Muted => format!(
            "{job} is muted from now on: it has failed since {} ({failures}). Its runs are still recorded; unmute it once it is repaired.",
            minute(event.incident.started_at)
        ),
    }
}
