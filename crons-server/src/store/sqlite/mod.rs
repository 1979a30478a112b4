//! The default database, SQLite: one file, one connection that writes, others that read.

// In layer order: a module uses only those above it.
mod error;
mod unreadable;
mod rows;
mod file_lock;
mod schema;
mod bulk;
mod cache;
mod connection;
mod deletion;
mod load;
mod write;
mod bulk_update;
mod commit;
mod due;
mod deferred;
mod queries;
mod expired;
mod retention_walk;
mod retention;
mod processing_errors;
mod usage;
mod outages;
mod history;
mod outbox;
mod backup;
mod records;

pub use backup::backup;
pub use connection::SqliteStore;
pub use history::{Everything, IncidentFilter, IncidentView};
pub(crate) use outbox::enqueue_alerts;
pub use queries::{EnvironmentView, MonitorView, Reader};
pub use retention::Sweep;
