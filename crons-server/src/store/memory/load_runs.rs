//! The rows of a batch: runs, incidents and history.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crons_types::CheckInId;
use jiff::Timestamp;

use super::tables::{Tables, children};
use crate::domain::{BatchKeys, CheckIn, FinishedRun, Snapshot, Status, environment_in_words};

impl Tables {
    /// Adds the runs whose deadline has passed, with their environments.
    pub(super) fn add_timed_out(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        for id in &keys.timed_out {
            let Some(run) = self.runs.get(id) else { continue };
            if let Some(environment) = self.add_environment(snapshot, run.parent) {
                snapshot.add_run(*id, Ok(environment), run.value.clone());
            }
        }
    }

    /// Adds the environments of the monitors that a command is about, and those of their open runs that the command may change.
    pub(super) fn add_whole_monitors(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        for monitor in keys.monitors.iter().filter_map(|slug| self.monitor_id(slug)) {
            self.add_whole_monitor(snapshot, monitor, keys);
        }
    }

    fn add_whole_monitor(&self, snapshot: &mut Snapshot, monitor: i64, keys: &BatchKeys) {
        let until = keys.as_of.unwrap_or(Timestamp::MIN);
        let mut environments: Vec<_> = self.environments_of(monitor).collect();
        environments.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        for (id, _) in environments {
            let Some(index) = self.add_environment(snapshot, id) else { continue };
            let may_end = |run: &CheckIn| is_overdue(run, until) || run.unheard || keys.all_open_runs;
            self.add_open_runs(snapshot, id, index, may_end);
        }
    }

    fn add_open_runs(
        &self,
        snapshot: &mut Snapshot,
        environment: i64,
        index: usize,
        wanted: impl Fn(&CheckIn) -> bool,
    ) {
        for (id, run) in self.runs_of(environment) {
            if run.status == Status::InProgress && wanted(run) {
                snapshot.add_run(id, Ok(index), run.clone());
            }
        }
    }

    /// Adds runs that check-ins name, wherever they are; of the environment of a check-in that names none, the open ones that began last;
    /// and the overdue ones of each environment.
    pub(super) fn add_runs(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        let waiting = snapshot.deferred.values().flatten().map(|row| row.event.check_in_id);
        let named: BTreeSet<String> = keys
            .check_ins
            .iter()
            .map(|key| key.id)
            .chain(waiting)
            .filter(|id| *id != CheckInId::NIL)
            .map(|id| id.to_string())
            .collect();
        for (id, run) in &self.runs {
            if named.contains(&run.value.guid.simple().to_string()) {
                let place = snapshot.environment_of_row(run.parent).ok_or_else(|| {
                    let (monitor, environment) = self.names(run.parent);
                    environment_in_words(&monitor, &environment)
                });
                snapshot.add_run(*id, place, run.value.clone());
            }
        }
        let mut check_ins: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
        for key in &keys.check_ins {
            let monitor = snapshot.monitor_index(&key.slug);
            let index = monitor.and_then(|index| snapshot.environment_index(index, &key.environment));
            let Some(index) = index else { continue };
            let (count, has_nameless) = check_ins.entry(index).or_default();
            *count += 1;
            *has_nameless |= key.id == CheckInId::NIL;
        }
        for (index, (count, has_nameless)) in check_ins {
            let Some(environment) = snapshot.environments[index].row.id else { continue };
            if has_nameless {
                // The check-ins of the environment may each end an open run, so as many runs are loaded as there are check-ins.
                let runs = self.newest_runs(environment).into_iter();
                let open = runs.filter(|(_, run)| run.status == Status::InProgress);
                for (id, run) in open.take(count) {
                    snapshot.add_run(id, Ok(index), run.clone());
                }
            }
            if let Some(until) = keys.overdue_until {
                self.add_open_runs(snapshot, environment, index, |run| is_overdue(run, until));
            }
        }
    }

    pub(super) fn add_incident_of_command(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        let Some(guid) = keys.incident else { return };
        let Some((id, row)) = self.incidents.iter().find(|(_, row)| row.value.guid == guid) else { return };
        if let Some(environment) = self.add_environment(snapshot, row.parent) {
            snapshot.add_incident(environment, *id, row.value.clone());
        }
    }

    /// Adds incidents about which a message is kept back: those whose silence has ended, and resolved ones of the environments in which
    /// deadlines are evaluated.
    pub(super) fn add_withheld(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        for id in &keys.incidents_due {
            let Some(row) = self.incidents.get(id) else { continue };
            if let Some(environment) = self.add_environment(snapshot, row.parent) {
                snapshot.add_incident(environment, *id, row.value.clone());
            }
        }
        let Some(until) = keys.overdue_until else { return };
        for key in &keys.check_ins {
            let monitor = snapshot.monitor_index(&key.slug);
            let index = monitor.and_then(|index| snapshot.environment_index(index, &key.environment));
            let Some(index) = index else { continue };
            let Some(environment) = snapshot.environments[index].row.id else { continue };
            for (id, incident) in children(&self.incidents, environment) {
                let is_due = incident.withheld_until().is_some_and(|end| end <= until);
                if is_due && incident.resolved_at.is_some() {
                    snapshot.add_incident(index, id, incident.clone());
                }
            }
        }
    }

    /// Adds the finished runs that thresholds look at, the last run with a reported end, and open incidents.
    pub(super) fn add_history(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        for (index, query) in snapshot.history_queries(keys) {
            let Some(id) = snapshot.environments[index].row.id else { continue };
            let newest = self.newest_runs(id);
            let mut found: Vec<(i64, &CheckIn)> = Vec::new();
            if query.runs > 0 {
                let runs = snapshot.environments[index].runs.iter().map(|run| &snapshot.runs[*run]);
                let ends = runs.map(|run| (run.row.value.date_added, run.arrival_seq));
                for end in ends.chain([(Timestamp::MAX, i64::MAX)]) {
                    let until = newest.iter().filter(|(id, run)| (run.date_added, *id) <= end);
                    let finished = until.filter(|(_, run)| run.status.is_finished());
                    found.extend(finished.take(query.runs));
                }
            }
            if query.reported {
                found.extend(newest.iter().find(|(_, run)| run.status.is_reported_end()));
            }
            found.sort_by_key(|(id, run)| Reverse((run.date_added, *id)));
            for (arrival_seq, run) in found {
                let CheckIn { guid, status, date_added, .. } = *run;
                snapshot.add_finished(index, FinishedRun { guid, status, date_added, arrival_seq });
            }
            if query.incident {
                let open = children(&self.incidents, id).filter(|(_, row)| row.resolved_at.is_none());
                for (id, incident) in open {
                    snapshot.add_incident(index, id, incident.clone());
                }
            }
        }
    }
}

fn is_overdue(run: &CheckIn, until: Timestamp) -> bool {
    run.timeout_at.is_some_and(|deadline| deadline <= until)
}
