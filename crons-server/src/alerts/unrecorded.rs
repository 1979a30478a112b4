//! Outcomes of attempts that the database did not take, kept in memory: a message that was sent is not sent again for want of a
//! row, and one that failed waits as long as it would.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempt::{Attempt, DeliveryOutcome, DueAlert};

/// Outcomes that are kept at a time, at most. Nothing is sent while there are as many: what came of it could not be kept.
const MOST: usize = 10_000;

/// The newest outcome of each message, by the id of its row.
#[derive(Debug, Default)]
pub(super) struct Unrecorded(Mutex<HashMap<i64, Kept>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    /// How often the message was tried.
    attempts: u32,
    outcome: DeliveryOutcome,
}

/// The outcomes at one time. A look that is older than the outbox's answer would have a message sent again that was recorded between
/// the two, so it is taken first.
#[derive(Debug, Default)]
pub(super) struct Snapshot(HashMap<i64, Kept>);

impl Unrecorded {
    /// Keeps the outcome of the attempt number `attempts`.
    pub(super) fn keep(&self, attempts: u32, attempt: &Attempt) {
        self.kept().insert(attempt.id, Kept { attempts, outcome: attempt.outcome });
    }

    /// Whether the outcome of this attempt is still the newest of its message, so that it is to be recorded.
    pub(super) fn is_newest(&self, id: i64, attempts: u32) -> bool {
        self.kept().get(&id).is_some_and(|kept| kept.attempts == attempts)
    }

    /// Forgets the outcome of this attempt, as it is recorded.
    pub(super) fn forget(&self, id: i64, attempts: u32) {
        let mut kept = self.kept();
        if kept.get(&id).is_some_and(|kept| kept.attempts == attempts) {
            kept.remove(&id);
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot(self.kept().clone())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<i64, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// Whether there is no room for one more outcome.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// Messages that are over, or that their target refused, so that later ones do not wait for them.
    pub(super) fn passed_over(&self) -> Vec<i64> {
        let over = self.0.iter().filter(|(_, kept)| match kept.outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::Expired => true,
            DeliveryOutcome::Failed { refused, .. } => refused,
        });
        over.map(|(id, _)| *id).collect()
    }

    /// The message as it would be if its outcome were recorded.
    pub(super) fn amend(&self, alert: &mut DueAlert) {
        if let Some(Kept { attempts, outcome: DeliveryOutcome::Failed { next, .. } }) = self.0.get(&alert.id)
        {
            (alert.attempts, alert.next_attempt_at) = (*attempts, *next);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn attempt(id: i64, outcome: DeliveryOutcome) -> Attempt {
        Attempt { id, at: Timestamp::UNIX_EPOCH, outcome, answer: String::new() }
    }

    #[test]
    fn a_message_that_is_over_is_passed_over_and_one_that_failed_waits() {
        let unrecorded = Unrecorded::default();
        let failed = |refused| DeliveryOutcome::Failed { next: Timestamp::MAX, refused };
        for (id, outcome) in
            [DeliveryOutcome::Delivered, DeliveryOutcome::Expired, failed(true), failed(false)]
                .into_iter()
                .enumerate()
        {
            unrecorded.keep(3, &attempt(i64::try_from(id).unwrap(), outcome));
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
        };
        snapshot.amend(&mut waiting);
        assert_eq!((waiting.attempts, waiting.next_attempt_at), (3, Timestamp::MAX));
        assert!(!snapshot.is_full());
    }

    #[test]
    fn only_the_newest_outcome_of_a_message_is_recorded() {
        let unrecorded = Unrecorded::default();
        unrecorded.keep(1, &attempt(7, DeliveryOutcome::Delivered));
        unrecorded.keep(2, &attempt(7, DeliveryOutcome::Delivered));
        assert!(!unrecorded.is_newest(7, 1));
        unrecorded.forget(7, 1);
        assert!(unrecorded.is_newest(7, 2));
        unrecorded.forget(7, 2);
        assert!(unrecorded.snapshot().passed_over().is_empty());
    }
}
