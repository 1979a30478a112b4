//! The history of the environments of a batch, read from SQLite by sets.

use rusqlite::params;

use super::connection::SqliteTransaction;
use super::load::json;
use super::rows::{self, INCIDENT, INCIDENT_COLUMNS};
use super::unreadable::reason_of;
use crate::domain::UnreadableKey;
use crate::store::error::StoreError;
use crate::store::loading::{Bound, Loading};

impl SqliteTransaction<'_> {
    pub(super) fn load_history(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let wanted = loading.wanted_history();
        // A list of four would be put into a table of its own at each execution.
        self.load_finished(
            loading,
            &wanted.windows,
            wanted.most,
            "f.status <> 'in_progress' AND f.status <> 'unknown'",
        )?;
        self.load_finished(loading, &wanted.reported, 1, "(f.status = 'ok' OR f.status = 'error')")?;
        self.load_open_incidents(loading, &wanted.incidents)
    }

    /// Loads, for each window (an environment with an instant and a row id), the newest finished runs up to there, at most `limit`.
    fn load_finished(
        &self,
        loading: &mut Loading<'_>,
        windows: &[Bound],
        limit: usize,
        filter: &str,
    ) -> Result<(), StoreError> {
        if windows.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT c.id, c.guid, c.status, c.date_added, c.environment_id FROM json_each(?1) w CROSS JOIN check_ins c ON c.id IN (
                 SELECT f.id FROM check_ins f WHERE f.environment_id = w.value ->> 0 AND {filter}
                 AND (f.date_added, f.id) <= (w.value ->> 1, w.value ->> 2)
                 AND f.id NOT IN (SELECT value FROM json_each(?3)) ORDER BY f.date_added DESC, f.id DESC LIMIT ?2)"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let left_out = self.unreadable.ids_in_json("check_ins", &[]);
        let mut found = statement.query(params![json(windows)?, limit, left_out])?;
        while let Some(row) = found.next()? {
            match self.unreadable.decode("check_ins", row, 0, rows::finished) {
                Ok(run) => {
                    if let Some(environment) = loading.snapshot.environment_of_row(row.get(4)?) {
                        loading.snapshot.add_finished(environment, run);
                    }
                }
                Err(error) => drop(reason_of(error)?),
            }
        }
        Ok(())
    }

    fn load_open_incidents(&self, loading: &mut Loading<'_>, environments: &[i64]) -> Result<(), StoreError> {
        if environments.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {INCIDENT}, i.id, i.environment_id FROM json_each(?1) k
             CROSS JOIN incidents i ON i.environment_id = k.value AND i.resolved_at IS NULL"
        ))?;
        let mut found = statement.query([json(environments)?])?;
        while let Some(row) = found.next()? {
            let environment_id: i64 = row.get(INCIDENT_COLUMNS + 1)?;
            let Some(environment) = loading.snapshot.environment_of_row(environment_id) else { continue };
            match self.unreadable.decode("incidents", row, INCIDENT_COLUMNS, rows::incident) {
                Ok(incident) => {
                    loading.snapshot.add_incident(environment, row.get(INCIDENT_COLUMNS)?, incident);
                }
                Err(error) => {
                    // The environment and its runs cannot be evaluated, and would be on each page of deadlines.
                    self.unreadable.hide("environments", environment_id);
                    for id in loading.timed_out_of(environment) {
                        self.unreadable.hide("check_ins", id);
                    }
                    let key = UnreadableKey::Incident(environment);
                    loading.snapshot.add_unreadable(key, reason_of(error)?);
                }
            }
        }
        Ok(())
    }
}
