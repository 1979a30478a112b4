//! The working set of a batch: the rows that a store has loaded for it, and the changes that its inputs make.
//!
//! A store adds the rows that it has read, and writes those that are `changed` or new. In between, each input takes its [`Subject`]
//! out, a rule changes that, and [`Snapshot::put`] takes it back. A journal of previous values undoes one input and leaves the
//! others.

use std::collections::{BTreeMap, HashMap};

use crons_types::{CheckInId, Slug};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::effects::Occurrence;
use super::follow_up::FollowUpsDue;
use super::model::{Monitor, Status};
use super::received::CheckInEvent;
use super::row::{DeferredRow, EnvironmentRow, IncidentRow, Row, RunRow, Undo};
use super::silence::{Silence, Silences};
use super::subject::{LoadedCheckIn, Place, QuotaUsage, Subject};

/// The rows that bear on the inputs of a batch. A row that was asked for and is not in it does not exist.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub monitors: Vec<Row<Monitor>>,
    pub environments: Vec<EnvironmentRow>,
    pub runs: Vec<RunRow>,
    pub incidents: Vec<IncidentRow>,
    /// Notified failures, each with the index of its incident.
    pub occurrences: Vec<(usize, Occurrence)>,
    pub(super) by_slug: HashMap<Slug, usize>,
    pub(super) by_name: HashMap<usize, HashMap<String, usize>>,
    pub(super) by_guid: HashMap<Uuid, usize>,
    pub(super) environment_rows: HashMap<i64, usize>,
    pub(super) run_rows: HashMap<i64, usize>,
    /// The reasons why rows that exist are not in the snapshot.
    pub unreadable: HashMap<UnreadableKey, String>,
    pub(super) monitor_count: u32,
    /// The usage of the quotas, by the index of the monitor.
    pub(super) quota_usage: HashMap<usize, QuotaUsage>,
    /// Ends that wait for their monitor, in order of arrival.
    pub deferred: BTreeMap<Slug, Vec<DeferredRow>>,
    /// The row ids of deferred ends that are taken out.
    pub taken: Vec<i64>,
    pub deletion: Option<Deletion>,
    pub rename: Option<Rename>,
    pub silences: Silences,
    /// The shortest time after which a rule tells people again of an open incident; `None` if none does.
    pub first_follow_up: Option<SignedDuration>,
    /// Silences that are new or changed.
    pub changed_silences: Vec<Silence>,
    /// The instant from which on the messages that silences keep back are decided anew, as a silence has ended early; `None`: each at the
    /// end of its silence.
    pub withheld_due: Option<Timestamp>,
    /// The reminders and escalations of open incidents that are decided anew, as a silence has ended early or the rules may have changed;
    /// `None`: each is decided at its time.
    pub follow_ups_due: Option<FollowUpsDue>,
    pub(super) incident_rows: HashMap<i64, usize>,
    pub(super) journal: Vec<Undo>,
}

/// Monitors and environments that a person has deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    pub slug: String,
    /// The deleted environments; if empty, the whole monitor is deleted.
    pub environments: Vec<String>,
    pub at: Timestamp,
}

/// A monitor to which a person has given another slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    pub from: Slug,
    pub to: Slug,
}

/// A row that the store could not decode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UnreadableKey {
    /// A monitor, by its slug.
    Monitor(String),
    /// An environment, by the index of its monitor, and its name.
    Environment(usize, String),
    /// The open incident of an environment, by its index.
    Incident(usize),
    /// A run, by its id.
    Run(Uuid),
}

impl Snapshot {
    /// The part that a check-in is about.
    ///
    /// # Errors
    /// If a row that bears on it cannot be read: which, and why.
    pub(super) fn subject(&self, event: &CheckInEvent) -> Result<Subject, String> {
        self.readable(|| UnreadableKey::Monitor(event.monitor_slug.to_string()))?;
        let Some(monitor) = self.monitor_at(&event.monitor_slug) else {
            let run = self.run_of(event, None)?;
            let quota_usage = QuotaUsage { monitors: self.monitor_count, ..QuotaUsage::default() };
            return Ok(self.assemble(Place { run, ..Place::default() }, quota_usage));
        };
        self.readable(|| UnreadableKey::Environment(monitor, event.environment.clone()))?;
        let environment = self.environment_at(monitor, &event.environment);
        let run = self.run_of(event, environment)?;
        let mut place = Place { monitor: Some(monitor), environment, run, incident: None };
        let mut quota_usage = QuotaUsage::default();
        match environment {
            Some(index) => {
                place.incident = self.environments[index].open_incident;
                // The begin of a run looks at no incident.
                if event.status.is_terminal() {
                    self.readable(|| UnreadableKey::Incident(index))?;
                }
            }
            None => quota_usage = self.quota_usage.get(&monitor).copied().unwrap_or_default(),
        }
        Ok(self.assemble(place, quota_usage))
    }

    /// The part that a deadline of an environment, or of a run of it, is about.
    pub(super) fn subject_of(&self, environment: usize, run: Option<usize>) -> Option<Subject> {
        let row = self.environments.get(environment)?;
        if self.unreadable.contains_key(&UnreadableKey::Incident(environment)) {
            return None;
        }
        let place = Place {
            monitor: Some(row.monitor),
            environment: Some(environment),
            run,
            incident: row.open_incident,
        };
        Some(self.assemble(place, QuotaUsage::default()))
    }

    fn assemble(&self, place: Place, quota_usage: QuotaUsage) -> Subject {
        let environment = place.environment.map(|index| &self.environments[index]);
        let check_in = place.run.map(|index| {
            let run = &self.runs[index];
            let other_environment = match &run.environment {
                Ok(index) if place.environment == Some(*index) => None,
                Ok(index) => Some(self.environment_in_words(*index)),
                Err(words) => Some(words.clone()),
            };
            LoadedCheckIn {
                row: run.row.value.clone(),
                arrival_seq: Some(run.arrival_seq),
                other_environment,
            }
        });
        Subject {
            monitor: place.monitor.map(|index| self.monitors[index].value.clone()),
            environment: environment.map(|environment| environment.row.value.clone()),
            check_in,
            finished: environment.map(|environment| environment.finished.clone()).unwrap_or_default(),
            incident: place.incident.map(|index| self.incidents[index].row.value.clone()),
            quota_usage,
            silences: self.silences.clone(),
            first_follow_up: self.first_follow_up,
            place,
        }
    }

    fn environment_in_words(&self, index: usize) -> String {
        let environment = &self.environments[index];
        environment_in_words(
            self.monitors[environment.monitor].value.slug.as_str(),
            &environment.row.value.name,
        )
    }

    fn readable(&self, key: impl FnOnce() -> UnreadableKey) -> Result<(), String> {
        if self.unreadable.is_empty() {
            return Ok(());
        }
        self.unreadable.get(&key()).map_or(Ok(()), |reason| Err(reason.clone()))
    }

    /// The run that a check-in is about: by its id, or the open run of its environment that began last, but not after it.
    fn run_of(&self, event: &CheckInEvent, environment: Option<usize>) -> Result<Option<usize>, String> {
        if event.check_in_id == CheckInId::NIL {
            return Ok(environment.and_then(|index| self.latest_open(index, event.received)));
        }
        let guid = Uuid::from_bytes(*event.check_in_id.as_bytes());
        self.readable(|| UnreadableKey::Run(guid))?;
        Ok(self.by_guid.get(&guid).copied())
    }

    fn latest_open(&self, environment: usize, until: Timestamp) -> Option<usize> {
        let runs = self.environments[environment].runs.iter().copied();
        runs.filter(|index| {
            let run = &self.runs[*index].row.value;
            run.status == Status::InProgress && run.date_added <= until
        })
        .max_by_key(|index| (self.runs[*index].row.value.date_added, self.runs[*index].arrival_seq))
    }

    /// Returns the open runs of an environment whose deadline has passed at `tick`, oldest first.
    pub(super) fn overdue_runs(&self, environment: usize, tick: Timestamp) -> Vec<usize> {
        let runs = self.environments[environment].runs.iter().copied();
        let mut overdue: Vec<usize> = runs
            .filter(|index| {
                let run = &self.runs[*index].row.value;
                run.status == Status::InProgress && run.timeout_at.is_some_and(|deadline| deadline <= tick)
            })
            .collect();
        overdue.sort_by_key(|index| (self.runs[*index].row.value.date_added, self.runs[*index].arrival_seq));
        overdue
    }

    pub(super) fn monitor_at(&self, slug: &Slug) -> Option<usize> {
        self.by_slug.get(slug).copied()
    }

    pub(super) fn environment_at(&self, monitor: usize, name: &str) -> Option<usize> {
        self.by_name.get(&monitor)?.get(name).copied()
    }

    /// The number of monitors, where one more may be made.
    pub(super) fn monitor_count(&self) -> u32 {
        self.monitor_count
    }

    /// Returns whether there is a monitor of this slug, readable or not.
    pub fn has_monitor(&self, slug: &Slug) -> bool {
        self.by_slug.contains_key(slug)
            || !self.unreadable.is_empty()
                && self.unreadable.contains_key(&UnreadableKey::Monitor(slug.to_string()))
    }
}

/// `monitor` and `environment` as processing errors name them.
pub fn environment_in_words(monitor: &str, environment: &str) -> String {
    format!("monitor `{monitor}`, environment `{environment}`")
}
