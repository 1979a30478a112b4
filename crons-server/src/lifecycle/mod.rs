//! What happens to a monitor, decided without a clock, a database or a network: state and event in, state and verdict out.
//!
//! A store loads a [`State`], one of [`check_in`], [`missed`] and [`timeout`] changes it, and the store saves it. Numbers
//! in comments are those of Sentry's own order of steps.

mod model;
mod event;
mod upsert;
mod incident;
mod environment;
mod check_in;
mod deadline;

pub(crate) use check_in::MAX_DURATION_MS;
pub use check_in::check_in;
pub use deadline::{missed, timeout};
pub use event::{CheckInEvent, ConfigPatch, ConfigUpdate, ProcessingError};
pub use model::{
    CheckIn, Config, Environment, EnvironmentStatus, Existing, Finished, Incident, Monitor, Occurrence,
    State, Status, truncate_to_minute,
};

/// What became of a check-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken into account.
    Accepted {
        /// Things about it that were not: an owner that is none.
        noted: Vec<ProcessingError>,
        /// Failures to tell people about.
        occurrences: Vec<Occurrence>,
    },
    /// It ends a run of a monitor that nobody has described yet: the report that does may still be on its way.
    Held,
    /// It was not taken into account.
    Refused(Vec<ProcessingError>),
}

/// Where ids of new rows come from: random on the server, counted in a simulation.
pub type NewId<'a> = &'a mut dyn FnMut() -> uuid::Uuid;
