//! Tests of timelines by the rules of Sentry's own server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod dsl;
mod told;
mod any;
mod explanations;
mod properties;
mod scenarios;
mod scenarios_12_to_20;
mod deadlines;
mod expectations;
mod updates;
mod refusals;
mod held;
mod incidents;
mod muting;
mod silences;
