//! Deletion of monitors and environments, and of what retention does not keep.

use super::tables::Tables;
use crate::domain::{Deletion, Status};
use crate::store::expired::Expired;
use crate::store::limits::DELETED_ANSWER;

impl Tables {
    /// Deletes a monitor or environments of it, with all their rows at once, so that nothing is left to purge.
    pub fn delete(&mut self, Deletion { slug, environments, at }: &Deletion) {
        let Some(monitor) = self.monitor_id(slug) else { return };
        let is_deleted = |name: &String| environments.is_empty() || environments.contains(name);
        let deleted = self.environments_of(monitor).filter(|(_, row)| is_deleted(&row.name));
        let deleted: Vec<i64> = deleted.map(|(id, _)| id).collect();
        for id in deleted {
            let open = self.open_incident(id).map(|(_, incident)| incident.guid);
            let of_incident = self.alerts.values_mut().filter(|row| Some(row.alert.incident) == open);
            for row in of_incident.filter(|row| row.next_attempt.is_some()) {
                row.next_attempt = None;
                row.expired = Some(*at);
                row.last_answer = Some(DELETED_ANSWER.to_owned());
            }
            self.environments.remove(&id);
            self.runs.retain(|_, row| row.parent != id);
            self.incidents.retain(|_, row| row.parent != id);
        }
        let incidents = &self.incidents;
        self.occurrences.retain(|_, row| incidents.contains_key(&row.parent));
        if environments.is_empty() {
            self.monitors.remove(&monitor);
            self.processing_errors.retain(|_, row| row.monitor != Some(monitor));
            self.move_usage(slug, "");
        }
    }

    /// Gives the usage of a monitor to another slug; to none for an empty one.
    pub fn move_usage(&mut self, slug: &str, to: &str) {
        for ((hour, of, outcome, reason), count) in std::mem::take(&mut self.usage) {
            let of = if of == slug { to.to_owned() } else { of };
            *self.usage.entry((hour, of, outcome, reason)).or_default() += count;
        }
    }

    /// Deletes what a sweep has found. Returns the number of check-ins among it. A run that goes on after all, or that an incident began
    /// with meanwhile, stays.
    pub fn delete_expired(&mut self, expired: &Expired) -> usize {
        let before = self.runs.len();
        for id in &expired.check_ins {
            let Some(run) = self.runs.get(id) else { continue };
            let is_start = self
                .open_incident(run.parent)
                .is_some_and(|(_, incident)| incident.starting_check_in == run.value.guid);
            let is_newer = run.value.date_added.as_microsecond() > expired.newest;
            if run.value.status != Status::InProgress && !is_newer && !is_start {
                self.runs.remove(id);
            }
        }
        self.occurrences.retain(|id, _| !expired.occurrences.contains(id));
        self.incidents.retain(|id, _| !expired.incidents.contains(id));
        self.outages.retain(|id, _| !expired.outages.contains(id));
        self.silences.retain(|id, _| !expired.silences.contains(id));
        for (slug, until) in &expired.usage {
            self.usage.retain(|(hour, of, ..), _| of != slug || hour > until);
        }
        before - self.runs.len()
    }
}
