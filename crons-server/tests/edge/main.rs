//! The server's edge: what Relay takes from clients, this server takes; what it does not take, it names.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/mod.rs"]
mod harness;
mod raw;

mod encodings;
mod keys;
mod paths;
mod half_closed;
mod pages;
mod messages;
mod methods;
mod ids;
mod unmonitored;
