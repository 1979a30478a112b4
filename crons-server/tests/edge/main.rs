//! Tests of the server's edge: it accepts from clients what Relay accepts, and names what it refuses.
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
