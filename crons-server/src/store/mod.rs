//! The database: the seam that the pipeline sees, and SQLite behind it. Every SQL statement is in this folder.

// The modules are in layer order: each uses only those above it.
mod error;
mod limits;
mod unreadable;
#[cfg(feature = "postgres")]
mod tables;
mod rows;
mod configs;
mod loading;
mod expired;
mod api_token;
mod views;
mod view_rows;
mod queries;
mod node;
mod pass;
mod group;
mod transaction;
mod additions;
mod explained;
mod sweep_walk;
mod sweep;
mod sqlite;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(test)]
mod memory;
mod backend;
#[cfg(feature = "postgres")]
mod transfer;

pub(crate) use api_token::{ApiToken, Scope, TokenChange, TokenHash};
pub use backend::backup;
pub(crate) use backend::{OpenDatabase, open, open_for_reading};
pub use error::{StoreError, UnreadableRow};
pub(crate) use expired::Expired;
pub(crate) use group::Group;
#[cfg(test)]
pub(crate) use memory::MemoryDatabase;
pub(crate) use node::{Duty, Node, TargetSender};
pub(crate) use pass::{Pass, Progress, Slice};
#[cfg(all(test, feature = "postgres"))]
pub(crate) use postgres::{PostgresStore, execute as execute_on_postgres};
pub(crate) use queries::Queries;
pub(crate) use sqlite::SqliteStore;
#[cfg(test)]
pub(crate) use sqlite::execute;
pub(crate) use transaction::{Changes, DueKind, ProcessingErrors, Store, Transaction, Usage};
#[cfg(feature = "postgres")]
pub use transfer::{MovedTable, move_database};
#[cfg(test)]
pub(crate) use views::ErrorView;
pub(crate) use views::{
    Activity, AlertView, Buckets, CheckInFilter, CheckInView, EnvironmentSummary, EnvironmentView, Export,
    IncidentDetail, IncidentFilter, IncidentView, MonitorSummary, MonitorView, Page, PageRequest,
    ProcessingErrorsView, ProofView, RefusedView, RunMark, RunPlace, RunView, StatsQuery, StatsView,
    UsageView,
};
