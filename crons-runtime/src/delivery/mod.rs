//! Decides which check-in may go to the server, and when. Time is an argument; there is no I/O and no thread.

// The modules are in layer order: each uses only those above it.
mod backoff;
mod flush_tracker;
pub(crate) mod server_limits;
mod rate_limiter;
pub(crate) mod run_queue;
mod delay_queue;
mod backlog;
pub(crate) mod open_runs;
pub(crate) mod keep_alive;
mod remarked;
pub(crate) mod on_exit;
pub(crate) mod max_check_ins;
pub(crate) mod upsert;
pub(crate) mod delivery;
mod send_decision;
mod keep_alive_turns;
mod spooling;
pub(crate) mod response;
