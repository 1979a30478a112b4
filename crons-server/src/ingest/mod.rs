//! From bytes to check-ins: as lenient as Sentry's own edge about form, as strict about content, and never silent. HTTP is not known here.

// In layer order: a module uses only those above it.
mod json_object;
pub(crate) mod json;
pub(crate) mod remarks;
mod payload;
mod envelope;

pub(crate) use envelope::{Envelope, EnvelopeError, MAX_ITEM};
pub(crate) use json_object::{Object, fault};
pub(crate) use payload::parse_check_in;
