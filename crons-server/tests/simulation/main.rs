//! Timelines and what a server makes of them, by the rules of Sentry's own.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod dsl;
mod scenarios;
mod deadlines;
mod updates;
mod refusals;
mod held;
mod incidents;
