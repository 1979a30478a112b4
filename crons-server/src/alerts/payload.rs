//! The messages that webhooks get: one JSON object each.

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::escape::escape_chat;
use crate::domain::{Failures, IncidentEvent, IncidentEventKind};

/// A message about an event for one webhook, as it is stored in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// The id of the message, the same on every attempt, by which a receiver recognises a repetition.
    pub key: Uuid,
    /// The name of the webhook.
    pub target: String,
    pub event: &'static str,
    pub incident: Uuid,
    pub check_in: Uuid,
    pub at: Timestamp,
    pub body: String,
}

impl Alert {
    pub(super) fn new(event: &IncidentEvent, target: &str, key: Uuid) -> serde_json::Result<Self> {
        Ok(Self {
            key,
            target: target.to_owned(),
            event: name(event.kind),
            incident: event.incident.guid,
            check_in: event.check_in,
            at: event.at,
            body: serde_json::to_string(&Message::new(event, key))?,
        })
    }
}

/// The body of a message, described to its receivers in `payload.md`.
#[derive(Serialize)]
pub(super) struct Message {
    /// The id of the message, the same on every attempt and in the header `webhook-id`.
    id: Uuid,
    /// `opened`, `failure` (a further failure while the incident is open), `resolved`, or `test` from `crons alert test`.
    event: &'static str,
    /// The time of the decision.
    at: Timestamp,
    /// `Cron failure: nightly-backup`, the same for all events of a monitor.
    title: String,
    /// A sentence or two for people, under the key that chat programs show.
    text: String,
    /// The failures in Sentry's words: `2 missed check-ins detected`; `null` for a resolved incident.
    reason: Option<String>,
    /// Always `error`.
    level: &'static str,
    /// The key to group messages by, the same for all incidents of a monitor in an environment.
    fingerprint: String,
    /// `monitor.id`, `monitor.slug`, `monitor.incident` and `environment`.
    tags: BTreeMap<&'static str, String>,
    monitor: Monitor,
    /// The name of the environment.
    environment: String,
    incident: Incident,
    /// The run that failed last, or that resolved the incident.
    check_in_id: Uuid,
    /// The start of the newest successful run.
    last_ok: Option<Timestamp>,
}

#[derive(Serialize)]
struct Monitor {
    id: Uuid,
    slug: String,
    /// `user:…` or `team:…`.
    owner: Option<String>,
}

#[derive(Serialize)]
struct Incident {
    id: Uuid,
    /// The start of the first of the failures that opened the incident.
    started_at: Timestamp,
    resolved_at: Option<Timestamp>,
    /// The length in whole seconds; `null` while the incident is open.
    duration_s: Option<i64>,
    /// The number of failures since its start, by kind: `error`, `missed`, `timeout`.
    failures: Failures,
}

impl Message {
    fn new(event: &IncidentEvent, id: Uuid) -> Self {
        let IncidentEvent { kind, at, monitor, environment, incident, check_in, reason } = event;
        let lasted = incident.resolved_at.map(|end| end.duration_since(incident.started_at));
        Self {
            id,
            event: name(*kind),
            at: *at,
            title: escape_chat(&event.title()),
            text: text(event, lasted),
            reason: reason.clone(),
            level: "error",
            fingerprint: event.fingerprint(),
            tags: event.tags().into(),
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
            last_ok: environment.last_ok,
        }
    }

    /// The message of `crons alert test`, with the keys of all others.
    pub(super) fn test(target: &str, id: Uuid, at: Timestamp) -> Self {
        let [monitor, incident] = [Uuid::nil(); 2];
        let [slug, environment] = ["test", "test"].map(str::to_owned);
        let tags = [
            ("monitor.id", monitor.to_string()),
            ("monitor.slug", slug.clone()),
            ("monitor.incident", incident.to_string()),
            ("environment", environment.clone()),
        ];
        Self {
            id,
            event: "test",
            at,
            title: format!("Test of the webhook {}", escape_chat(target)),
            text: format!(
                "This is a test of the webhook {} by `crons alert test`. Nothing has failed.",
                escape_chat(target)
            ),
            reason: None,
            level: "error",
            fingerprint: "crons:test".to_owned(),
            tags: tags.into(),
            monitor: Monitor { id: monitor, slug, owner: None },
            environment,
            incident: Incident {
                id: incident,
                started_at: at,
                resolved_at: None,
                duration_s: None,
                failures: Failures::default(),
            },
            check_in_id: Uuid::nil(),
            last_ok: None,
        }
    }
}

/// The word of the key `event`.
fn name(kind: IncidentEventKind) -> &'static str {
    match kind {
        IncidentEventKind::Opened => "opened",
        IncidentEventKind::Failure => "failure",
        IncidentEventKind::Resolved => "resolved",
    }
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
        IncidentEventKind::Resolved => {
            format!("{job} has recovered after {}: {failures}.", lasted.map_or_else(String::new, duration))
        }
    }
}

/// The failures by kind, such as `3 runs missed, 1 timed out, 2 failed`. A kind without failures is left out.
fn failures(Failures { error, missed, timeout }: Failures) -> String {
    let kinds = [(missed, "missed"), (timeout, "timed out"), (error, "failed")];
    let kinds: Vec<_> = kinds.into_iter().filter(|(count, _)| *count > 0).collect();
    let Some(&(first, _)) = kinds.first() else { return "no run failed".to_owned() };
    let runs = if first == 1 { "run " } else { "runs " };
    let parts = kinds
        .iter()
        .enumerate()
        .map(|(place, (count, kind))| format!("{count} {}{kind}", if place == 0 { runs } else { "" }));
    parts.collect::<Vec<_>>().join(", ")
}

/// An instant to the minute: `2024-06-03 10:05 UTC`.
fn minute(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A length in its two largest units: `2 h 5 min`.
fn duration(lasted: SignedDuration) -> String {
    let seconds = lasted.as_secs().max(0);
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(units.len() - 1);
    let shown = units.iter().skip(first).take(2).filter(|(count, _)| *count > 0 || seconds == 0);
    shown.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}
