//! A message in the outbox, and the outcome of one attempt to send it.

use jiff::Timestamp;
use uuid::Uuid;

/// A message that is not delivered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueAlert {
    /// The id of its row. Messages to one target are sent in the order of their ids.
    pub id: i64,
    /// The id that the receiver sees, the same on every attempt.
    pub key: Uuid,
    /// The name of the target.
    pub target: String,
    /// The stored JSON, from which the target renders what it sends.
    pub body: String,
    pub created_at: Timestamp,
    /// The number of attempts so far.
    pub attempts: u32,
    pub next_attempt_at: Timestamp,
    /// Whether the message is one of a drill.
    pub is_drill: bool,
    /// The instant until which it waits for others to be sent with; `None`: it is sent alone.
    pub group_until: Option<Timestamp>,
    /// Whether the target has refused it at the last attempt.
    pub refused: bool,
}

/// An attempt to send a message, or several as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// The number of the attempt to send the first of its messages, from 1 on.
    pub number: u32,
    /// The ids of the rows of its messages, at least one.
    pub ids: Vec<i64>,
    /// The name of the target.
    pub target: String,
    pub at: Timestamp,
    pub outcome: DeliveryOutcome,
    /// Status and body of the answer, or the reason why there is none.
    pub answer: String,
    /// Whether the message is one of a drill.
    pub is_drill: bool,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    /// The target has accepted the message.
    Delivered,
    /// The message is sent again.
    Failed {
        /// The time of the next attempt.
        next: Timestamp,
        /// Whether the target refuses this message and not any message at this time. Later messages do not wait for it.
        refused: bool,
    },
    /// The message is not sent any more.
    Expired,
}
