//! Commands of people, their results, and the rows that they bear on.

use crons_types::Slug;
use jiff::Timestamp;
use uuid::Uuid;

use super::batch_keys::BatchKeys;
use super::monitor_change::{MonitorChange, NewMonitor};
use super::silence::Silence;

/// A command of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Creates a monitor.
    CreateMonitor(Box<NewMonitor>),
    /// Changes a monitor. With `expected`, only if its [`revision`](super::revision) is among these.
    ChangeMonitor { monitor: String, change: Box<MonitorChange>, expected: Option<Vec<u64>> },
    /// Makes one change to several monitors.
    ChangeMonitors { monitors: Vec<String>, change: Box<MonitorChange> },
    /// Mutes one environment, or unmutes it.
    ChangeEnvironment { monitor: String, environment: String, muted: bool },
    /// Deletes a monitor; with `environments`, only these of it. A later check-in makes them anew.
    Delete { monitor: String, environments: Vec<String> },
    /// Acknowledges an incident in the name of a person; `None` withdraws the acknowledgement.
    Acknowledge { incident: Uuid, by: Option<String> },
    /// Makes a silence.
    CreateSilence(Box<Silence>),
    /// Ends a silence now.
    EndSilence(Uuid),
}

/// The result of a command that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandOutcome {
    /// Runs that became unknown, as the server did not take their reports while the monitor was disabled.
    pub unknown_runs: usize,
    /// Monitors of [`Command::ChangeMonitors`] that do not exist, or whose rows cannot be read.
    pub missing: Vec<String>,
    /// The slugs of the monitors that changed; of a renamed monitor the former slug, too. Open pages show them anew.
    pub changed: Vec<String>,
    /// Whether any monitor may have changed, as by a silence. Open pages are loaded anew.
    pub all_changed: bool,
}

/// The reason why a command changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandError {
    NoMonitor,
    /// The monitor has no environment of this name.
    NoEnvironment(String),
    NoIncident,
    /// The incident was resolved at this time, so it cannot be acknowledged any more.
    IncidentResolved(Timestamp),
    /// The slug belongs to another monitor.
    SlugTaken(Slug),
    /// The quota of monitors is used up.
    TooManyMonitors(u32),
    /// The monitor has another revision than expected: it was changed meanwhile.
    Changed,
    /// The id is that of no silence.
    NoSilence,
    /// The silence ended at this time.
    SilenceEnded(Timestamp),
    /// The quota of silences that have not ended, this many, is used up.
    TooManySilences(usize),
    /// A row that bears on the command cannot be read.
    Unreadable(String),
}

impl Command {
    /// The slugs of the monitors that the command changes; none for an incident and a silence.
    pub fn slugs(&self) -> Vec<&str> {
        match self {
            Self::CreateMonitor(new) => vec![new.slug.as_str()],
            Self::ChangeMonitor { monitor, change, .. } => {
                std::iter::once(monitor.as_str()).chain(change.slug.as_ref().map(Slug::as_str)).collect()
            }
            Self::ChangeMonitors { monitors, .. } => monitors.iter().map(String::as_str).collect(),
            Self::ChangeEnvironment { monitor, .. } | Self::Delete { monitor, .. } => vec![monitor],
            Self::Acknowledge { .. } | Self::CreateSilence(_) | Self::EndSilence(_) => Vec::new(),
        }
    }

    /// The keys of the rows that the command bears on.
    pub fn keys(&self, now: Timestamp) -> BatchKeys {
        let mut keys = BatchKeys { as_of: Some(now), ..BatchKeys::default() };
        match self {
            Self::CreateMonitor(new) => {
                keys.slugs.push(new.slug.clone());
                keys.monitor_count = true;
            }
            Self::ChangeMonitor { monitor, change, .. } => {
                keys.monitors.push(monitor.clone());
                keys.slugs.extend(change.slug.clone());
                keys.all_open_runs = change.changes_runtime();
            }
            Self::ChangeMonitors { monitors, change } => {
                keys.monitors.clone_from(monitors);
                keys.all_open_runs = change.changes_runtime();
            }
            Self::ChangeEnvironment { monitor, .. } | Self::Delete { monitor, .. } => {
                keys.monitors.push(monitor.clone());
            }
            Self::Acknowledge { incident, .. } => keys.incident = Some(*incident),
            Self::CreateSilence(_) => keys.silences_after = Some(now),
            Self::EndSilence(id) => keys.silence = Some(*id),
        }
        keys
    }
}
