//! The rules by which failures open an incident, and successes resolve it.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::broken;
use super::decision::{Consequence, Opening, RunRef};
use super::effects::{Effects, IncidentEvent, IncidentEventKind, Occurrence, RunFacts};
use super::model::{
    CheckIn, Config, EnvironmentStatus, Failures, FinishedRun, Incident, Monitor, MonitorEnvironment, NewId,
    Status,
};
use super::silence::Silences;
use super::silenced::{Silenced, Withheld};
use super::subject::{LoadedCheckIn, Subject};

/// Returns the finished runs with the one that is being evaluated, newest first: by start, then by arrival.
fn window(finished: &[FinishedRun], this: FinishedRun) -> Vec<FinishedRun> {
    let mut window: Vec<FinishedRun> =
        finished.iter().copied().filter(|other| other.guid != this.guid).collect();
    window.push(this);
    window.sort_by_key(|run| std::cmp::Reverse((run.date_added, run.arrival_seq)));
    window
}

/// A run as thresholds see it; one just made comes after all others.
pub(super) fn as_finished(row: &CheckIn, arrival_seq: Option<i64>) -> FinishedRun {
    FinishedRun {
        guid: row.guid,
        status: row.status,
        date_added: row.date_added,
        arrival_seq: arrival_seq.unwrap_or(i64::MAX),
    }
}

/// Opens an incident if the failure `this` is the last of as many as the monitor's threshold, or counts it in the open one. Records the
/// effect in the decision about the run.
pub(super) fn fail(
    subject: &mut Subject,
    config: &Config,
    this: FinishedRun,
    at: Timestamp,
    new_id: NewId<'_>,
) -> Effects {
    let Some(Decided { effects, consequence, withheld_by }) =
        decide_failure(subject, config, this, at, new_id)
    else {
        return Effects::default();
    };
    subject.conclude(consequence, withheld_by);
    effects
}

/// The time of a failure, with the settings by which people are told of it.
struct Notice<'a> {
    at: Timestamp,
    silences: &'a Silences,
    /// The shortest time after which a rule tells people again; `None` if none does.
    first_follow_up: Option<SignedDuration>,
}

/// The decision about a failure.
struct Decided {
    effects: Effects,
    consequence: Consequence,
    /// The silence that keeps the message about it back.
    withheld_by: Option<Silenced>,
}

fn decide_failure(
    subject: &mut Subject,
    config: &Config,
    this: FinishedRun,
    at: Timestamp,
    new_id: NewId<'_>,
) -> Option<Decided> {
    let (monitor, environment) = (subject.monitor.as_ref()?, subject.environment.as_mut()?);
    let run = subject.check_in.as_ref();
    let notice = Notice { at, silences: &subject.silences, first_follow_up: subject.first_follow_up };
    if environment.status == EnvironmentStatus::Error {
        if let Some(incident) = &mut subject.incident {
            incident.failures.count(this.status);
        }
        let consequence =
            Consequence::Further { incident: subject.incident.as_ref().map(|incident| incident.guid) };
        let (mut effects, withheld_by) =
            notify(monitor, environment, subject.incident.as_mut(), &[this], run, &notice);
        if let (None, Some(incident)) = (&withheld_by, &mut subject.incident) {
            let run = (this, run.map(|run| &run.row));
            broken::detect(monitor, environment, incident, run, at, &mut effects);
        }
        return Some(Decided { effects, consequence, withheld_by });
    }
    let wanted = config.failures();
    let failures: Vec<FinishedRun> = window(&subject.finished, this)
        .into_iter()
        .filter(|run| (run.date_added, run.arrival_seq) <= (this.date_added, this.arrival_seq))
        .take(wanted)
        .collect();
    let last_ok = failures.iter().position(|run| run.status == Status::Ok);
    let in_a_row = last_ok.unwrap_or(failures.len());
    // Sentry opens an incident early when there is little history; here the threshold always holds.
    let (true, Some(oldest)) = (in_a_row == wanted, failures.last()) else {
        let last_ok = last_ok.map(|place| failures[place].into());
        let consequence = Consequence::BelowThreshold {
            failures: saturating_u32(in_a_row),
            threshold: saturating_u32(wanted),
            last_ok,
        };
        return Some(Decided { effects: Effects::default(), consequence, withheld_by: None });
    };
    let threshold = saturating_u32(wanted);
    environment.status = EnvironmentStatus::Error;
    let incident = subject.incident.get_or_insert_with(|| Incident {
        guid: new_id(),
        started_at: oldest.date_added,
        starting_check_in: oldest.guid,
        opening: Some(Opening { at, check_in: this.guid, threshold }),
        resolved_at: None,
        resolving_check_in: None,
        recovery_threshold: None,
        failures: Failures::default(),
        notified: false,
        acknowledged: None,
        withheld: None,
        broken: None,
        follow_up: None,
    });
    for run in &failures {
        incident.failures.count(run.status);
    }
    let consequence = Consequence::Opened { incident: incident.guid, threshold };
    let (effects, withheld_by) = notify(monitor, environment, Some(incident), &failures, run, &notice);
    Some(Decided { effects, consequence, withheld_by })
}

/// A threshold is at most 720, so the conversion loses nothing.
fn saturating_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Resolves the incident if `this`, whose success was reported at `at`, is the last of as many successes as the monitor asks for.
pub(super) fn recover(subject: &mut Subject, config: &Config, this: FinishedRun, at: Timestamp) -> Effects {
    let mut effects = Effects::default();
    let (Some(monitor), Some(environment)) = (&subject.monitor, &mut subject.environment) else {
        return effects;
    };
    if environment.status == EnvironmentStatus::Ok {
        return effects;
    }
    let newest = window(&subject.finished, this).into_iter().take(config.recoveries());
    if !newest.map(|run| run.status).all(|status| status == Status::Ok) && config.recoveries() > 1 {
        return effects;
    }
    environment.status = EnvironmentStatus::Ok;
    if let Some(incident) = &mut subject.incident {
        // The run of the verdict may have begun before the incident did, and a deferred end may have arrived before it.
        incident.resolved_at = Some(at.max(incident.started_at));
        incident.resolving_check_in = Some(this.guid);
        incident.recovery_threshold = Some(saturating_u32(config.recoveries()));
        // A notified start gets a notified end, even if the environment is muted by now.
        let silenced = Some(&subject.silences)
            .filter(|_| incident.notified)
            .and_then(|silences| silences.at(monitor, incident.guid, &environment.name, at));
        if let Some(silenced) = silenced {
            incident.withheld = Some(Withheld::pending(silenced));
            return effects;
        }
        incident.settle_withheld();
        if incident.notified {
            effects.incident_events.push(IncidentEvent {
                kind: IncidentEventKind::Resolved,
                at,
                monitor: monitor.clone(),
                environment: environment.clone(),
                incident: incident.clone(),
                check_in: this.guid,
                run: facts(subject.check_in.as_ref(), this.guid),
                reason: None,
            });
        }
    }
    effects
}

/// Returns one occurrence for each failure, oldest first, and one event of the incident; none while the environment is muted, or while a
/// silence keeps them back, which is returned, too. `failures` are newest first; `run` is the row of the newest.
fn notify(
    monitor: &Monitor,
    environment: &MonitorEnvironment,
    incident: Option<&mut Incident>,
    failures: &[FinishedRun],
    run: Option<&LoadedCheckIn>,
    notice: &Notice<'_>,
) -> (Effects, Option<Silenced>) {
    let Notice { at, silences, first_follow_up } = *notice;
    let mut effects = Effects::default();
    if environment.muted {
        return (effects, None);
    }
    let guid = incident.as_ref().map(|incident| incident.guid).unwrap_or_default();
    if let Some(silenced) = silences.at(monitor, guid, &environment.name, at) {
        // Of an incident that people know, a further failure is no news at the end of the silence.
        if let Some(incident) = incident.filter(|incident| !incident.notified) {
            incident.withheld = Some(Withheld::pending(silenced.clone()));
        }
        return (effects, Some(silenced));
    }
    let reason = reason(failures);
    let occurrence = |run: &FinishedRun| Occurrence { check_in: run.guid, at, reason: reason.clone() };
    effects.occurrences = failures.iter().rev().map(occurrence).collect();
    let Some(incident) = incident.filter(|incident| incident.acknowledged.is_none()) else {
        return (effects, None);
    };
    let kind = if incident.notified { IncidentEventKind::Failure } else { IncidentEventKind::Opened };
    if !incident.notified {
        incident.mark_notified(at, first_follow_up);
    }
    incident.settle_withheld();
    effects.incident_events.extend(failures.first().map(|newest| IncidentEvent {
        kind,
        at,
        monitor: monitor.clone(),
        environment: environment.clone(),
        incident: incident.clone(),
        check_in: newest.guid,
        run: facts(run, newest.guid),
        reason: Some(reason),
    }));
    (effects, None)
}

/// Returns the facts about the run with this id; `None` if `loaded` is another one.
fn facts(loaded: Option<&LoadedCheckIn>, id: Uuid) -> Option<RunFacts> {
    loaded.filter(|loaded| loaded.row.guid == id).map(|loaded| RunFacts::from(&loaded.row))
}

/// Returns Sentry's sentence about failures, in the order in which each kind first came.
fn reason(failures: &[FinishedRun]) -> String {
    let mut kinds: Vec<(Status, u32)> = Vec::new();
    for run in failures.iter().rev() {
        match kinds.iter_mut().find(|(status, _)| *status == run.status) {
            Some((_, count)) => *count += 1,
            None => kinds.push((run.status, 1)),
        }
    }
    sentence(&kinds)
}

/// Sentry's sentence about numbers of failures by kind.
pub(super) fn sentence(kinds: &[(Status, u32)]) -> String {
    if let [(only, 1)] = kinds {
        let article = if *only == Status::Error { "An" } else { "A" };
        return format!("{article} {} check-in was detected", only.as_str());
    }
    let counts: Vec<String> =
        kinds.iter().map(|(status, count)| format!("{count} {}", status.as_str())).collect();
    let list = match counts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    };
    format!("{list} check-ins detected")
}

/// The newest run that began after `instant` and whose end the job itself has reported; `None` if there is none.
pub(super) fn reported_since(subject: &Subject, instant: Timestamp) -> Option<RunRef> {
    let later =
        subject.finished.iter().filter(|run| run.status.is_reported_end() && run.date_added > instant);
    later.max_by_key(|run| (run.date_added, run.arrival_seq)).copied().map(RunRef::from)
}

impl From<FinishedRun> for RunRef {
    fn from(run: FinishedRun) -> Self {
        Self { id: run.guid, began: run.date_added }
    }
}
