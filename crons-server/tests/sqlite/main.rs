//! Tests of a running server by HTTP that also read or change its SQLite file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../mail/mod.rs"]
mod mail;
#[path = "../receiver/mod.rs"]
mod receiver;

mod access;
mod alerts;
mod deletion;
mod digests;
mod file;
mod groups;
mod opening;
mod pulse;
mod reminders;
mod retention;
mod silences;
mod storm;
mod targets;
mod tokens;
mod unreadable;
