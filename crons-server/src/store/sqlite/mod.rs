//! The default database, SQLite: one file, one connection that writes, others that read.

// The modules are in layer order: each uses only those above it.
mod error;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod steps;
mod unreadable;
mod rows;
mod file_lock;
mod schema;
mod bulk;
mod connection;
mod reader;
#[cfg(test)]
mod filled;
mod deletion;
mod load;
mod load_runs;
mod load_history;
mod deferred;
mod due;
mod write;
mod silences;
mod check_ins;
mod runs;
mod monitors;
mod summaries;
mod stats;
mod activity;
mod incidents;
mod explained;
mod expired;
mod retention_walk;
mod retention;
mod processing_errors;
mod usage;
mod outages;
mod api_tokens;
mod write_additions;
mod export;
mod alerts;
mod outbox;
mod backup;
#[cfg(feature = "postgres")]
mod tables;
mod transaction;
mod queries;

pub use backup::backup;
pub use connection::SqliteStore;
#[cfg(test)]
pub(crate) use faults::execute;
pub use reader::SqliteReader;
