//! Alerts: the operator's rules, the messages they produce, and their delivery to webhooks.
//!
//! [`Alerts`] decides which webhooks get a message about an event. The message is stored in the transaction that stores the event;
//! [`dispatcher`] sends it, again and again until the webhook accepts it or the message expires.

// In layer order: a module uses only those above it.
mod error;
mod escape;
mod payload;
mod target;
mod rules;
mod attempt;
mod unrecorded;
mod dispatcher;

pub use crate::domain::{Filter, InvalidFilter, Operator};
pub(crate) use attempt::{Attempt, DeliveryOutcome, DueAlert};
pub(crate) use dispatcher::{MAX_RETRY_AFTER, Outbox, Sender};
pub use error::InvalidAlerts;
pub(crate) use payload::Alert;
pub use rules::{Alerts, MatchMode, Rule, Trigger};
pub(crate) use target::UNKNOWN_TARGET;
pub use target::{DeliveryError, Webhook, WebhookResponse, chain, trusted_client};
