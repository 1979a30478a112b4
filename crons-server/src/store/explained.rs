//! The rows that a derivation mentions, a run or an incident and the rows around it, whatever the database.

use jiff::Timestamp;
use uuid::Uuid;

use super::error::StoreError;
use crate::domain::{CheckIn, Explained, ExplainedIncident, ExplainedRun, Incident, LOOK_BACK, Monitor};

/// The runs of an environment on one side of a run, as SQL.
#[derive(Clone, Copy)]
pub(super) struct Side {
    pub compare: &'static str,
    pub order: &'static str,
}

const BEFORE: Side = Side { compare: "<", order: "DESC" };
const UP_TO: Side = Side { compare: "<=", order: "DESC" };
const AFTER: Side = Side { compare: ">", order: "ASC" };

/// A run with its row id, and its environment with its row id.
pub(super) struct NamedRun {
    pub row_id: i64,
    pub run: CheckIn,
    pub environment_id: i64,
    pub monitor_slug: String,
    pub environment: String,
}

/// The statements that find the rows of a derivation. A row that cannot be decoded is left out, except for the one that is asked for.
pub(super) trait ExplainedRows {
    fn named_run(&self, id: Uuid) -> Result<Option<NamedRun>, StoreError>;

    /// An incident as [`bare_incident`] makes it, and the row id of its environment.
    fn incident_of_guid(&self, id: Uuid) -> Result<Option<(ExplainedIncident, i64)>, StoreError>;

    /// Runs of an environment on one side of a run that meet `filter`, which names a column of a check-in `c`: the nearest first. At most
    /// [`LOOK_BACK`] rows are looked at.
    fn runs(
        &self,
        environment: i64,
        beside: (&CheckIn, i64),
        side: Side,
        filter: &str,
        limit: usize,
    ) -> Result<Vec<CheckIn>, StoreError>;

    /// The run with this id, and its row id.
    fn run_of(&self, id: Uuid) -> Result<Option<(i64, CheckIn)>, StoreError>;

    /// The newest run of an environment, and its row id.
    fn newest(&self, environment: i64) -> Result<Option<(i64, CheckIn)>, StoreError>;

    /// The incident of an environment whose column has this id.
    fn incident_with(&self, environment: i64, column: &str, id: Uuid)
    -> Result<Option<Incident>, StoreError>;

    fn explained(&self, id: Uuid) -> Result<Option<Explained>, StoreError> {
        if let Some(run) = self.explained_run(id)? {
            return Ok(Some(Explained::Run(Box::new(run))));
        }
        Ok(self.explained_incident(id)?.map(|incident| Explained::Incident(Box::new(incident))))
    }

    fn explained_run(&self, id: Uuid) -> Result<Option<ExplainedRun>, StoreError> {
        let Some(NamedRun { row_id, run, environment_id, monitor_slug, environment }) = self.named_run(id)?
        else {
            return Ok(None);
        };
        let around = |side| self.runs(environment_id, (&run, row_id), side, "c.reported IS NOT NULL", 1);
        let (previous, next) = (around(BEFORE)?.pop(), around(AFTER)?.pop());
        // The incident that the run opened, was counted in, or resolved.
        let incident = match run.incident() {
            Some(incident) => self.incident_with(environment_id, "guid", incident)?,
            None => self.incident_with(environment_id, "resolving_check_in", run.guid)?,
        };
        Ok(Some(ExplainedRun { monitor_slug, environment, run, previous, next, incident }))
    }

    fn explained_incident(&self, id: Uuid) -> Result<Option<ExplainedIncident>, StoreError> {
        let Some((mut explained, environment)) = self.incident_of_guid(id)? else { return Ok(None) };
        let incident = &explained.incident;
        let last = incident.opening.map_or(incident.starting_check_in, |opening| opening.check_in);
        if let Some((row_id, run)) = self.run_of(last)? {
            let failed = "c.status IN ('error', 'missed', 'timeout')";
            let mut failures = self.runs(environment, (&run, row_id), UP_TO, failed, LOOK_BACK)?;
            explained.take_failures(&mut failures);
        }
        if let Some(id) = explained.incident.resolving_check_in {
            explained.resolving = self.run_of(id)?.map(|(_, run)| run);
        } else if let Some((row_id, run)) = self.newest(environment)? {
            let finished = "c.status NOT IN ('in_progress', 'unknown')";
            let limit = explained.config.recoveries().min(LOOK_BACK);
            explained.newest = self.runs(environment, (&run, row_id), UP_TO, finished, limit)?;
        }
        Ok(Some(explained))
    }
}

/// An incident without the runs around it.
pub(super) fn bare_incident(
    monitor: Monitor,
    environment: String,
    incident: Incident,
    first_notified: Option<Timestamp>,
) -> ExplainedIncident {
    ExplainedIncident {
        monitor_slug: monitor.slug.to_string(),
        environment,
        config: monitor.config,
        incident,
        failures: Vec::new(),
        resolving: None,
        newest: Vec::new(),
        first_notified,
    }
}
