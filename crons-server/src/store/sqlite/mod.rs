//! The default database, SQLite: one file, one connection that writes, others that read.

// In layer order: a module uses only those above it.
mod error;
#[cfg(test)]
mod steps;
mod unreadable;
mod rows;
mod file_lock;
mod schema;
mod bulk;
mod cache;
mod connection;
mod reader;
mod deletion;
mod load;
mod write;
mod bulk_update;
mod commit;
mod due;
mod deferred;
mod check_ins;
mod monitors;
mod incidents;
mod expired;
mod retention_walk;
mod retention;
mod processing_errors;
mod usage;
mod outages;
mod export;
mod alerts;
mod outbox;
mod backup;
mod records;
mod queries;

pub use backup::backup;
pub use connection::SqliteStore;
pub(crate) use outbox::enqueue_alerts;
pub use reader::SqliteReader;
