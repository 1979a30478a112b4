//! The targets of alerts: webhooks, their signatures, and the HTTP client that sends to them.

// In layer order: a module uses only those above it.
mod signature;
mod webhook;
mod roots;
mod http_client;

pub(crate) use http_client::UNKNOWN_TARGET;
pub use http_client::{DeliveryError, WebhookResponse, chain, trusted_client};
pub(super) use http_client::{Trust, WebhookClient};
pub use webhook::Webhook;
