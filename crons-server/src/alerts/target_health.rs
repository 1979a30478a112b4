//! The health of targets: one is failing from its first failed attempt until it accepts a message.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attempt::{Attempt, DeliveryOutcome};
use crate::domain::NewId;

/// The time for which a target fails until the other targets get a message about it.
pub(super) const TOLD_AFTER: SignedDuration = SignedDuration::from_mins(15);
/// The number of characters of an answer that are kept.
const MAX_ANSWER: usize = 200;

/// A target that has accepted no message since an attempt failed, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FailingTarget {
    /// The time of the first failed attempt.
    pub(crate) since: Timestamp,
    /// The beginning of the last answer, or the reason why there is none.
    pub(crate) answer: String,
    /// The id that the messages about this failure share; `None` until the other targets get the first of them.
    told: Option<Uuid>,
}

/// A change of a target's health that the other targets get a message about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HealthNotice {
    Failing,
    Recovered,
}

impl FailingTarget {
    /// Returns the health after an attempt, `None` if the target accepts messages, and the change to tell with the id of the failure.
    pub(super) fn after(
        before: Option<&Self>,
        attempt: &Attempt,
        new_id: NewId<'_>,
    ) -> (Option<Self>, Option<(HealthNotice, Uuid)>) {
        if attempt.outcome == DeliveryOutcome::Delivered {
            let told = before.and_then(|failing| failing.told);
            return (None, told.map(|id| (HealthNotice::Recovered, id)));
        }
        let since = before.map_or(attempt.at, |failing| failing.since);
        let answer = attempt.answer.chars().take(MAX_ANSWER).collect();
        let told = before.and_then(|failing| failing.told);
        let is_due = told.is_none() && attempt.at.duration_since(since) >= TOLD_AFTER;
        let notice = is_due.then(|| (HealthNotice::Failing, new_id()));
        let told = told.or(notice.as_ref().map(|(_, id)| *id));
        (Some(Self { since, answer, told }), notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(minute: i64, outcome: DeliveryOutcome) -> Attempt {
        let at = Timestamp::from_second(minute * 60).unwrap();
        Attempt {
            number: 1,
            ids: vec![1],
            target: "ops".to_owned(),
            at,
            outcome,
            answer: format!("answer {minute}"),
            is_drill: false,
        }
    }

    #[test]
    fn a_failure_is_told_once_after_a_quarter_of_an_hour_and_its_end_once() {
        let failed = DeliveryOutcome::Failed { next: Timestamp::MAX, refused: true };
        let mut health = None;
        let mut told = Vec::new();
        for (minute, outcome) in [
            (0, DeliveryOutcome::Delivered),
            (10, failed),
            (24, failed),
            (25, failed),
            (26, failed),
            (99, DeliveryOutcome::Expired),
            (100, DeliveryOutcome::Delivered),
            (101, DeliveryOutcome::Delivered),
            // A short failure is not told, and neither is its end.
            (110, failed),
            (120, DeliveryOutcome::Delivered),
            (121, failed),
            (135, failed),
        ] {
            let (after, notice) =
                FailingTarget::after(health.as_ref(), &attempt(minute, outcome), &mut || Uuid::from_u128(7));
            if let Some((notice, id)) = notice {
                assert_eq!(id, Uuid::from_u128(7));
                told.push((minute, notice));
            }
            health = after;
        }
        assert_eq!(told, [(25, HealthNotice::Failing), (100, HealthNotice::Recovered)]);
        let health = health.unwrap();
        assert_eq!(health.since, Timestamp::from_second(121 * 60).unwrap());
        assert_eq!(health.answer, "answer 135");
        let stored = serde_json::to_string(&health).unwrap();
        assert_eq!(serde_json::from_str::<FailingTarget>(&stored).unwrap(), health);
    }
}
