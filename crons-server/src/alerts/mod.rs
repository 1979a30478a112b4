//! Who is told about incidents, of what, and how it gets there.
//!
//! [`Alerts`] are the operator's rules. Their messages are made and stored in the transaction that decided what they say;
//! [`sender`] takes them from there, as often as it takes.

mod filter;
mod literal;
mod message;
mod signature;
mod webhook;
mod post;
mod rules;
mod sender;

pub use filter::{Filter, Match};
pub(crate) use message::Alert;
pub use post::{Answer, NotSent};
pub use rules::{Alerts, Combine, On, Rule};
pub(crate) use sender::{Attempt, Outbox, Outcome, Sender, Waiting};
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
