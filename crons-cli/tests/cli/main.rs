//! The commands of `crons`, each as a process.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;
mod listener;
mod alert;
mod backup;
#[cfg(all(unix, feature = "postgres"))]
#[path = "../../../crons-server/tests/harness/postgres.rs"]
mod cluster;
mod config;
mod demo;
mod doctor;
mod history;
mod import;
#[cfg(unix)]
mod keys;
mod manage;
#[cfg(all(unix, feature = "postgres"))]
mod move_database;
mod pages;
mod replay;
#[cfg(unix)]
mod run;
mod schedules;
mod serve;
mod silence;
mod simulate;
mod tail;
#[cfg(all(unix, feature = "postgres"))]
mod nodes;
#[cfg(all(unix, feature = "postgres"))]
mod postgres_connections;
