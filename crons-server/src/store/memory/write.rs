//! Writes the changes of a snapshot to the tables.

use std::collections::BTreeMap;

use super::tables::{Child, Tables};
use crate::domain::{FollowUpsDue, Snapshot};

impl Tables {
    /// Writes new and changed rows. Returns the row ids of the monitors of the snapshot, by their index.
    pub fn write_snapshot(&mut self, snapshot: &Snapshot) -> Vec<i64> {
        let monitors = self.assign_ids(snapshot.monitors.iter().map(|row| row.id));
        for (row, id) in snapshot.monitors.iter().zip(&monitors).filter(|(row, _)| row.changed) {
            self.monitors.insert(*id, row.value.clone());
        }
        let environments = self.assign_ids(snapshot.environments.iter().map(|row| row.row.id));
        for (environment, id) in snapshot.environments.iter().zip(&environments) {
            if environment.row.changed {
                put(&mut self.environments, *id, monitors[environment.monitor], &environment.row.value);
            }
        }
        let runs = self.assign_ids(snapshot.runs.iter().map(|run| run.row.id));
        for (run, id) in snapshot.runs.iter().zip(runs) {
            if let (Ok(environment), true) = (&run.environment, run.row.changed) {
                put(&mut self.runs, id, environments[*environment], &run.row.value);
            }
        }
        let incidents = self.assign_ids(snapshot.incidents.iter().map(|incident| incident.row.id));
        for (incident, id) in snapshot.incidents.iter().zip(&incidents) {
            if incident.row.changed {
                put(&mut self.incidents, *id, environments[incident.environment], &incident.row.value);
            }
        }
        for (incident, occurrence) in &snapshot.occurrences {
            let id = self.new_id();
            put(&mut self.occurrences, id, incidents[*incident], occurrence);
        }
        self.write_deferred(snapshot);
        monitors
    }

    /// Returns the row ids by the index of the row in the snapshot: new rows get the next ones, in their order.
    fn assign_ids(&mut self, stored: impl Iterator<Item = Option<i64>>) -> Vec<i64> {
        stored.map(|id| id.unwrap_or_else(|| self.new_id())).collect()
    }

    /// Writes new and changed silences, and makes the messages due that they kept back, if one has ended early.
    pub fn write_silences(&mut self, snapshot: &Snapshot) {
        for silence in &snapshot.changed_silences {
            let known = self.silences.iter().find(|(_, other)| other.id == silence.id).map(|(id, _)| *id);
            let id = known.unwrap_or_else(|| self.new_id());
            self.silences.insert(id, silence.clone());
        }
        if let Some(FollowUpsDue { at, instead_of }) = snapshot.follow_ups_due {
            let open = self.incidents.values_mut().filter(|row| row.value.resolved_at.is_none());
            let follow_ups = open.filter_map(|row| row.value.follow_up.as_mut());
            for follow_up in follow_ups {
                if instead_of.is_some() && follow_up.due == instead_of {
                    follow_up.due = Some(at);
                } else if instead_of.is_none() && follow_up.due.is_none_or(|due| due > at) {
                    follow_up.due = Some(follow_up.decided_until);
                }
            }
        }
        let Some(due) = snapshot.withheld_due else { return };
        let withheld = self.incidents.values_mut().filter_map(|row| row.value.withheld.as_mut());
        for withheld in withheld.filter(|withheld| withheld.pending) {
            withheld.silence.until = withheld.silence.until.min(due);
        }
    }

    fn write_deferred(&mut self, snapshot: &Snapshot) {
        for id in &snapshot.taken {
            self.deferred.remove(id);
        }
        let new = snapshot.deferred.values().flatten().filter(|row| row.id.is_none());
        let mut new: Vec<_> = new.map(|row| row.event.clone()).collect();
        new.sort_by_key(|event| event.received);
        for event in new {
            let id = self.new_id();
            self.deferred.insert(id, event);
        }
    }
}

fn put<T: Clone>(table: &mut BTreeMap<i64, Child<T>>, id: i64, parent: i64, value: &T) {
    table.insert(id, Child { parent, value: value.clone() });
}
