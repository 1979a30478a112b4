//! Bytes and sockets: the `Transport` trait, envelopes, and HTTP.

// The modules are in layer order: each uses only those above it.
pub(crate) mod transport;
pub(crate) mod envelope;
pub(crate) mod encode;
#[cfg(feature = "http")]
pub(crate) mod connect_error;
#[cfg(feature = "http")]
pub(crate) mod roots;
#[cfg(feature = "http")]
mod provider;
#[cfg(feature = "http")]
pub(crate) mod http;
