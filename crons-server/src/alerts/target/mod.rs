//! The targets of alerts, and how a message is sent to each.

// In layer order: a module uses only those above it.
mod keys;
mod signature;
mod roots;
mod addresses;
mod hidden;
mod retry_after;
mod http_client;
mod pulse;
mod webhook;
mod service;
mod services;
mod chat;
mod response;
mod email;
mod recipients;
mod command;
mod kind;
mod link_keys;
mod smtp;
mod client;

pub(super) use addresses::AddressPolicy;
pub use addresses::PrivateTargets;
pub use chat::ChatTarget;
pub(super) use client::TargetClient;
pub use command::CommandTarget;
pub use email::EmailTarget;
pub(super) use http_client::Trust;
pub(crate) use http_client::UNKNOWN_TARGET;
pub use http_client::{DeliveryError, WebhookResponse, chain, trusted_client};
pub use kind::Target;
pub use pulse::Pulse;
pub(crate) use pulse::PulseClient;
pub use response::TargetResponse;
#[cfg(feature = "postgres")]
pub(crate) use roots::trusted_roots;
pub use webhook::Webhook;
