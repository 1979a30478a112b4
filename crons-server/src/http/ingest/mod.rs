//! The routes that take check-ins, and those of what carries none.

// In layer order: a module uses only those above it.
mod auth;
mod encoding;
mod body;
mod cors;
mod endpoints;
mod unmonitored;

pub use cors::{cors, readable_by_pages};
pub use endpoints::{cron, envelope, envelope_endpoint};
pub use unmonitored::{attachments, crash, otlp, report, store, store_pixel};
