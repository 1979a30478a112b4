//! Messages about the server itself: a target that fails, and drills. Rules decide the targets, and no filter applies.

use jiff::Timestamp;
use uuid::Uuid;

use super::attempt::Attempt;
use super::escape::escape_chat;
use super::facts::EventName;
use super::payload::{Alert, Message, ServerNotice};
use super::rules::Alerts;
use super::target_health::{FailingTarget, HealthNotice};
use super::words::{duration, minute};
use crate::domain::NewId;

/// The consequences of an attempt for its target and for the others.
#[derive(Debug)]
pub(crate) struct HealthChange {
    /// The health of the target; `None` if it accepts messages.
    pub(crate) health: Option<FailingTarget>,
    /// Messages to the other targets.
    pub(crate) alerts: Vec<Alert>,
}

impl Alerts {
    /// Returns the consequences of an attempt: the health of its target, and messages to the other targets if it has failed for a quarter
    /// of an hour, or accepts messages again.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub(crate) fn after_attempt(
        &self,
        before: Option<&FailingTarget>,
        attempt: &Attempt,
        new_id: NewId<'_>,
    ) -> serde_json::Result<HealthChange> {
        let (health, notice) = FailingTarget::after(before, attempt, &mut *new_id);
        let mut alerts = Vec::new();
        let failure = health.as_ref().or(before);
        if let (Some((notice, id)), Some(failure)) = (notice, failure) {
            for other in self.targets_of_rules().filter(|other| *other != attempt.target) {
                let message = health_message(&notice, id, failure, attempt, new_id());
                alerts.push(Alert::about_server(&message, other)?);
            }
        }
        Ok(HealthChange { health, alerts })
    }
}

impl Alerts {
    /// Creates the messages of a drill, one for each target that a rule names.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub(crate) fn drill(
        &self,
        drill: Uuid,
        at: Timestamp,
        new_id: NewId<'_>,
    ) -> serde_json::Result<Vec<Alert>> {
        let message = |target: &str, id| {
            let escaped = escape_chat(target);
            Message::about_server(ServerNotice {
                id,
                event: EventName::Drill,
                at,
                incident: drill,
                started_at: at,
                subject: "drill",
                title: format!("Drill: alerts reach the target {escaped}"),
                text: format!(
                    "This is a drill: the server tests the way of alerts from its rules to the target {escaped}. Nothing has failed."
                ),
                fingerprint: "crons:drill".to_owned(),
            })
        };
        self.targets_of_rules()
            .map(|target| Alert::about_server(&message(target, new_id()), target))
            .collect()
    }
}

fn health_message(
    notice: &HealthNotice,
    failure_id: Uuid,
    failure: &FailingTarget,
    attempt: &Attempt,
    id: Uuid,
) -> Message {
    let target = escape_chat(&attempt.target);
    let lasted = duration(attempt.at.duration_since(failure.since));
    let since = minute(failure.since);
    let (event, title, text) = match notice {
        HealthNotice::Failing => (
            EventName::TargetFailing,
            format!("Alerts do not reach the target {target}"),
            format!(
                "The target {target} has accepted no alert for {lasted}, since {since}; its last answer: {}. The server goes on trying.",
                escape_chat(&failure.answer)
            ),
        ),
        HealthNotice::Recovered => (
            EventName::TargetRecovered,
            format!("Alerts reach the target {target} again"),
            format!(
                "The target {target} accepts alerts again; it had accepted none for {lasted}, since {since}."
            ),
        ),
    };
    let fingerprint = format!("crons:target:{}", attempt.target);
    Message::about_server(ServerNotice {
        id,
        event,
        at: attempt.at,
        incident: failure_id,
        started_at: failure.since,
        subject: "crons",
        title,
        text,
        fingerprint,
    })
}
