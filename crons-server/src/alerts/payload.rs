//! What a target is told: one JSON object.

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::literal::literal;
use crate::domain::{Failures, IncidentEvent, IncidentEventKind};

/// A message that was decided, for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// The same on every attempt: by it a receiver knows a repetition.
    pub key: Uuid,
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
    /// The same on every attempt, and in the header `webhook-id`: what has come before under it is a repetition.
    id: Uuid,
    /// `opened`, `failure` (a further one while it is open), `resolved`; `test` from `crons alert test`.
    event: &'static str,
    /// When that was decided.
    at: Timestamp,
    /// `Cron failure: nightly-backup`, the same for all events of a monitor.
    title: String,
    /// A sentence or two for people, under the key that chat programs show.
    text: String,
    /// Sentry's sentence about the failures: `2 missed check-ins detected`; `null` once resolved.
    reason: Option<String>,
    /// Always `error`.
    level: &'static str,
    /// The same for all incidents of a monitor in an environment: what to group by.
    fingerprint: String,
    /// `monitor.id`, `monitor.slug`, `monitor.incident` and `environment`.
    tags: BTreeMap<&'static str, String>,
    monitor: Monitor,
    /// The environment's name.
    environment: String,
    incident: Incident,
    /// The run that failed last, or that resolved the incident.
    check_in_id: Uuid,
    /// When the newest run that ended well began.
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
    /// When the first of the failures that opened it began.
    started_at: Timestamp,
    resolved_at: Option<Timestamp>,
    /// How long it lasted, in whole seconds; `null` while it is open.
    duration_s: Option<i64>,
    /// Failures since it began, by kind: `error`, `missed`, `timeout`.
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
            title: literal(&event.title()),
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

    /// One that says that it is a test, in the shape of all others.
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
            title: format!("Test of the webhook {}", literal(target)),
            text: format!(
                "This is a test of the webhook {} by `crons alert test`: nothing has failed.",
                literal(target)
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

fn name(kind: IncidentEventKind) -> &'static str {
    match kind {
        IncidentEventKind::Opened => "opened",
        IncidentEventKind::Failure => "failure",
        IncidentEventKind::Resolved => "resolved",
    }
}

fn text(event: &IncidentEvent, lasted: Option<SignedDuration>) -> String {
    // Clients choose these: they must not call a whole channel, nor end the quotation.
    let [slug, environment] = [event.monitor.slug.as_str(), &event.environment.name].map(literal);
    let job = format!("`{slug}` in `{environment}`");
    let reason = literal(event.reason.as_deref().unwrap_or("a check-in failed"));
    let failures = failures(event.incident.failures);
    match event.kind {
        IncidentEventKind::Opened => {
            let last_ok = match event.environment.last_ok {
                Some(begin) => format!("its last good run began at {}", minute(begin)),
                None => "it has never ended well".to_owned(),
            };
            format!("{job} is failing: {reason}; {last_ok}.")
        }
        IncidentEventKind::Failure => {
            format!(
                "{job} is still failing, since {}: {reason} ({failures}).",
                minute(event.incident.started_at)
            )
        }
        IncidentEventKind::Resolved => {
            format!("{job} is well again after {}: {failures}.", lasted.map_or_else(String::new, duration))
        }
    }
}

/// `3 runs missed, 1 timed out, 2 failed`, without what there was none of.
fn failures(Failures { error, missed, timeout }: Failures) -> String {
    let kinds = [(missed, "missed"), (timeout, "timed out"), (error, "failed")];
    let kinds: Vec<_> = kinds.into_iter().filter(|(count, _)| *count > 0).collect();
    let Some(&(first, _)) = kinds.first() else { return "no run missed".to_owned() };
    let runs = if first == 1 { "run " } else { "runs " };
    let parts = kinds
        .iter()
        .enumerate()
        .map(|(place, (count, kind))| format!("{count} {}{kind}", if place == 0 { runs } else { "" }));
    parts.collect::<Vec<_>>().join(", ")
}

/// `2024-06-03 10:05 UTC`
fn minute(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The two largest units: `2 h 5 min`.
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
