//! Silences in a transaction, and the incidents about which they keep a message back.

use tokio_postgres::Row;

use super::connection::PostgresTransaction;
use super::parameter::{Parameter, maybe_micros, micros, text, texts};
use super::rows::{self, INCIDENT, INCIDENT_COLUMNS};
use super::session::column;
use super::statement::Statement;
use crate::domain::{BatchKeys, FollowUpsDue, Silence, Snapshot};
use crate::store::error::StoreError;
use crate::store::loading::Loading;
use crate::store::view_rows::{SILENCE, silence};

impl PostgresTransaction<'_> {
    /// The statement that reads the silences that bear on a batch; `None` if none can.
    pub(super) fn silences_of(keys: &BatchKeys) -> Result<Option<Statement>, StoreError> {
        if keys.silences_after.is_none() && keys.silence.is_none() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT {SILENCE} FROM silences WHERE coalesce(ended_at, ends_at) > $1 OR guid = $2 ORDER BY id"
        );
        let after = keys.silences_after.map_or(i64::MAX, micros);
        Statement::new(sql, &[&after, &keys.silence]).map(Some)
    }

    /// Adds the silences that bear on a batch. One that cannot be read keeps nothing back.
    pub(super) fn add_silences(&self, loading: &mut Loading<'_>, found: &[Row]) -> Result<(), StoreError> {
        let silences = self.unreadable.decode_rows("silences", found, 8, silence)?;
        loading.snapshot.set_silences(silences);
        Ok(())
    }

    /// Loads incidents about which a message is kept back: those whose silence has ended, and resolved ones of the environments in which
    /// deadlines are evaluated.
    pub(super) fn load_withheld(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let due = &loading.keys.incidents_due;
        if !due.is_empty() {
            let sql = "SELECT DISTINCT environment_id FROM incidents WHERE id = ANY($1)";
            self.load_environments_of(loading, sql, &[due])?;
            self.add_incidents(loading, "i.id = ANY($1)", &[due])?;
        }
        let Some(until) = loading.keys.overdue_until else { return Ok(()) };
        let environments: Vec<i64> = loading.environments().into_iter().collect();
        let filter = "i.environment_id = ANY($1) AND i.withheld_pending AND i.withheld_until <= $2 AND i.resolved_at IS NOT NULL";
        self.add_incidents(loading, filter, &[&environments, &micros(until)])
    }

    /// Adds the incidents `i` that pass a filter and whose environments are in the snapshot.
    fn add_incidents(
        &self,
        loading: &mut Loading<'_>,
        filter: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<(), StoreError> {
        let sql = format!("SELECT {INCIDENT}, i.id, i.environment_id FROM incidents i WHERE {filter}");
        for row in &self.session()?.query(&sql, parameters)? {
            let id = rows::get(row, INCIDENT_COLUMNS)?;
            let environment = loading.snapshot.environment_of_row(rows::get(row, INCIDENT_COLUMNS + 1)?);
            match self.unreadable.decode_row("incidents", row, INCIDENT_COLUMNS, rows::incident) {
                Ok(incident) => match environment {
                    Some(environment) => loading.snapshot.add_incident(environment, id, incident),
                    // The unreadable incident is hidden, as it would be on each page of due rows.
                    None => self.unreadable.hide("incidents", id),
                },
                Err(error) => drop(error.reason()?),
            }
        }
        Ok(())
    }

    pub(super) fn write_silences(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let silences: Vec<&Silence> = snapshot.changed_silences.iter().collect();
        if !silences.is_empty() {
            let matchers: Vec<String> = silences
                .iter()
                .map(|silence| serde_json::to_string(&silence.matchers).map_err(StoreError::unavailable))
                .collect::<Result<_, _>>()?;
            self.insert_later(
                "silences",
                &[
                    ("guid", &column(&silences, |silence| silence.id)),
                    ("matchers", &texts(&matchers)),
                    ("starts_at", &column(&silences, |silence| micros(silence.starts_at))),
                    ("ends_at", &column(&silences, |silence| micros(silence.ends_at))),
                    ("author", &column(&silences, |silence| text(&silence.by))),
                    ("why", &column(&silences, |silence| text(&silence.why))),
                    ("created_at", &column(&silences, |silence| micros(silence.created_at))),
                    ("ended_at", &column(&silences, |silence| maybe_micros(silence.ended_at))),
                ],
                "ON CONFLICT (guid) DO UPDATE SET ended_at = excluded.ended_at",
            )?;
        }
        if let Some(due) = snapshot.withheld_due {
            let sql =
                "UPDATE incidents SET withheld_until = $1 WHERE withheld_pending AND withheld_until > $1";
            self.later(Statement::new(sql, &[&micros(due)])?);
        }
        match snapshot.follow_ups_due {
            None => {}
            Some(FollowUpsDue { at, instead_of: Some(planned) }) => {
                let sql = "UPDATE incidents SET follow_up_due = $1 WHERE follow_up_due = $2";
                self.later(Statement::new(sql, &[&micros(at), &micros(planned)])?);
            }
            Some(FollowUpsDue { at, instead_of: None }) => {
                let sql = "UPDATE incidents SET follow_up_due = follow_ups_until
                           WHERE resolved_at IS NULL AND notified_at IS NOT NULL
                           AND (follow_up_due IS NULL OR follow_up_due > $1)";
                self.later(Statement::new(sql, &[&micros(at)])?);
            }
        }
        Ok(())
    }
}
