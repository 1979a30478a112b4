//! A message that waits, and the outcome of one attempt to send it.

use jiff::Timestamp;
use uuid::Uuid;

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueAlert {
    /// Its place in the outbox.
    pub id: i64,
    pub key: Uuid,
    pub target: String,
    pub body: String,
    pub created_at: Timestamp,
    pub attempts: u32,
    pub next_attempt_at: Timestamp,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub id: i64,
    pub at: Timestamp,
    pub outcome: DeliveryOutcome,
    /// What the target said, or why it did not.
    pub answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    Delivered,
    /// To be tried again.
    Failed {
        next: Timestamp,
        /// The target refused this very message: later ones need not wait for it.
        refused: bool,
    },
    Expired,
}
