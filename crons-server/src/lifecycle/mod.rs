//! What happens to a monitor, decided without a clock, a database or a network: state and event in, state and verdict out.
//!
//! A store loads a [`State`], one of [`check_in`], [`missed`] and [`timeout`] changes it, and the store saves it. Numbers
//! in comments are those of Sentry's own order of steps.

mod error;
mod event;
mod refused_starts;
mod model;
mod occurrence;
mod rate;
mod asked;
mod upsert;
mod incident;
mod environment;
mod check_in;
mod deadline;
mod command;

pub use asked::Asked;
pub(crate) use check_in::MAX_DURATION_MS;
pub use check_in::check_in;
pub use command::{acknowledge, set_enabled};
pub use deadline::{Outage, missed, timeout};
pub use error::{Outcome, ProcessingError};
pub use event::{Arrival, CheckInEvent, ConfigPatch, ConfigUpdate, Fault};
pub use model::{
    Acknowledgement, Caps, CheckIn, Config, Environment, EnvironmentStatus, Existing, Finished, Incident,
    Keys, Monitor, Siblings, State, Status, truncate_to_minute,
};
pub use occurrence::{
    Consequences, Failures, IncidentEvent, IncidentEventKind, LEVEL, Occurrence, fingerprint, tags, title,
};
pub use rate::RateWindow;
pub use refused_starts::RefusedStarts;

use crate::mask::Mask;

/// What became of a check-in.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It was taken into account.
    Accepted {
        /// Remarks about parts of it that were not taken as they were sent.
        noted: Vec<ProcessingError>,
        /// What people are told of it.
        consequences: Consequences,
    },
    /// It ends a run of a monitor that nobody has described yet: the report that does may still be on its way.
    Held,
    /// It was not taken into account.
    Refused(Vec<ProcessingError>),
}

impl Verdict {
    /// Hides the server's key in what it repeats of the check-in.
    pub fn hide(&mut self, mask: &Mask) {
        if let Self::Accepted { noted: errors, .. } | Self::Refused(errors) = self {
            for error in errors {
                error.hide(mask);
            }
        }
    }

    /// How it counts, and why; not yet while it is held.
    pub fn outcome(&self) -> Option<(Outcome, Option<&'static str>)> {
        match self {
            Self::Accepted { .. } => Some((Outcome::Accepted, None)),
            Self::Held => None,
            Self::Refused(errors) => errors.last().map(|error| {
                let (outcome, reason) = error.outcome();
                (outcome, Some(reason))
            }),
        }
    }
}

/// Where ids of new rows come from: random on the server, counted in a simulation.
pub type NewId<'a> = &'a mut dyn FnMut() -> uuid::Uuid;
