//! The loop that accepts connections, and the table from which idle ones are evicted.

// The modules are in layer order: each uses only those above it.
mod connection_table;
mod accept_loop;

pub use accept_loop::{RequestBody, Streaming, serve};
