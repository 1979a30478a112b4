//! The history of the environments of a batch, read from PostgreSQL by sets.

use tokio_postgres::Row;

use super::connection::PostgresTransaction;
use super::rows::{self, INCIDENT, INCIDENT_COLUMNS};
use super::session::column;
use super::statement::Statement;
use crate::domain::UnreadableKey;
use crate::store::error::StoreError;
use crate::store::loading::{Bound, Loading};

impl PostgresTransaction<'_> {
    pub(super) fn load_history(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let wanted = loading.wanted_history();
        let statements = [
            self.finished(&wanted.windows, wanted.most, "f.status NOT IN ('in_progress', 'unknown')")?,
            self.finished(&wanted.reported, 1, "f.status IN ('ok', 'error')")?,
            open_incidents(&wanted.incidents)?,
        ];
        let [windows, reported, incidents] = self.session()?.together(statements)?;
        self.add_finished(loading, &windows)?;
        self.add_finished(loading, &reported)?;
        self.add_open_incidents(loading, &incidents)
    }

    /// The statement that reads, for each window (an environment with an instant and a row id), the newest finished runs up to there, at
    /// most `limit`; `None` without any.
    fn finished(
        &self,
        windows: &[Bound],
        limit: usize,
        filter: &str,
    ) -> Result<Option<Statement>, StoreError> {
        if windows.is_empty() {
            return Ok(None);
        }
        // The index has no row ids, so the instant is also compared alone.
        let sql = format!(
            "SELECT c.* FROM unnest($1, $2, $3) AS w (environment_id, date_added, id) CROSS JOIN LATERAL (
                 SELECT f.id, f.guid, f.status, f.date_added, f.environment_id FROM check_ins f
                 WHERE f.environment_id = w.environment_id AND {filter} AND f.date_added <= w.date_added
                 AND (f.date_added, f.id) <= (w.date_added, w.id) AND f.id <> ALL($5)
                 ORDER BY f.date_added DESC, f.id DESC LIMIT $4) AS c"
        );
        let statement = Statement::new(
            sql,
            &[
                &column(windows, |window| window.0),
                &column(windows, |window| window.1),
                &column(windows, |window| window.2),
                &i64::try_from(limit).unwrap_or(i64::MAX),
                &self.unreadable.ids("check_ins"),
            ],
        );
        statement.map(Some)
    }

    fn add_finished(&self, loading: &mut Loading<'_>, found: &[Row]) -> Result<(), StoreError> {
        let decode = |row: &_| Ok((rows::finished(row)?, rows::get(row, 4)?));
        for (run, environment) in self.unreadable.decode_rows("check_ins", found, 0, decode)? {
            if let Some(environment) = loading.snapshot.environment_of_row(environment) {
                loading.snapshot.add_finished(environment, run);
            }
        }
        Ok(())
    }

    fn add_open_incidents(&self, loading: &mut Loading<'_>, found: &[Row]) -> Result<(), StoreError> {
        for row in found {
            let environment_id: i64 = rows::get(row, INCIDENT_COLUMNS + 1)?;
            let Some(environment) = loading.snapshot.environment_of_row(environment_id) else { continue };
            match self.unreadable.decode_row("incidents", row, INCIDENT_COLUMNS, rows::incident) {
                Ok(incident) => {
                    loading.snapshot.add_incident(environment, rows::get(row, INCIDENT_COLUMNS)?, incident);
                }
                Err(error) => {
                    // The environment and its runs cannot be evaluated, and would be on each page of deadlines.
                    self.unreadable.hide("environments", environment_id);
                    for id in loading.timed_out_of(environment) {
                        self.unreadable.hide("check_ins", id);
                    }
                    let key = UnreadableKey::Incident(environment);
                    loading.snapshot.add_unreadable(key, error.reason()?);
                }
            }
        }
        Ok(())
    }
}

/// The statement that reads the open incidents of environments; `None` without any.
fn open_incidents(environments: &[i64]) -> Result<Option<Statement>, StoreError> {
    if environments.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {INCIDENT}, i.id, i.environment_id FROM incidents i
         WHERE i.environment_id = ANY($1) AND i.resolved_at IS NULL"
    );
    Statement::new(sql, &[&environments]).map(Some)
}
