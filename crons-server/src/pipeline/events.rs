//! What was decided, to be logged and counted once it is durable.

use crons_types::Slug;
use jiff::Timestamp;

use crate::domain::{CheckInEvent, Occurrence, ProcessingError, State, Status, Verdict};
use crate::store::Usage;

/// Something to say in the log, once it is durable.
pub(crate) enum Said {
    CheckIn(CheckInEvent, Verdict),
    /// Without its payload, which may be long and is stored.
    Refused {
        slug: Option<Slug>,
        environment: String,
        received: Timestamp,
        errors: Vec<ProcessingError>,
    },
    Deadline(Deadline),
    /// There is something to send.
    Alerts,
}

/// What is said of a deadline, and no more: of a storm there are many at once.
pub(crate) struct Deadline {
    what: &'static str,
    slug: Slug,
    environment: String,
    unknown: bool,
    occurrences: Vec<Occurrence>,
}

impl Said {
    /// Of a deadline that was judged so.
    pub(crate) fn deadline(what: &'static str, state: State, occurrences: Vec<Occurrence>) -> Option<Self> {
        let unknown = state.check_in.is_some_and(|existing| existing.row.status == Status::Unknown);
        let (slug, environment) = (state.monitor?.slug, state.environment?.name);
        Some(Self::Deadline(Deadline { what, slug, environment, unknown, occurrences }))
    }

    /// What it counts as, and when it came; a deadline counts as nothing, and neither does what is held.
    pub(crate) fn usage(&self) -> Option<(Timestamp, Usage)> {
        let (at, slug, verdict) = match self {
            Self::CheckIn(event, verdict) => (event.received, Some(&event.monitor_slug), verdict.outcome()?),
            Self::Refused { slug, received, errors, .. } => {
                let (outcome, reason) = errors.last()?.outcome();
                (*received, slug.as_ref(), (outcome, Some(reason)))
            }
            Self::Deadline(..) | Self::Alerts => return None,
        };
        let (outcome, reason) = verdict;
        Some((at, Usage { project: crate::PROJECT, slug: slug.cloned(), outcome, reason }))
    }

    /// Whether there is nothing to log of it.
    pub(crate) fn is_quiet(&self) -> bool {
        match self {
            Self::CheckIn(_, Verdict::Accepted { noted, consequences }) => {
                noted.is_empty()
                    && consequences.occurrences.is_empty()
                    && !tracing::enabled!(tracing::Level::DEBUG)
            }
            Self::Alerts => true,
            Self::CheckIn(..) | Self::Refused { .. } | Self::Deadline(_) => false,
        }
    }

    /// Nothing that is refused goes unsaid.
    pub(crate) fn log(&self) {
        match self {
            Self::CheckIn(event, verdict) => report(event, verdict),
            Self::Refused { slug, environment, errors, .. } => {
                let slug = slug.as_ref().map(Slug::as_str);
                for error in errors {
                    tracing::warn!(slug, environment = ?environment, "check-in refused: {error}");
                }
            }
            Self::Deadline(deadline) => deadline.log(),
            Self::Alerts => {}
        }
    }
}

fn report(event: &CheckInEvent, verdict: &Verdict) {
    let CheckInEvent { monitor_slug: slug, environment, status, check_in_id: id, .. } = event;
    match verdict {
        Verdict::Accepted { noted, consequences } => {
            tracing::debug!(%slug, environment, %status, %id, "check-in accepted");
            for error in noted {
                tracing::warn!(%slug, environment, %status, %id, "check-in accepted, but {error}");
            }
            for occurrence in &consequences.occurrences {
                tracing::warn!(%slug, environment, id = %occurrence.check_in.simple(), "{}", occurrence.reason);
            }
        }
        Verdict::Held => {
            tracing::info!(%slug, environment, %status, %id, "check-in of an unknown monitor held for a minute");
        }
        Verdict::Refused(errors) => {
            for error in errors {
                tracing::warn!(%slug, environment, %status, %id, "check-in refused: {error}");
            }
        }
    }
}

impl Deadline {
    fn log(&self) {
        let Self { what, slug, environment, unknown, occurrences } = self;
        if *unknown {
            tracing::info!(%slug, environment, "a run that would be {what} is unknown: it could not be heard");
            return;
        }
        if occurrences.is_empty() {
            tracing::info!(%slug, environment, "a run was {what}");
        }
        for occurrence in occurrences {
            tracing::warn!(%slug, environment, id = %occurrence.check_in.simple(), "{}", occurrence.reason);
        }
    }
}
