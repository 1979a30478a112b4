//! The handlers of clients' requests: check-ins, and data that this server accepts and discards.

// The modules are in layer order: each uses only those above it.
mod auth;
mod encoding;
mod body;
mod cors;
mod endpoints;
mod unmonitored;

pub use cors::{allow_any_origin, cors};
pub use endpoints::{cron, envelope, envelope_endpoint};
pub use unmonitored::{attachments, crash, otlp, report, store, store_pixel};
