//! The end of a silence: the messages that it kept back are decided anew, by the state of their incidents at that time.

use crons_types::Slug;
use jiff::Timestamp;

use super::effects::{Effects, IncidentEvent, IncidentEventKind, Occurrence};
use super::incidents::sentence;
use super::model::{Failures, Incident, Status};
use super::received::CheckInEvent;
use super::silenced::Withheld;
use super::snapshot::Snapshot;

/// The result of a silence that has ended, for one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasedMessage {
    pub monitor_slug: Slug,
    pub environment: String,
    pub effects: Effects,
}

/// Decides at minute `tick` the message about an incident, by its index, that a silence kept back. `None` if its silence has not ended.
///
/// Another silence may go on keeping it back. Otherwise people are told what they do not know: that an incident was opened and is still
/// open, or that one is resolved of which they were told. Nothing is told of an incident that began and ended unheard, of one that a
/// person has acknowledged, or in an environment that is muted or whose monitor is disabled.
pub fn release(snapshot: &mut Snapshot, incident: usize, tick: Timestamp) -> Option<ReleasedMessage> {
    let row = snapshot.incidents.get(incident)?;
    if row.row.value.withheld_until().is_none_or(|until| until > tick) {
        return None;
    }
    let mut value = row.row.value.clone();
    let environment = &snapshot.environments[row.environment];
    let monitor = snapshot.monitors[environment.monitor].value.clone();
    let environment = environment.row.value.clone();
    let mut released = ReleasedMessage {
        monitor_slug: monitor.slug.clone(),
        environment: environment.name.clone(),
        effects: Effects::default(),
    };
    if let Some(silenced) = snapshot.silences.at(&monitor, value.guid, &environment.name, tick) {
        value.withheld = Some(Withheld::pending(silenced));
        snapshot.change_incident(incident, value);
        return Some(released);
    }
    value.settle_withheld();
    let is_open = value.resolved_at.is_none();
    let is_wanted = value.acknowledged.is_none() && !environment.muted && monitor.enabled;
    let news = match value.resolving_check_in {
        None if is_open && !value.notified && is_wanted => {
            value.mark_notified(tick, snapshot.first_follow_up);
            Some((IncidentEventKind::Opened, value.opening_check_in(), Some(reason_so_far(&value))))
        }
        Some(resolving) if value.notified => Some((IncidentEventKind::Resolved, resolving, None)),
        _ => None,
    };
    if let Some((kind, check_in, reason)) = news {
        let occurrence = reason.clone().map(|reason| Occurrence { check_in, at: tick, reason });
        snapshot.occurrences.extend(occurrence.iter().map(|occurrence| (incident, occurrence.clone())));
        released.effects.occurrences.extend(occurrence);
        let incident = value.clone();
        let event =
            IncidentEvent { kind, at: tick, monitor, environment, incident, check_in, run: None, reason };
        released.effects.incident_events.push(event);
    }
    snapshot.change_incident(incident, value);
    Some(released)
}

/// Returns Sentry's sentence about all failures of an incident.
pub(super) fn reason_so_far(incident: &Incident) -> String {
    sentence(&kinds(incident))
}

/// The failures of an incident by kind, without those of which there are none.
fn kinds(incident: &Incident) -> Vec<(Status, u32)> {
    let Failures { error, missed, timeout } = incident.failures;
    let kinds = [(Status::Missed, missed), (Status::Timeout, timeout), (Status::Error, error)];
    kinds.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// Decides at minute `tick` the messages about the environment of a check-in that silences kept back, before the check-in is applied.
pub fn release_environment(
    snapshot: &mut Snapshot,
    event: &CheckInEvent,
    tick: Timestamp,
) -> Vec<ReleasedMessage> {
    let monitor = snapshot.monitor_at(&event.monitor_slug);
    let environment = monitor.and_then(|monitor| snapshot.environment_at(monitor, &event.environment));
    let Some(environment) = environment else { return Vec::new() };
    let incidents = snapshot.incidents.iter().enumerate();
    let of_environment = incidents.filter(|(_, row)| row.environment == environment);
    // A resolved incident is older than the open one.
    let mut found: Vec<_> = of_environment.map(|(index, row)| (row.row.value.started_at, index)).collect();
    found.sort_unstable();
    found.into_iter().filter_map(|(_, index)| release(snapshot, index, tick)).collect()
}
