//! The rows that a derivation mentions.

use uuid::Uuid;

use super::tables::{Tables, children};
use crate::domain::{CheckIn, Explained, ExplainedIncident, ExplainedRun, LOOK_BACK, Status};

impl Tables {
    pub fn explained(&self, id: Uuid) -> Option<Explained> {
        let run = self.explained_run(id).map(|run| Explained::Run(Box::new(run)));
        run.or_else(|| Some(Explained::Incident(Box::new(self.explained_incident(id)?))))
    }

    fn explained_run(&self, id: Uuid) -> Option<ExplainedRun> {
        let (row_id, row) = self.runs.iter().find(|(_, row)| row.value.guid == id)?;
        let (monitor_slug, environment) = self.names(row.parent);
        let run = row.value.clone();
        let place = (run.date_added, *row_id);
        // The newest first.
        let runs = self.newest_runs(row.parent);
        let mut reported = runs.iter().filter(|(_, other)| other.reported.is_some());
        let previous = reported.clone().find(|(id, other)| (other.date_added, *id) < place);
        let next = reported.rfind(|(id, other)| (other.date_added, *id) > place);
        let owned = |found: Option<&(i64, &CheckIn)>| found.map(|(_, run)| (*run).clone());
        let (previous, next) = (owned(previous), owned(next));
        let named = run.incident();
        let mut incidents = children(&self.incidents, row.parent).map(|(_, incident)| incident);
        let incident = incidents.find(|incident| match named {
            Some(id) => incident.guid == id,
            None => incident.resolving_check_in == Some(run.guid),
        });
        Some(ExplainedRun { monitor_slug, environment, previous, next, incident: incident.cloned(), run })
    }

    fn explained_incident(&self, id: Uuid) -> Option<ExplainedIncident> {
        let (row_id, row) = self.incidents.iter().find(|(_, row)| row.value.guid == id)?;
        let (monitor_slug, environment) = self.names(row.parent);
        let incident = row.value.clone();
        let of = |id: Uuid| self.runs.iter().find(|(_, row)| row.value.guid == id);
        let last = incident.opening.map_or(incident.starting_check_in, |opening| opening.check_in);
        let last = of(last).map(|(id, row)| (row.value.date_added, *id));
        let runs = self.newest_runs(row.parent);
        let is_failure = |status: Status| status.is_finished() && status != Status::Ok;
        let failures = runs.iter().filter(|(id, run)| {
            last.is_some_and(|last| (run.date_added, *id) <= last) && is_failure(run.status)
        });
        let mut failures: Vec<CheckIn> = failures.map(|(_, run)| (*run).clone()).collect();
        let config = self.monitor_of(row.parent).config.clone();
        let finished = runs.iter().filter(|(_, run)| run.status.is_finished());
        let newest = finished.take(config.recoveries().min(LOOK_BACK)).map(|(_, run)| (*run).clone());
        let mut explained = ExplainedIncident {
            monitor_slug,
            environment,
            newest: if incident.resolved_at.is_none() { newest.collect() } else { Vec::new() },
            config,
            failures: Vec::new(),
            resolving: incident.resolving_check_in.and_then(of).map(|(_, row)| row.value.clone()),
            first_notified: children(&self.occurrences, *row_id).map(|(_, row)| row.at).next(),
            incident,
        };
        explained.take_failures(&mut failures);
        Some(explained)
    }
}
