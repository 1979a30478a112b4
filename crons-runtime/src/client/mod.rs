//! The client: its options, its handle, and the selection of the one that a thread reports to.

// The modules are in layer order: each uses only those above it.
pub(crate) mod error;
pub(crate) mod options;
mod delivery_setters;
pub(crate) mod settings;
pub(crate) mod destination;
pub(crate) mod global;
pub(crate) mod init_guard;
pub(crate) mod client;
pub(crate) mod scope;
pub(crate) mod current;
#[cfg(unix)]
pub(crate) mod signals;
