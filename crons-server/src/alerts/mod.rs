//! Alerts: the operator's rules, the messages they produce, and their delivery to targets.
//!
//! [`Alerts`] decides which targets get a message about an event. The message is stored in the transaction that stores the event, as the
//! JSON that webhooks get. [`dispatcher`] sends it, in the words of its target, again and again until the target accepts it or the message
//! expires.

// In layer order: a module uses only those above it.
mod error;
mod escape;
mod public_url;
mod response_keys;
mod words;
mod facts;
mod page_links;
mod digest;
mod digest_facts;
mod payload;
mod members;
mod lines;
mod digest_text;
mod text;
mod target;
mod rule;
mod rule_faults;
mod rules;
mod tables;
mod attempt;
mod group;
mod group_size;
mod target_health;
mod server_notices;
mod digest_message;
mod unrecorded;
mod dispatcher;

pub use crate::domain::{Filter, InvalidFilter, Operator};
pub(crate) use attempt::{Attempt, DeliveryOutcome, DueAlert};
pub use digest::Digest;
pub(crate) use digest_facts::{DigestFacts, FailedJob, IdleJob, QuietJob, QuietReason, Section, SlowJob};
pub(crate) use digest_message::digest_id;
pub(crate) use dispatcher::{MAX_RETRY_AFTER, Outbox, Sender};
pub use error::InvalidAlerts;
pub(crate) use facts::DRILL;
pub(crate) use payload::Alert;
pub use public_url::PublicUrl;
pub(crate) use response_keys::ResponseKeys;
pub use rule::{Escalation, MatchMode, Rule, Trigger};
pub use rules::Alerts;
#[cfg(feature = "postgres")]
pub(crate) use target::trusted_roots;
pub use target::{
    ChatTarget, CommandTarget, DeliveryError, EmailTarget, PrivateTargets, Pulse, Target, TargetResponse,
    Webhook, WebhookResponse, chain, trusted_client,
};
pub(crate) use target::{PulseClient, UNKNOWN_TARGET};
pub(crate) use target_health::FailingTarget;
