//! Decisions about incidents that are still open, at a time and not at a failure: reminders, escalations, and whether the environment is
//! broken or is muted for it.

use jiff::{SignedDuration, Timestamp};

use super::broken;
use super::effects::{Effects, IncidentEvent, IncidentEventKind};
use super::follow_up::FollowUpTimes;
use super::snapshot::Snapshot;
use super::withheld::reason_so_far;

/// The longest time since the day on which an environment counts as broken for that to be decided without a further failure: a server may have been off for
/// a night.
const BROKEN_GRACE: SignedDuration = SignedDuration::from_hours(36);

/// Decides at minute `tick` the reminder and the escalation of an incident, by its index, and whether its environment is broken or muted for
/// it. `times` returns those of the rules that match an event. `None` if the incident is not due.
///
/// Nothing is told of an incident that is resolved or that a person has acknowledged, or in an environment that is muted or whose monitor
/// is disabled. While a silence keeps messages back, the decision waits for its end, and reminders due before that are left out.
pub fn follow_up(
    snapshot: &mut Snapshot,
    incident: usize,
    tick: Timestamp,
    times: impl FnOnce(&IncidentEvent) -> FollowUpTimes,
) -> Option<Effects> {
    let row = snapshot.incidents.get(incident)?;
    let mut value = row.row.value.clone();
    let state = value.follow_up?;
    let environment_index = row.environment;
    let environment = &snapshot.environments[environment_index];
    let monitor_index = environment.monitor;
    let monitor = snapshot.monitors[monitor_index].value.clone();
    let mut environment = environment.row.value.clone();
    let is_wanted = value.acknowledged.is_none() && !environment.muted && monitor.enabled;
    if value.resolved_at.is_some() || !is_wanted || state.due.is_none_or(|due| due > tick) {
        return None;
    }
    let mut effects = Effects::default();
    if let Some(silenced) = snapshot.silences.at(&monitor, value.guid, &environment.name, tick) {
        value.follow_up = Some(super::FollowUp { due: Some(silenced.until), ..state });
        snapshot.change_incident(incident, value);
        return Some(effects);
    }
    let reminder = IncidentEvent {
        kind: IncidentEventKind::Reminder,
        at: tick,
        monitor,
        environment: environment.clone(),
        check_in: value.opening_check_in(),
        run: None,
        reason: Some(reason_so_far(&value)),
        incident: value.clone(),
    };
    let times = times(&reminder);
    if times.escalate.iter().any(|after| state.escalates(*after, tick)) {
        effects
            .incident_events
            .push(IncidentEvent { kind: IncidentEventKind::Escalated, ..reminder.clone() });
    }
    if times.remind.iter().any(|every| state.reminds(*every, tick)) {
        effects.incident_events.push(reminder.clone());
    }
    // A day that passed long ago, while nobody was to be told or the server was off, is made up for by the next failure.
    let is_on_time = state.due.is_some_and(|due| tick.duration_since(due) <= BROKEN_GRACE);
    if is_on_time && let Some(kind) = broken::decide(&mut environment, &mut value, tick) {
        snapshot.put_environment(Some(environment_index), monitor_index, environment.clone());
        let incident = value.clone();
        effects.incident_events.push(IncidentEvent { kind, environment, incident, reason: None, ..reminder });
    }
    let broken_due = value.broken_due().filter(|due| *due > tick);
    value.follow_up = Some(state.decided(&times, tick).no_later_than(broken_due));
    snapshot.change_incident(incident, value);
    Some(effects)
}
