//! Broken monitors: what fails for weeks is told once more, and then muted, as at Sentry
//! (<https://docs.sentry.io/product/crons/alerts/#muting-broken-monitors>).

use jiff::{SignedDuration, Timestamp};

use super::effects::{Effects, IncidentEvent, IncidentEventKind, RunFacts};
use super::model::{Broken, CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment};

/// The length of an incident from which its environment counts as broken, and the time from then until it is muted.
const PATIENCE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The failures that an incident has at least before its environment counts as broken.
const MIN_FAILURES: u32 = 4;

/// Decides at a further failure, `this`, whether the environment is broken or is now muted, and adds the event about it. Nothing is decided
/// in an environment that is muted, or about an incident that a person has in hand.
pub(super) fn detect(
    monitor: &Monitor,
    environment: &mut MonitorEnvironment,
    incident: &mut Incident,
    (this, run): (FinishedRun, Option<&CheckIn>),
    at: Timestamp,
    effects: &mut Effects,
) {
    let failures = incident.failures;
    let count = failures.error.saturating_add(failures.missed).saturating_add(failures.timeout);
    if environment.muted || incident.acknowledged.is_some() || count < MIN_FAILURES {
        return;
    }
    let kind = match &mut incident.broken {
        None if at.duration_since(incident.started_at) >= PATIENCE => {
            incident.broken = Some(Broken { detected_at: at, muted_at: None });
            IncidentEventKind::Broken
        }
        // A person who has unmuted it since keeps it so.
        Some(Broken { detected_at, muted_at: muted_at @ None })
            if at.duration_since(*detected_at) >= PATIENCE =>
        {
            *muted_at = Some(at);
            environment.muted = true;
            IncidentEventKind::Muted
        }
        _ => return,
    };
    effects.incident_events.push(IncidentEvent {
        kind,
        at,
        monitor: monitor.clone(),
        environment: environment.clone(),
        incident: incident.clone(),
        check_in: this.guid,
        run: run.filter(|row| row.guid == this.guid).map(RunFacts::from),
        reason: None,
    });
}
