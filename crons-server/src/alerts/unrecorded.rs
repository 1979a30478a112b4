//! Outcomes of attempts that the database could not store, kept in memory until it can. So a delivered message is not sent again while the
//! database fails, and a failed one waits for its next attempt.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempt::{Attempt, DeliveryOutcome, DueAlert};

/// The number of outcomes that are kept. With as many the dispatcher sends nothing, since it could not keep the outcome.
const MAX_KEPT: usize = 10_000;

/// The newest outcome of each message, by the id of its row.
#[derive(Debug, Default)]
pub(super) struct Unrecorded(Mutex<HashMap<i64, Kept>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    /// The number of attempts.
    attempts: u32,
    outcome: DeliveryOutcome,
}

/// A copy of the outcomes. The dispatcher takes it before it reads the outbox: if it took it after, an outcome could be stored between the
/// two, which neither of them would then show, and the message would be sent again.
#[derive(Debug, Default)]
pub(super) struct Snapshot(HashMap<i64, Kept>);

impl Unrecorded {
    /// Keeps the outcome of an attempt.
    pub(super) fn keep(&self, attempt: &Attempt) {
        let kept = Kept { attempts: attempt.number, outcome: attempt.outcome };
        self.kept().extend(attempt.ids.iter().map(|id| (*id, kept)));
    }

    /// Whether this attempt is still the newest of its message. The outcome of an older one is not stored any more.
    pub(super) fn is_newest(&self, id: i64, attempts: u32) -> bool {
        self.kept().get(&id).is_some_and(|kept| kept.attempts == attempts)
    }

    /// Removes the outcome of this attempt after it was stored. The outcome of a newer attempt stays.
    pub(super) fn forget(&self, id: i64, attempts: u32) {
        let mut kept = self.kept();
        if kept.get(&id).is_some_and(|kept| kept.attempts == attempts) {
            kept.remove(&id);
        }
    }

    /// Copies the outcomes.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot(self.kept().clone())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<i64, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// Whether no further outcome can be kept.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MAX_KEPT
    }

    /// The ids of messages that later ones do not wait for: delivered, expired, or refused by their target.
    pub(super) fn passed_over(&self) -> Vec<i64> {
        let passed_over = self.0.iter().filter(|(_, kept)| match kept.outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::Expired => true,
            DeliveryOutcome::Failed { refused, .. } => refused,
        });
        passed_over.map(|(id, _)| *id).collect()
    }

    /// Updates a message to the state that it would have if its outcome were stored.
    pub(super) fn amend(&self, alert: &mut DueAlert) {
        if let Some(Kept { attempts, outcome: DeliveryOutcome::Failed { next, refused } }) =
            self.0.get(&alert.id)
        {
            (alert.attempts, alert.next_attempt_at, alert.refused) = (*attempts, *next, *refused);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn attempt(number: u32, id: i64, outcome: DeliveryOutcome) -> Attempt {
        Attempt {
            number,
            ids: vec![id],
            target: "ops".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            outcome,
            answer: String::new(),
            is_drill: false,
        }
    }

    #[test]
    fn a_delivered_message_is_passed_over_and_a_failed_waits() {
        let unrecorded = Unrecorded::default();
        let failed = |refused| DeliveryOutcome::Failed { next: Timestamp::MAX, refused };
        for (id, outcome) in
            [DeliveryOutcome::Delivered, DeliveryOutcome::Expired, failed(true), failed(false)]
                .into_iter()
                .enumerate()
        {
            unrecorded.keep(&attempt(3, i64::try_from(id).unwrap(), outcome));
        }
        let snapshot = unrecorded.snapshot();
        let mut passed_over = snapshot.passed_over();
        passed_over.sort_unstable();
        assert_eq!(passed_over, [0, 1, 2]);
        let mut waiting = DueAlert {
            id: 3,
            key: uuid::Uuid::nil(),
            target: "ops".to_owned(),
            body: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            attempts: 1,
            next_attempt_at: Timestamp::UNIX_EPOCH,
            is_drill: false,
            group_until: None,
            refused: false,
        };
        snapshot.amend(&mut waiting);
        assert_eq!((waiting.attempts, waiting.next_attempt_at), (3, Timestamp::MAX));
        assert!(!snapshot.is_full());
    }

    #[test]
    fn only_the_newest_outcome_of_a_message_is_kept() {
        let unrecorded = Unrecorded::default();
        unrecorded.keep(&attempt(1, 7, DeliveryOutcome::Delivered));
        unrecorded.keep(&attempt(2, 7, DeliveryOutcome::Delivered));
        assert!(!unrecorded.is_newest(7, 1));
        unrecorded.forget(7, 1);
        assert!(unrecorded.is_newest(7, 2));
        unrecorded.forget(7, 2);
        assert!(unrecorded.snapshot().passed_over().is_empty());
    }
}
