//! The changes that inputs make to a snapshot, and the journal that undoes those of one input.

use crons_types::Slug;

use super::effects::Occurrence;
use super::model::{CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment};
use super::received::CheckInEvent;
use super::row::{DeferredRow, EnvironmentRow, IncidentRow, Row, RunRow, Undo};
use super::snapshot::Snapshot;
use super::subject::{LoadedCheckIn, Subject};

/// The arrival numbers of runs that are made in the batch begin here: each comes after all that are stored.
const NEW_ARRIVALS: i64 = 1 << 62;

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
            usage.all_muted = Some(value.muted && usage.all_muted.unwrap_or(true));
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
            self.change_incident(index, value);
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

    /// Changes an incident that is as open, or as resolved, as before.
    pub(super) fn change_incident(&mut self, index: usize, value: Incident) {
        let row = &mut self.incidents[index].row;
        if row.value != value {
            let before = std::mem::replace(row, Row { id: row.id, value, changed: true });
            self.journal.push(Undo::Incident(index, Box::new(before)));
        }
    }

    /// Defers the end of a run of an unknown monitor, until a check-in describes the monitor.
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
