//! The rules for monitors, decided without a clock, a database or a network: state and event in, state and verdict out.
//!
//! A store loads a [`State`], one of [`check_in`], [`missed`] and [`timeout`] changes it, and the store saves it. Numbers
//! in comments are those of Sentry's own order of steps.

// In layer order: a module uses only those above it.
mod error;
mod received;
mod refused_starts;
mod model;
mod effects;
mod verdict;
mod rate_limit;
mod history_query;
mod upsert;
mod incidents;
mod expectation;
mod check_in;
mod deadlines;
mod commands;

pub(crate) use check_in::MAX_DURATION_MS;
pub use check_in::check_in;
pub use commands::{acknowledge, set_enabled};
pub use deadlines::{Outage, missed, timeout};
pub use effects::{Effects, IncidentEvent, IncidentEventKind, LEVEL, Occurrence, fingerprint, tags, title};
pub use error::{Outcome, ProcessingError};
pub use history_query::HistoryQuery;
pub use model::{
    Acknowledgement, CapUsage, CheckIn, Config, EnvironmentStatus, Failures, FinishedRun, Incident,
    LoadedCheckIn, Monitor, MonitorEnvironment, NewId, PROJECT, Quotas, RowIds, State, Status,
    truncate_to_minute,
};
pub use rate_limit::RateWindow;
pub use received::{CheckInEvent, ConfigPatch, ConfigUpdate, InvalidCheckIn, ReceivedCheckIn};
pub use refused_starts::RefusedStarts;
pub use verdict::Verdict;
