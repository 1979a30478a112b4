//! Commands of people: each changes the snapshot as check-ins and deadlines do.

use jiff::Timestamp;
use uuid::Uuid;

use super::model::{Acknowledgement, MonitorEnvironment, Status};
use super::snapshot::{Deletion, Snapshot, UnreadableKey};

/// A command of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Enables or disables a monitor, mutes all its environments or none; `None` leaves that as it is.
    ChangeMonitor { monitor: String, enabled: Option<bool>, muted: Option<bool> },
    /// Mutes one environment, or unmutes it.
    ChangeEnvironment { monitor: String, environment: String, muted: bool },
    /// Deletes a monitor, or of it the environments that are named. A check-in that comes later makes them anew.
    Delete { monitor: String, environments: Vec<String> },
    /// Records the person who has an incident in hand; `None` takes the acknowledgement back.
    Acknowledge { incident: Uuid, by: Option<String> },
}

impl Command {
    /// The slug of the monitor that the command changes; `None` if it is about an incident.
    pub fn monitor(&self) -> Option<&str> {
        match self {
            Self::ChangeMonitor { monitor, .. }
            | Self::ChangeEnvironment { monitor, .. }
            | Self::Delete { monitor, .. } => Some(monitor),
            Self::Acknowledge { .. } => None,
        }
    }
}

/// The result of a command that was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommandOutcome {
    /// Runs that became unknown, as the server did not take their reports while the monitor was disabled.
    pub unknown_runs: usize,
}

/// The reason why a command changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    NoMonitor,
    /// The monitor has no environment of this name.
    NoEnvironment(String),
    NoIncident,
    /// The incident was resolved at this time, so there is nothing to have in hand.
    IncidentResolved(Timestamp),
    /// A row that bears on the command cannot be read.
    Unreadable(String),
}

/// Carries out a command at `now`. The snapshot has its monitor with all environments, or its incident.
///
/// # Errors
/// If there is no such thing to change, or its row cannot be read. Then nothing is changed.
pub fn command(
    snapshot: &mut Snapshot,
    command: &Command,
    now: Timestamp,
) -> Result<CommandOutcome, CommandError> {
    match command {
        Command::ChangeMonitor { monitor, enabled, muted } => {
            let index = monitor_index(snapshot, monitor)?;
            let unknown_runs = match enabled {
                Some(enabled) => set_enabled(snapshot, index, *enabled, now),
                None => 0,
            };
            if let Some(muted) = *muted {
                change_environments(snapshot, index, |environment| environment.muted = muted);
            }
            Ok(CommandOutcome { unknown_runs })
        }
        Command::ChangeEnvironment { monitor, environment, muted } => {
            let index = monitor_index(snapshot, monitor)?;
            let no_environment = || CommandError::NoEnvironment(environment.clone());
            let found = snapshot.environment_at(index, environment).ok_or_else(no_environment)?;
            let mut value = snapshot.environments[found].row.value.clone();
            value.muted = *muted;
            snapshot.put_environment(Some(found), index, value);
            Ok(CommandOutcome::default())
        }
        Command::Delete { monitor, environments } => delete(snapshot, monitor, environments, now),
        Command::Acknowledge { incident, by } => acknowledge(snapshot, *incident, by.clone(), now),
    }
}

fn monitor_index(snapshot: &Snapshot, slug: &str) -> Result<usize, CommandError> {
    if let Some(reason) = snapshot.unreadable.get(&UnreadableKey::Monitor(slug.to_owned())) {
        return Err(CommandError::Unreadable(reason.clone()));
    }
    snapshot.by_slug.get(slug).copied().ok_or(CommandError::NoMonitor)
}

fn change_environments(snapshot: &mut Snapshot, monitor: usize, change: impl Fn(&mut MonitorEnvironment)) {
    for index in 0..snapshot.environments.len() {
        let environment = &snapshot.environments[index];
        if environment.monitor == monitor {
            let mut value = environment.row.value.clone();
            change(&mut value);
            snapshot.put_environment(Some(index), monitor, value);
        }
    }
}

/// Enables or disables a monitor. A run that it missed while it was disabled is never evaluated: the next one is expected from `now`
/// on. Once it is enabled again, its open runs whose deadline has passed, or of which a report was filtered, become unknown; returns
/// how many.
fn set_enabled(snapshot: &mut Snapshot, index: usize, enabled: bool, now: Timestamp) -> usize {
    let mut monitor = snapshot.monitors[index].value.clone();
    let resumed = enabled && !monitor.enabled;
    monitor.enabled = enabled;
    let config = monitor.config.clone();
    snapshot.put_monitor(Some(index), monitor);
    if !resumed {
        return 0;
    }
    change_environments(snapshot, index, |environment| {
        if environment.next_check_in.is_some() {
            environment.expect_after(&config, now);
        }
    });
    let mut unknown = 0;
    for run in 0..snapshot.runs.len() {
        let Ok(environment) = snapshot.runs[run].environment else { continue };
        let mut value = snapshot.runs[run].row.value.clone();
        let is_over = value.unheard || value.timeout_at.is_some_and(|deadline| deadline <= now);
        if snapshot.environments[environment].monitor == index
            && value.status == Status::InProgress
            && is_over
        {
            value.status = Status::Unknown;
            snapshot.put_run(Some(run), environment, value);
            unknown += 1;
        }
    }
    unknown
}

fn delete(
    snapshot: &mut Snapshot,
    slug: &str,
    names: &[String],
    now: Timestamp,
) -> Result<CommandOutcome, CommandError> {
    let (slug, names) = (slug.to_owned(), names.to_vec());
    let index = match monitor_index(snapshot, &slug) {
        // Deletion is one of the ways out for an operator whose monitor cannot be read.
        Err(CommandError::Unreadable(_)) if names.is_empty() => None,
        found => Some(found?),
    };
    let unknown =
        names.iter().find(|name| index.is_none_or(|index| snapshot.environment_at(index, name).is_none()));
    if let Some(unknown) = unknown {
        return Err(CommandError::NoEnvironment(unknown.clone()));
    }
    snapshot.deletion = Some(Deletion { slug, environments: names, at: now });
    Ok(CommandOutcome::default())
}

/// An incident that is over stays as it is.
fn acknowledge(
    snapshot: &mut Snapshot,
    guid: Uuid,
    by: Option<String>,
    now: Timestamp,
) -> Result<CommandOutcome, CommandError> {
    let index = snapshot.incidents.iter().position(|incident| incident.row.value.guid == guid);
    let index = index.ok_or(CommandError::NoIncident)?;
    let environment = snapshot.incidents[index].environment;
    let mut incident = snapshot.incidents[index].row.value.clone();
    if let Some(resolved) = incident.resolved_at {
        return Err(CommandError::IncidentResolved(resolved));
    }
    incident.acknowledged = by.map(|by| Acknowledgement { at: now, by });
    snapshot.put_incident(Some(index), environment, incident);
    Ok(CommandOutcome::default())
}
