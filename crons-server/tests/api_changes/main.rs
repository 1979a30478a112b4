//! Tests of monitors that people create and change by the API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/mod.rs"]
mod harness;
mod requests;

mod creation;
mod changes;
mod deadlines;
mod several;
