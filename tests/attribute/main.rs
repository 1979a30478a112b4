//! `#[crons::monitor]`, closures and guards: what they report, and that the job stays as it was.

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
