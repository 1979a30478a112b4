//! Tests of a running server by HTTP, whatever its database: on SQLite, and by `tests/postgres/run` on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../certificate/mod.rs"]
mod certificate;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../mail/mod.rs"]
mod mail;
#[path = "../receiver/mod.rs"]
mod receiver;

mod advice;
mod answers;
mod api_lists;
mod api_properties;
mod api_stats;
mod badges;
mod broken;
#[cfg(unix)]
mod commands;
mod connections;
mod drills;
mod email;
mod failing_targets;
mod history;
mod ingest;
mod list;
mod live;
mod metrics;
mod monitor_page;
#[cfg(feature = "postgres")]
mod node_targets;
#[cfg(feature = "postgres")]
mod nodes;
mod openapi;
mod outages;
mod page_commands;
mod page_edit;
mod page_silences;
mod pages;
mod paging;
mod receipts;
mod remarks;
mod responses;
mod restarts;
mod scenarios;
mod sign_in;
mod verdicts;
mod why;
