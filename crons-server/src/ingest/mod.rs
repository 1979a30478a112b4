//! From bytes to check-ins: as lenient as Sentry's own edge about form, as strict about content, and never silent.

mod auth;
mod remarks;
mod payload;
mod envelope;
mod body;
mod http;

pub use http::{cron, envelope, envelope_endpoint, no_head};
pub(crate) use payload::parse_check_in;
