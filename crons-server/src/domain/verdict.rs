//! The result of one check-in.

use super::effects::Effects;
use super::error::{Outcome, ProcessingError};
use crate::mask::Mask;

/// The verdict on a check-in.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The check-in counts.
    Accepted {
        /// Remarks about parts of it that were not taken as they were sent.
        warnings: Vec<ProcessingError>,
        /// The notifications that follow.
        effects: Effects,
    },
    /// The check-in ends a run of an unknown monitor; the check-in that describes the monitor may still be on its way.
    Deferred,
    /// The check-in does not count.
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

    /// Returns how the check-in counts, and the reason; `None` while it is deferred.
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
