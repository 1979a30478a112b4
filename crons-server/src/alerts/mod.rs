//! Who is told about incidents, of what, and how it gets there.
//!
//! [`Alerts`] are the operator's rules. Their messages are made and stored in the transaction that decided what they say;
//! [`sender`] takes them from there, as often as it takes.

mod filter;
mod literal;
mod message;
mod signature;
mod webhook;
mod roots;
mod post;
mod rules;
mod attempt;
mod unrecorded;
mod sender;

pub(crate) use attempt::{Attempt, Outcome, Waiting};
pub use filter::{Filter, Match};
pub(crate) use message::Alert;
pub(crate) use post::UNKNOWN_TARGET;
pub use post::{Answer, NotSent};
pub use rules::{Alerts, Combine, On, Rule};
pub(crate) use sender::{LONGEST_RETRY_AFTER, Outbox, Sender};
pub use webhook::Webhook;

/// Why a text is no configuration of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAlerts(String);

impl std::fmt::Display for InvalidAlerts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAlerts {}
