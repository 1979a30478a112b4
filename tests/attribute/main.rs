//! Tests of `#[crons::monitor]`, closures and guards: their reports, and that the job stays unchanged.

#[path = "../support/mod.rs"]
mod support;

mod allocations;
mod asynchronous;
mod cancel;
mod closures;
mod config;
mod disabled;
mod drops;
mod enabled;
mod heartbeat;
mod monitor_handle;
mod none;
mod other_ways;
mod outcomes;
mod panics;
mod size;
mod slug;
mod synchronous;
mod text;
