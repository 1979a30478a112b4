//! Who is told about incidents, of what, and how it gets there.
//!
//! [`Alerts`] are the operator's rules. Their messages are made and stored in the transaction that decided what they say;
//! [`dispatcher`] takes them from there, as often as it takes.

// In layer order: a module uses only those above it.
mod error;
mod filter;
mod literal;
mod payload;
mod target;
mod rules;
mod attempt;
mod unrecorded;
mod dispatcher;

pub(crate) use attempt::{Attempt, DeliveryOutcome, DueAlert};
pub(crate) use dispatcher::{LONGEST_RETRY_AFTER, Outbox, Sender};
pub use error::InvalidAlerts;
pub use filter::{Filter, Operator};
pub(crate) use payload::Alert;
pub use rules::{Alerts, MatchMode, Rule, Trigger};
pub(crate) use target::UNKNOWN_TARGET;
pub use target::{DeliveryError, Webhook, WebhookResponse};
