//! Messages about the server itself: a target that fails, and drills. Rules decide the targets, and no filter applies.

use jiff::Timestamp;
use uuid::Uuid;

use super::attempt::Attempt;
use super::escape::escape_chat;
use super::facts::{EventName, Words};
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
    /// Creates the messages of a drill, one for each target that a rule or the digest names.
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
            let words = |escape: fn(&str) -> String| {
                let target = escape(target);
                Words {
                    title: format!("Drill: alerts reach the target {target}"),
                    text: format!(
                        "This is a drill: the server tests the way of its messages to the target {target}. Nothing has failed."
                    ),
                }
            };
            Message::about_server(ServerNotice {
                id,
                event: EventName::Drill,
                at,
                incident: drill,
                started_at: at,
                subject: "drill",
                chat: words(escape_chat),
                plain: words(str::to_owned),
                fingerprint: "crons:drill".to_owned(),
            })
        };
        self.named_targets().map(|target| Alert::about_server(&message(target, new_id()), target)).collect()
    }
}

fn health_message(
    notice: &HealthNotice,
    failure_id: Uuid,
    failure: &FailingTarget,
    attempt: &Attempt,
    id: Uuid,
) -> Message {
    let lasted = duration(attempt.at.duration_since(failure.since));
    let since = minute(failure.since);
    let words = |escape: fn(&str) -> String| {
        let target = escape(&attempt.target);
        match notice {
            HealthNotice::Failing => Words {
                title: format!("Alerts do not reach the target {target}"),
                text: format!(
                    "The target {target} has accepted no alert for {lasted}, since {since}; its last answer: {}. The server goes on trying.",
                    escape(&failure.answer)
                ),
            },
            HealthNotice::Recovered => Words {
                title: format!("Alerts reach the target {target} again"),
                text: format!(
                    "The target {target} accepts alerts again; it had accepted none for {lasted}, since {since}."
                ),
            },
        }
    };
    let event = match notice {
        HealthNotice::Failing => EventName::TargetFailing,
        HealthNotice::Recovered => EventName::TargetRecovered,
    };
    let fingerprint = format!("crons:target:{}", attempt.target);
    Message::about_server(ServerNotice {
        id,
        event,
        at: attempt.at,
        incident: failure_id,
        started_at: failure.since,
        subject: "crons",
        chat: words(escape_chat),
        plain: words(str::to_owned),
        fingerprint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::attempt::DeliveryOutcome;
    use crate::alerts::escape::Markup;
    use crate::alerts::text::{details, headline};

    #[test]
    fn the_words_are_escaped_once_as_each_target_reads_them() {
        let attempt = Attempt {
            number: 1,
            ids: vec![1],
            target: "<ops> @home".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            outcome: DeliveryOutcome::Failed { next: Timestamp::MAX, refused: false },
            answer: "HTTP 404: <b>see https://ops.example</b>\n".to_owned(),
            is_drill: false,
        };
        let (failure, _) = FailingTarget::after(None, &attempt, &mut Uuid::new_v4);
        let stored =
            health_message(&HealthNotice::Failing, Uuid::nil(), &failure.unwrap(), &attempt, Uuid::nil());
        let message: Message = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
        assert_eq!(message.title, "Alerts do not reach the target _ops_ @\u{200b}home", "for chat programs");
        assert!(message.text.contains("_b_see https:\u{200b}//ops.example_/b_"), "{}", message.text);
        for (markup, name, answer) in [
            (Markup::Verbatim, "<ops> @home", "<b>see https://ops.example</b> "),
            (
                Markup::Slack,
                "&lt;ops&gt; @\u{200b}home",
                "&lt;b&gt;see https:\u{200b}//ops.example&lt;/b&gt; ",
            ),
            (Markup::Angles, "_ops_ @\u{200b}home", "_b_see https:\u{200b}//ops.example_/b_ "),
        ] {
            assert_eq!(headline(&message, markup), format!("Alerts do not reach the target {name}"));
            let shown = details(&message, markup, "\n", 4_000);
            assert!(shown.contains(&format!("its last answer: HTTP 404: {answer}.")), "{shown}");
        }
    }
}
