//! The database: the seam that the pipeline sees, and SQLite behind it. Every SQL statement is in this folder.

// The modules are in layer order: each uses only those above it.
mod error;
mod limits;
mod unreadable;
mod rows;
mod expired;
mod api_token;
mod views;
mod queries;
mod transaction;
mod sqlite;
#[cfg(test)]
mod memory;
mod backend;

pub(crate) use api_token::{ApiToken, Scope, TokenChange, TokenHash};
pub use backend::backup;
pub(crate) use backend::{OpenDatabase, open, open_for_reading};
pub use error::{StoreError, UnreadableRow};
pub(crate) use expired::Expired;
#[cfg(test)]
pub(crate) use memory::MemoryDatabase;
pub(crate) use queries::Queries;
pub(crate) use sqlite::SqliteStore;
#[cfg(test)]
pub(crate) use sqlite::execute;
pub(crate) use transaction::{Changes, DueKind, ProcessingErrors, Store, Transaction, Usage};
#[cfg(test)]
pub(crate) use views::ErrorView;
pub(crate) use views::{
    Activity, AlertView, Buckets, CheckInFilter, CheckInView, EnvironmentSummary, EnvironmentView, Export,
    IncidentDetail, IncidentFilter, IncidentView, MonitorSummary, MonitorView, Page, PageRequest,
    ProcessingErrorsView, ProofView, RefusedView, RunMark, RunPlace, RunView, StatsQuery, StatsView,
    UsageView,
};
