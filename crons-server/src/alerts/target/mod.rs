//! The targets of alerts, and the ways to them.

// In layer order: a module uses only those above it.
mod signature;
mod webhook;
mod http_client;

pub(super) use http_client::Connection;
pub use http_client::{Answer, NotSent};
pub use webhook::Webhook;
