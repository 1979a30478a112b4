//! From bytes to check-ins: as lenient as Sentry's own edge about form, as strict about content, and never silent.

mod auth;
mod remarks;
mod payload;
mod envelope;
mod encoding;
mod body;
mod cors;
mod http;
mod unmonitored;

pub use cors::{cors, readable_by_pages};
pub use http::{cron, envelope, envelope_endpoint};
pub(crate) use payload::parse_check_in;
pub use unmonitored::{attachments, crash, otlp, report, store, store_pixel};
