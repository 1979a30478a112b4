//! Readers of check-ins: envelopes, payloads, and remarks about parts that have no effect. Nothing here knows HTTP.
//!
//! The form is read as leniently as by Sentry's Relay, the content as strictly as by Sentry's server; a refusal or a remark names the
//! field, its value, what is allowed, and what to write.

// The modules are in layer order: each uses only those above it.
mod json_object;
mod repeated_key;
pub(crate) mod json;
pub(crate) mod remarks;
mod payload;
mod envelope;

pub(crate) use envelope::{Envelope, EnvelopeError, MAX_ITEM};
pub(crate) use json_object::{JsonObject, describe_json_error};
pub(crate) use payload::{RawSchedule, UnvalidatedSchedule, minutes, parse_check_in, present, threshold};
pub(crate) use repeated_key::repeated_key;
