//! Carries out commands of people: each changes the snapshot as check-ins and deadlines do.

use jiff::Timestamp;
use uuid::Uuid;

use super::change_monitor::{self, monitor_index};
use super::command::{Command, CommandError, CommandOutcome};
use super::model::{Acknowledgement, NewId, Quotas};
use super::silences;
use super::snapshot::{Deletion, Snapshot};

/// Carries out a command at `now`. The snapshot has its monitors with all environments, or its incident.
///
/// # Errors
/// If the monitor, the environment or the incident does not exist, its row cannot be read, or the command is not allowed. The snapshot
/// may have changed by then: the caller drops it.
pub fn command(
    snapshot: &mut Snapshot,
    command: &Command,
    now: Timestamp,
    quotas: Quotas,
    new_id: NewId<'_>,
) -> Result<CommandOutcome, CommandError> {
    let mut outcome = carry_out(snapshot, command, now, quotas, new_id)?;
    outcome.changed.extend(command.slugs().into_iter().map(str::to_owned));
    outcome.changed.retain(|slug| !outcome.missing.contains(slug));
    Ok(outcome)
}

fn carry_out(
    snapshot: &mut Snapshot,
    command: &Command,
    now: Timestamp,
    quotas: Quotas,
    new_id: NewId<'_>,
) -> Result<CommandOutcome, CommandError> {
    match command {
        Command::CreateMonitor(new) => change_monitor::create(snapshot, new, now, quotas, new_id),
        Command::ChangeMonitor { monitor, change, expected } => {
            change_monitor::change(snapshot, monitor, change, expected.as_deref(), now)
        }
        Command::ChangeMonitors { monitors, change } => {
            let mut outcome = CommandOutcome::default();
            for monitor in monitors {
                match change_monitor::change(snapshot, monitor, change, None, now) {
                    Ok(changed) => outcome.unknown_runs += changed.unknown_runs,
                    // A row that cannot be read must not keep the other monitors from changing.
                    Err(CommandError::NoMonitor | CommandError::Unreadable(_)) => {
                        outcome.missing.push(monitor.clone());
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(outcome)
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
        Command::CreateSilence(silence) => silences::create(snapshot, silence, now),
        Command::EndSilence(id) => silences::end(snapshot, *id, now),
    }
}

fn delete(
    snapshot: &mut Snapshot,
    slug: &str,
    names: &[String],
    now: Timestamp,
) -> Result<CommandOutcome, CommandError> {
    let (slug, names) = (slug.to_owned(), names.to_vec());
    let index = match monitor_index(snapshot, &slug) {
        // An operator can delete a monitor that cannot be read.
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

/// Acknowledges an open incident, or takes the acknowledgement back. A resolved incident stays as it is.
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
    let monitor = &snapshot.monitors[snapshot.environments[environment].monitor].value;
    Ok(CommandOutcome { changed: vec![monitor.slug.to_string()], ..CommandOutcome::default() })
}
