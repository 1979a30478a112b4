//! The working set of a batch: the rows that a store has loaded for it, and the changes that its inputs make.
//!
//! A store adds the rows that it has read, and writes those that are `changed` or new. In between, each input takes its [`Subject`]
//! out, a rule changes that, and [`Snapshot::put`] takes it back. A journal of previous values undoes one input and leaves the
//! others.

use std::collections::{BTreeMap, HashMap};

use crons_types::{CheckInId, Slug};
use jiff::Timestamp;
use uuid::Uuid;

use super::effects::Occurrence;
use super::model::{CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment, Status};
use super::received::CheckInEvent;
use super::subject::{LoadedCheckIn, Place, QuotaUsage, Subject};

/// The arrival numbers of runs that are made in the batch begin here: each comes after all that are stored.
const NEW_ARRIVALS: i64 = 1 << 62;

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
    /// Why rows that exist are not in the snapshot.
    pub unreadable: HashMap<UnreadableKey, String>,
    pub(super) monitor_count: u32,
    /// By the index of the monitor.
    pub(super) quota_usage: HashMap<usize, QuotaUsage>,
    /// Ends that wait for their monitor, in order of arrival.
    pub deferred: BTreeMap<Slug, Vec<DeferredRow>>,
    /// Row ids of deferred ends that are taken out.
    pub taken: Vec<i64>,
    pub deletion: Option<Deletion>,
    journal: Vec<Undo>,
}

/// A row, its id in the store (`None`: it is made in this batch), and whether it differs from the stored one.
#[derive(Debug, Clone)]
pub struct Row<T> {
    pub id: Option<i64>,
    pub value: T,
    pub changed: bool,
}

#[derive(Debug, Clone)]
pub struct EnvironmentRow {
    pub monitor: usize,
    pub row: Row<MonitorEnvironment>,
    pub finished: Vec<FinishedRun>,
    /// Indexes of its runs that are in the snapshot.
    pub runs: Vec<usize>,
    /// The index of its open incident.
    pub open_incident: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct RunRow {
    /// The index of its environment; in words, if that is not in the snapshot.
    pub environment: Result<usize, String>,
    pub row: Row<CheckIn>,
    pub arrival_seq: i64,
}

#[derive(Debug, Clone)]
pub struct IncidentRow {
    pub environment: usize,
    pub row: Row<Incident>,
}

/// The end of a run of an unknown monitor, with its row id if it is stored already.
#[derive(Debug, Clone)]
pub struct DeferredRow {
    pub id: Option<i64>,
    pub event: CheckInEvent,
}

/// Monitors and environments that a person has deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    pub slug: String,
    /// Empty: the whole monitor.
    pub environments: Vec<String>,
    pub at: Timestamp,
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

/// A previous value.
#[derive(Debug)]
enum Undo {
    Monitor(usize, Box<Row<Monitor>>),
    Environment(usize, Box<EnvironmentRow>),
    Run(usize, Box<Row<CheckIn>>),
    Incident(usize, Box<Row<Incident>>),
    QuotaUsage(usize, QuotaUsage),
    MonitorCount(u32),
    Deferred(Slug, Vec<DeferredRow>),
}

/// The state of a [`Snapshot`] to which [`Snapshot::undo_to`] goes back.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    journal: usize,
    monitors: usize,
    environments: usize,
    runs: usize,
    incidents: usize,
    occurrences: usize,
    taken: usize,
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

    /// Open runs of an environment whose deadline has passed at `tick`, oldest first.
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

    /// Whether there is a monitor of this slug, readable or not.
    pub fn has_monitor(&self, slug: &Slug) -> bool {
        self.by_slug.contains_key(slug)
            || !self.unreadable.is_empty()
                && self.unreadable.contains_key(&UnreadableKey::Monitor(slug.to_string()))
    }

    /// Takes a subject back as a rule has changed it, with the failures that people are notified of.
    pub(super) fn put(&mut self, subject: Subject, occurrences: &[Occurrence]) {
        let Subject { monitor, environment, check_in, incident, place, .. } = subject;
        let Some(monitor) = monitor else { return };
        let monitor = self.put_monitor(place.monitor, monitor);
        let environment = environment.map(|value| self.put_environment(place.environment, monitor, value));
        let Some(environment) = environment else { return };
        if let Some(LoadedCheckIn { row, other_environment: None, .. }) = check_in {
            self.put_run(place.run, environment, row);
        }
        if let Some(incident) = incident {
            let incident = self.put_incident(place.incident, environment, incident);
            self.occurrences.extend(occurrences.iter().map(|occurrence| (incident, occurrence.clone())));
        }
    }

    pub(super) fn put_monitor(&mut self, index: Option<usize>, value: Monitor) -> usize {
        let Some(index) = index else {
            self.journal.push(Undo::MonitorCount(self.monitor_count));
            self.monitor_count = self.monitor_count.saturating_add(1);
            let index = self.monitors.len();
            self.by_slug.insert(value.slug.clone(), index);
            self.monitors.push(Row::new(value));
            return index;
        };
        let row = &mut self.monitors[index];
        if row.value != value {
            let before = std::mem::replace(row, Row { id: row.id, value, changed: true });
            self.journal.push(Undo::Monitor(index, Box::new(before)));
        }
        index
    }

    pub(super) fn put_environment(
        &mut self,
        index: Option<usize>,
        monitor: usize,
        value: MonitorEnvironment,
    ) -> usize {
        let Some(index) = index else {
            let usage = self.quota_usage.entry(monitor).or_default();
            self.journal.push(Undo::QuotaUsage(monitor, *usage));
            usage.environments = usage.environments.saturating_add(1);
            let index = self.environments.len();
            self.by_name.entry(monitor).or_default().insert(value.name.clone(), index);
            self.environments.push(EnvironmentRow::new(monitor, Row::new(value)));
            return index;
        };
        if self.environments[index].row.value != value {
            self.remember_environment(index);
            let row = &mut self.environments[index].row;
            (row.value, row.changed) = (value, true);
        }
        index
    }

    fn remember_environment(&mut self, index: usize) {
        self.journal.push(Undo::Environment(index, Box::new(self.environments[index].clone())));
    }

    pub(super) fn put_run(&mut self, index: Option<usize>, environment: usize, value: CheckIn) {
        let finished = FinishedRun {
            guid: value.guid,
            status: value.status,
            date_added: value.date_added,
            arrival_seq: index.map_or_else(|| self.next_arrival(), |index| self.runs[index].arrival_seq),
        };
        match index {
            Some(index) if self.runs[index].row.value == value => return,
            Some(index) => {
                let row = &mut self.runs[index].row;
                let before = std::mem::replace(row, Row { id: row.id, value, changed: true });
                self.journal.push(Undo::Run(index, Box::new(before)));
                self.remember_environment(environment);
            }
            None => {
                self.remember_environment(environment);
                let index = self.runs.len();
                self.by_guid.insert(value.guid, index);
                self.environments[environment].runs.push(index);
                let arrival_seq = finished.arrival_seq;
                self.runs.push(RunRow { environment: Ok(environment), row: Row::new(value), arrival_seq });
            }
        }
        let history = &mut self.environments[environment].finished;
        history.retain(|run| run.guid != finished.guid);
        if finished.status.is_finished() {
            history.push(finished);
        }
    }

    fn next_arrival(&self) -> i64 {
        NEW_ARRIVALS.saturating_add(i64::try_from(self.runs.len()).unwrap_or(i64::MAX))
    }

    pub(super) fn put_incident(
        &mut self,
        index: Option<usize>,
        environment: usize,
        value: Incident,
    ) -> usize {
        let resolved = value.resolved_at.is_some();
        let index = if let Some(index) = index {
            let row = &mut self.incidents[index].row;
            if row.value != value {
                let before = std::mem::replace(row, Row { id: row.id, value, changed: true });
                self.journal.push(Undo::Incident(index, Box::new(before)));
            }
            index
        } else {
            self.incidents.push(IncidentRow { environment, row: Row::new(value) });
            self.incidents.len() - 1
        };
        let open = Some(index).filter(|_| !resolved);
        if self.environments[environment].open_incident != open {
            self.remember_environment(environment);
            self.environments[environment].open_incident = open;
        }
        index
    }

    /// Keeps the end of a run of an unknown monitor until a check-in describes that.
    pub fn defer(&mut self, event: CheckInEvent) {
        let waiting = self.deferred.entry(event.monitor_slug.clone()).or_default();
        self.journal.push(Undo::Deferred(event.monitor_slug.clone(), waiting.clone()));
        waiting.push(DeferredRow { id: None, event });
    }

    /// Takes out the ends that wait for a monitor, in order of arrival.
    pub fn take_deferred(&mut self, slug: &Slug) -> Vec<CheckInEvent> {
        let Some(waiting) = self.deferred.remove(slug) else { return Vec::new() };
        self.taken.extend(waiting.iter().filter_map(|row| row.id));
        let events = waiting.iter().map(|row| row.event.clone()).collect();
        self.journal.push(Undo::Deferred(slug.clone(), waiting));
        events
    }

    /// Takes out all ends that wait, in order of arrival.
    pub fn take_all_deferred(&mut self) -> Vec<CheckInEvent> {
        let slugs: Vec<Slug> = self.deferred.keys().cloned().collect();
        let mut waiting: Vec<DeferredRow> = Vec::new();
        for slug in slugs {
            let rows = self.deferred.get(&slug).cloned().unwrap_or_default();
            self.take_deferred(&slug);
            waiting.extend(rows);
        }
        waiting.sort_by_key(|row| row.id.unwrap_or(i64::MAX));
        waiting.into_iter().map(|row| row.event).collect()
    }

    /// Marks a state to which [`undo_to`](Self::undo_to) can go back.
    pub fn mark(&self) -> Mark {
        Mark {
            journal: self.journal.len(),
            monitors: self.monitors.len(),
            environments: self.environments.len(),
            runs: self.runs.len(),
            incidents: self.incidents.len(),
            occurrences: self.occurrences.len(),
            taken: self.taken.len(),
        }
    }

    /// Undoes all changes since a mark, and no earlier ones.
    pub fn undo_to(&mut self, mark: Mark) {
        for undo in self.journal.drain(mark.journal..).rev() {
            match undo {
                Undo::Monitor(index, before) => self.monitors[index] = *before,
                Undo::Environment(index, before) => self.environments[index] = *before,
                Undo::Run(index, before) => self.runs[index].row = *before,
                Undo::Incident(index, before) => self.incidents[index].row = *before,
                Undo::QuotaUsage(monitor, before) => drop(self.quota_usage.insert(monitor, before)),
                Undo::MonitorCount(before) => self.monitor_count = before,
                Undo::Deferred(slug, before) => drop(self.deferred.insert(slug, before)),
            }
        }
        for monitor in self.monitors.drain(mark.monitors..) {
            self.by_slug.remove(&monitor.value.slug);
        }
        for environment in self.environments.drain(mark.environments..) {
            if let Some(names) = self.by_name.get_mut(&environment.monitor) {
                names.remove(&environment.row.value.name);
            }
        }
        for run in self.runs.drain(mark.runs..) {
            self.by_guid.remove(&run.row.value.guid);
        }
        self.incidents.truncate(mark.incidents);
        self.occurrences.truncate(mark.occurrences);
        self.taken.truncate(mark.taken);
    }
}

/// `monitor` and `environment` as processing errors name them.
pub fn environment_in_words(monitor: &str, environment: &str) -> String {
    format!("monitor `{monitor}`, environment `{environment}`")
}

impl<T> Row<T> {
    /// A row that is made in this batch.
    pub(super) fn new(value: T) -> Self {
        Self { id: None, value, changed: true }
    }

    /// A row as it is stored.
    pub(super) fn stored(id: i64, value: T) -> Self {
        Self { id: Some(id), value, changed: false }
    }
}

impl EnvironmentRow {
    pub(super) fn new(monitor: usize, row: Row<MonitorEnvironment>) -> Self {
        Self { monitor, row, finished: Vec::new(), runs: Vec::new(), open_incident: None }
    }
}
