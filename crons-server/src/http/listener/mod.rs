//! The loop that accepts connections, and the table that says which of them goes when there is no room.

// In layer order: a module uses only those above it.
mod connection_table;
mod accept_loop;

pub use accept_loop::{RequestBody, Site, serve};
pub use connection_table::Seldom;
