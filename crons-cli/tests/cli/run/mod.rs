//! Tests of `crons run`: jobs as processes, with real signals, pipes, terminals and servers.

pub mod lab;
mod arguments;
mod exit_codes;
mod streams;
mod output;
mod signals;
mod terminal;
mod limits;
mod overlap;
mod inside;
mod delivery;
mod backlog;
mod spool;
