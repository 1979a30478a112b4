//! The result of one check-in.

use super::effects::Effects;
use super::error::{Outcome, ProcessingError};
use crate::mask::Mask;

/// What became of a check-in.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It was taken into account.
    Accepted {
        /// Remarks about parts of it that were not taken as they were sent.
        warnings: Vec<ProcessingError>,
        /// What people are told of it.
        effects: Effects,
    },
    /// It ends a run of a monitor that nobody has described yet: the report that does may still be on its way.
    Deferred,
    /// It was not taken into account.
    Refused(Vec<ProcessingError>),
}

impl Verdict {
    /// Hides the server's key in what it repeats of the check-in.
    pub fn hide(&mut self, mask: &Mask) {
        if let Self::Accepted { warnings: errors, .. } | Self::Refused(errors) = self {
            for error in errors {
                error.hide(mask);
            }
        }
    }

    /// How it counts, and why; not yet while it is held.
    pub fn outcome(&self) -> Option<(Outcome, Option<&'static str>)> {
        match self {
            Self::Accepted { .. } => Some((Outcome::Accepted, None)),
            Self::Deferred => None,
            Self::Refused(errors) => errors.last().map(|error| {
                let (outcome, reason) = error.outcome();
                (outcome, Some(reason))
            }),
        }
    }
}
