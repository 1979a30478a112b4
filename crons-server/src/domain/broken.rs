//! Broken monitors: what fails for weeks is told once more, and then muted, as at Sentry
//! (<https://docs.sentry.io/product/crons/alerts/#muting-broken-monitors>).

use jiff::Timestamp;

use super::effects::{Effects, IncidentEvent, IncidentEventKind, RunFacts};
use super::model::{Broken, CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment};

/// The failures that an incident has at least before its environment counts as broken.
const MIN_FAILURES: u32 = 4;

/// Decides at `at` whether the environment is broken or is now muted, and records it. Returns the kind of the event about it; `None` if nothing
/// changes. Nothing is decided in an environment that is muted, or about an incident that a person has in hand.
pub(super) fn decide(
    environment: &mut MonitorEnvironment,
    incident: &mut Incident,
    at: Timestamp,
) -> Option<IncidentEventKind> {
    let failures = incident.failures;
    let count = failures.error.saturating_add(failures.missed).saturating_add(failures.timeout);
    if environment.muted || incident.acknowledged.is_some() || count < MIN_FAILURES {
        return None;
    }
    // `broken_due` is `None` after a mute, so an environment that a person has unmuted stays unmuted.
    incident.broken_due().filter(|due| *due <= at)?;
    match &mut incident.broken {
        None => {
            incident.broken = Some(Broken { detected_at: at, muted_at: None });
            Some(IncidentEventKind::Broken)
        }
        Some(broken) => {
            broken.muted_at = Some(at);
            environment.muted = true;
            Some(IncidentEventKind::Muted)
        }
    }
}

/// Calls [`decide`] at a further failure, `this`, and adds the event about it: an incident may have too few failures when it is old enough.
pub(super) fn detect(
    monitor: &Monitor,
    environment: &mut MonitorEnvironment,
    incident: &mut Incident,
    (this, run): (FinishedRun, Option<&CheckIn>),
    at: Timestamp,
    effects: &mut Effects,
) {
    let Some(kind) = decide(environment, incident, at) else { return };
    incident.follow_up = incident.follow_up.map(|state| state.no_later_than(incident.broken_due()));
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
