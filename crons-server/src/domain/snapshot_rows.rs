//! The rows that a store adds to a snapshot.

use crons_types::Slug;

use super::model::{CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment};
use super::received::CheckInEvent;
use super::row::{DeferredRow, EnvironmentRow, IncidentRow, Row, RunRow};
use super::silence::Silence;
use super::snapshot::{Snapshot, UnreadableKey};
use super::subject::QuotaUsage;

impl Snapshot {
    /// Adds a monitor, and returns its index.
    pub fn add_monitor(&mut self, id: i64, monitor: Monitor) -> usize {
        let index = self.monitors.len();
        self.by_slug.insert(monitor.slug.clone(), index);
        self.monitors.push(Row::stored(id, monitor));
        index
    }

    /// Adds an environment of a monitor, and returns its index.
    pub fn add_environment(&mut self, monitor: usize, id: i64, environment: MonitorEnvironment) -> usize {
        let index = self.environments.len();
        self.by_name.entry(monitor).or_default().insert(environment.name.clone(), index);
        self.environment_rows.insert(id, index);
        self.environments.push(EnvironmentRow::new(monitor, Row::stored(id, environment)));
        index
    }

    /// Adds a run, whose row id is its place in the order of arrival; `environment` is its index, or
    /// [`environment_in_words`](super::environment_in_words).
    pub fn add_run(&mut self, id: i64, environment: Result<usize, String>, run: CheckIn) {
        if self.by_guid.contains_key(&run.guid) {
            return;
        }
        let index = self.runs.len();
        self.by_guid.insert(run.guid, index);
        self.run_rows.insert(id, index);
        if let Ok(environment) = &environment {
            self.environments[*environment].runs.push(index);
        }
        self.runs.push(RunRow { environment, row: Row::stored(id, run), arrival_seq: id });
    }

    /// Adds a finished run of an environment.
    pub fn add_finished(&mut self, environment: usize, run: FinishedRun) {
        let history = &mut self.environments[environment].finished;
        if history.iter().all(|other| other.guid != run.guid) {
            history.push(run);
        }
    }

    /// Adds an incident of an environment, unless it is in the snapshot; an open one becomes that of its rules.
    pub fn add_incident(&mut self, environment: usize, id: i64, incident: Incident) {
        let known = self.incident_rows.get(&id).map(|index| self.incidents[*index].row.value.guid);
        if known == Some(incident.guid) {
            return;
        }
        self.incident_rows.insert(id, self.incidents.len());
        if incident.resolved_at.is_none() {
            self.environments[environment].open_incident = Some(self.incidents.len());
        }
        self.incidents.push(IncidentRow { environment, row: Row::stored(id, incident) });
    }

    /// Adds the silences that bear on the batch, in the order of their creation.
    pub fn set_silences(&mut self, silences: Vec<Silence>) {
        self.silences.made = std::sync::Arc::new(silences);
    }

    /// Adds the end of a run that waits for its monitor.
    pub fn add_deferred(&mut self, id: i64, event: CheckInEvent) {
        let waiting = self.deferred.entry(event.monitor_slug.clone()).or_default();
        waiting.push(DeferredRow { id: Some(id), event });
    }

    /// Adds the reason why a row cannot be read: inputs that it bears on are refused for it.
    pub fn add_unreadable(&mut self, key: UnreadableKey, reason: String) {
        self.unreadable.insert(key, reason);
    }

    /// Sets the number of monitors, where one more may be made.
    pub fn set_monitor_count(&mut self, count: u32) {
        self.monitor_count = count;
    }

    /// Sets the numbers of a monitor's environments, where one more may be made.
    pub fn set_quota_usage(&mut self, monitor: usize, usage: QuotaUsage) {
        self.quota_usage.insert(monitor, usage);
    }

    /// The index of an environment by its row id; `None` if it is not in the snapshot.
    pub fn environment_of_row(&self, id: i64) -> Option<usize> {
        self.environment_rows.get(&id).copied()
    }

    /// The index of a run by its row id; `None` if it is not in the snapshot.
    pub fn run_of_row(&self, id: i64) -> Option<usize> {
        self.run_rows.get(&id).copied()
    }

    /// The index of an incident by its row id; `None` if it is not in the snapshot.
    pub fn incident_of_row(&self, id: i64) -> Option<usize> {
        self.incident_rows.get(&id).copied()
    }

    /// The index of a monitor; `None` if there is none that can be read.
    pub fn monitor_index(&self, slug: &Slug) -> Option<usize> {
        self.monitor_at(slug)
    }

    /// The index of a monitor by the text of its slug.
    pub fn by_slug(&self, slug: &str) -> Option<usize> {
        self.by_slug.get(slug).copied()
    }

    /// The index of an environment of a monitor; `None` if there is none that can be read.
    pub fn environment_index(&self, monitor: usize, name: &str) -> Option<usize> {
        self.environment_at(monitor, name)
    }
}
