//! The facts of a committed batch: the log, usage and the alert dispatcher read them.

use crons_types::Slug;
use jiff::Timestamp;

use crate::domain::{
    CheckInEvent, DeadlineKind, IncidentEventKind, Occurrence, Outcome, PassedDeadline, ProcessingError,
    ReleasedMessage, Verdict,
};
use crate::mask::Mask;
use crate::store::Usage;

/// A fact, published once it is durable.
pub(crate) enum Event {
    CheckIn(CheckInEvent, Verdict),
    /// The check-in is over the rate limit, or malformed. Its payload is left out: it may be long, and is stored.
    Rejected {
        slug: Option<Slug>,
        environment: String,
        received: Timestamp,
        errors: Vec<ProcessingError>,
        /// Whether it is logged; otherwise it is only counted.
        is_logged: bool,
    },
    Deadline(DeadlineEvent),
    /// A silence has ended that kept a message back.
    Released(ReleasedMessage),
    /// A person has changed or deleted a monitor, or the server has muted it without a check-in or a deadline.
    Changed {
        monitor: String,
    },
    /// A person has changed what pages show of any monitor.
    AllChanged,
    /// New alerts are stored, and can be sent.
    Alerts,
}

/// The part of a page that an event changes.
pub(crate) enum Change<'a> {
    /// The monitor of this slug.
    Monitor(&'a str),
    /// The list of refused payloads.
    Refused,
    /// A change that may concern any part of any page.
    All,
}

/// The facts that the log has of a deadline; of a storm there are many at once.
pub(crate) struct DeadlineEvent {
    kind: DeadlineKind,
    slug: Slug,
    environment: String,
    unknown: bool,
    occurrences: Vec<Occurrence>,
}

impl Event {
    pub(crate) fn deadline(deadline: PassedDeadline) -> Self {
        let PassedDeadline { kind, monitor_slug: slug, environment, unknown, effects } = deadline;
        Self::Deadline(DeadlineEvent { kind, slug, environment, unknown, occurrences: effects.occurrences })
    }

    /// The outcome of a check-in, and the reason unless it was accepted; `None` for deadlines and deferred check-ins.
    pub(crate) fn outcome(&self) -> Option<(Outcome, Option<&'static str>)> {
        match self {
            Self::CheckIn(_, verdict) => verdict.outcome(),
            Self::Rejected { errors, .. } => {
                let (outcome, reason) = errors.last()?.outcome();
                Some((outcome, Some(reason)))
            }
            Self::Deadline(..)
            | Self::Released(_)
            | Self::Changed { .. }
            | Self::AllChanged
            | Self::Alerts => None,
        }
    }

    /// The usage of this event and the time that it is of; `None` for deadlines and deferred check-ins.
    pub(crate) fn usage(&self) -> Option<(Timestamp, Usage)> {
        let (outcome, reason) = self.outcome()?;
        let (at, slug) = match self {
            Self::CheckIn(event, _) => (event.received, Some(&event.monitor_slug)),
            Self::Rejected { slug, received, .. } => (*received, slug.as_ref()),
            Self::Deadline(..)
            | Self::Released(_)
            | Self::Changed { .. }
            | Self::AllChanged
            | Self::Alerts => return None,
        };
        Some((at, Usage { slug: slug.cloned(), outcome, reason }))
    }

    /// The change that pages show; `None` if they show nothing of this event.
    pub(crate) fn change(&self) -> Option<Change<'_>> {
        match self {
            Self::CheckIn(event, Verdict::Accepted { .. }) => {
                Some(Change::Monitor(event.monitor_slug.as_str()))
            }
            Self::CheckIn(_, Verdict::Refused(_)) | Self::Rejected { .. } => Some(Change::Refused),
            Self::Deadline(deadline) => Some(Change::Monitor(deadline.slug.as_str())),
            Self::Released(released) => Some(Change::Monitor(released.monitor_slug.as_str())),
            Self::Changed { monitor } => Some(Change::Monitor(monitor)),
            Self::AllChanged => Some(Change::All),
            Self::CheckIn(_, Verdict::Deferred) | Self::Alerts => None,
        }
    }

    /// Returns whether nothing of this event is logged.
    pub(crate) fn is_quiet(&self) -> bool {
        match self {
            Self::CheckIn(_, Verdict::Accepted { warnings, effects }) => {
                warnings.is_empty()
                    && effects.occurrences.is_empty()
                    && !tracing::enabled!(tracing::Level::DEBUG)
            }
            Self::Released(released) => released.effects.incident_events.is_empty(),
            Self::Changed { .. }
            | Self::AllChanged
            | Self::Alerts
            | Self::Rejected { is_logged: false, .. } => true,
            Self::CheckIn(..) | Self::Rejected { .. } | Self::Deadline(_) => false,
        }
    }

    /// Logs the event; a refused check-in only if it is not merely counted.
    pub(crate) fn log(&self, mask: &Mask) {
        match self {
            Self::CheckIn(event, verdict) => report(event, verdict, mask),
            Self::Rejected { slug, environment, errors, .. } => {
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
            Self::Released(released) => report_released(released, mask),
            Self::Changed { .. } | Self::AllChanged | Self::Alerts => {}
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
            tracing::info!(%slug, environment, %status, %id, "check-in of an unknown monitor deferred for a minute");
        }
        Verdict::Refused(errors) => {
            for error in errors {
                tracing::warn!(%slug, environment, %status, %id, "check-in refused: {error}");
            }
        }
    }
}

fn report_released(released: &ReleasedMessage, mask: &Mask) {
    let ReleasedMessage { monitor_slug, environment, effects } = released;
    let (slug, environment) = (mask.hide(monitor_slug.as_str()), mask.hide(environment));
    let environment = environment.as_ref();
    for event in &effects.incident_events {
        let state = if event.kind == IncidentEventKind::Resolved { "over" } else { "still open" };
        tracing::warn!(%slug, environment, incident = %event.incident.guid, "a silence has ended, and an incident of its time is {state}");
    }
}

impl DeadlineEvent {
    fn log(&self, mask: &Mask) {
        let Self { kind, slug, environment, unknown, occurrences } = self;
        let (slug, environment) = (mask.hide(slug.as_str()), mask.hide(environment));
        let environment = environment.as_ref();
        let what = match kind {
            DeadlineKind::Missed => "missed",
            DeadlineKind::TimedOut => "timed out",
        };
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
