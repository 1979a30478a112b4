//! The client of a program: how it starts, its options, its log, and the kit for tests of jobs.

#[path = "../support/mod.rs"]
mod support;

mod init;
mod settings;
mod startup_log;
mod subscriber_panics;
mod test_client;
