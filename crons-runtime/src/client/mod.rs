//! Selects the client that check-ins go to, and holds its options.

// In layer order: a module uses only those above it.
pub(crate) mod error;
pub(crate) mod client;
pub(crate) mod global;
pub(crate) mod options;
#[cfg(unix)]
pub(crate) mod signals;
