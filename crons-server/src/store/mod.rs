//! The database: the seam that the pipeline sees, and SQLite behind it. Every SQL statement is in this folder.

// In layer order: a module uses only those above it.
mod error;
mod expired;
mod records;
mod sqlite;
mod backend;

pub use backend::backup;
pub use error::{StoreError, UnreadableRow};
pub use records::{Change, Records, Store, Usage};
pub(crate) use sqlite::enqueue_alerts;
pub use sqlite::{
    EnvironmentView, Everything, IncidentFilter, IncidentView, MonitorView, Reader, SqliteStore, Sweep,
};
