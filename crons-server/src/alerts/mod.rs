//! Who is told about incidents, of what, and how it gets there.
//!
//! [`Alerts`] are the operator's rules. Their messages are made and stored in the transaction that decided what they say;
//! [`dispatcher`] takes them from there, as often as it takes.

// In layer order: a module uses only those above it.
mod error;
mod filter;
mod payload;
mod target;
mod rules;
mod dispatcher;

pub(crate) use dispatcher::{Attempt, Outbox, Outcome, Sender, Waiting};
pub use error::InvalidAlerts;
pub use filter::{Filter, Match};
pub(crate) use payload::Alert;
pub use rules::{Alerts, Combine, On, Rule};
pub use target::{Answer, NotSent, Webhook};
