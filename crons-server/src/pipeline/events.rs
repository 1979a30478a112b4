//! What was decided, to be logged and counted once it is durable.

use crons_types::Slug;
use jiff::Timestamp;

use crate::domain::{CheckInEvent, Occurrence, ProcessingError, State, Status, Verdict};
use crate::mask::Mask;
use crate::store::Usage;

/// Something to say in the log, once it is durable.
pub(crate) enum Event {
    CheckIn(CheckInEvent, Verdict),
    /// Without its payload, which may be long and is stored.
    Refused {
        slug: Option<Slug>,
        environment: String,
        received: Timestamp,
        errors: Vec<ProcessingError>,
        /// `false`: it is only counted.
        is_logged: bool,
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

impl Event {
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
            Self::CheckIn(_, Verdict::Accepted { warnings, effects }) => {
                warnings.is_empty()
                    && effects.occurrences.is_empty()
                    && !tracing::enabled!(tracing::Level::DEBUG)
            }
            Self::Alerts | Self::Refused { is_logged: false, .. } => true,
            Self::CheckIn(..) | Self::Refused { .. } | Self::Deadline(_) => false,
        }
    }

    /// Nothing that is refused goes unsaid.
    pub(crate) fn log(&self, mask: &Mask) {
        match self {
            Self::CheckIn(event, verdict) => report(event, verdict, mask),
            Self::Refused { slug, environment, errors, .. } => {
                let slug = slug.as_ref().map(|slug| mask.hide(slug.as_str()).into_owned());
                let environment = mask.hide(environment);
                for error in errors {
                    let more = match error {
                        ProcessingError::MonitorEnvironmentRateLimited(_) => {
                            "; others of this monitor in this minute are counted as usage, not logged"
                        }
                        _ => "",
                    };
                    tracing::warn!(slug, ?environment, "check-in refused: {error}{more}");
                }
            }
            Self::Deadline(deadline) => deadline.log(mask),
            Self::Alerts => {}
        }
    }
}

fn report(event: &CheckInEvent, verdict: &Verdict, mask: &Mask) {
    let CheckInEvent { monitor_slug, environment, status, check_in_id, .. } = event;
    let (slug, environment) = (mask.hide(monitor_slug.as_str()), mask.hide(environment));
    let (environment, id) = (environment.as_ref(), check_in_id.to_string());
    let id = mask.hide(&id);
    match verdict {
        Verdict::Accepted { warnings, effects } => {
            tracing::debug!(%slug, environment, %status, %id, "check-in accepted");
            for error in warnings {
                tracing::warn!(%slug, environment, %status, %id, "check-in accepted, but {error}");
            }
            for occurrence in &effects.occurrences {
                tracing::warn!(%slug, environment, id = %occurrence.check_in.simple(), "{}", occurrence.reason);
            }
        }
        Verdict::Deferred => {
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
    fn log(&self, mask: &Mask) {
        let Self { what, slug, environment, unknown, occurrences } = self;
        let (slug, environment) = (mask.hide(slug.as_str()), mask.hide(environment));
        let environment = environment.as_ref();
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
