//! The rows that a derivation mentions: a run or an incident, and the rows around it.

use tokio_postgres::Row;
use uuid::Uuid;

use super::deleted::DELETED;
use super::parameter::{Parameter, micros};
use super::reader::PostgresReader;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, INCIDENT, INCIDENT_COLUMNS, MONITOR, MONITOR_COLUMNS};
use super::session::Session;
use crate::domain::{CheckIn, Explained, ExplainedIncident, Incident, LOOK_BACK};
use crate::store::error::StoreError;
use crate::store::explained::{ExplainedRows, NamedRun, Side, bare_incident};
use crate::store::unreadable::UnreadableRows;

impl PostgresReader {
    pub(super) fn explained_of(&self, id: Uuid) -> Result<Option<Explained>, StoreError> {
        self.read(|session| Found { session, unreadable: self.unreadable() }.explained(id))
    }
}

struct Found<'a> {
    session: Session<'a>,
    unreadable: &'a UnreadableRows,
}

impl ExplainedRows for Found<'_> {
    fn named_run(&self, id: Uuid) -> Result<Option<NamedRun>, StoreError> {
        let sql = format!(
            "SELECT {CHECK_IN}, e.id, m.slug, e.name FROM check_ins c JOIN configs k ON k.id = c.config_id
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.guid = $1 AND m.id > {DELETED}"
        );
        let Some(row) = self.session.query_first(&sql, &[&id])? else { return Ok(None) };
        let (row_id, run) = self.unreadable.decode_row("check_ins", &row, 0, rows::check_in)?;
        Ok(Some(NamedRun {
            row_id,
            run,
            environment_id: rows::get(&row, CHECK_IN_COLUMNS)?,
            monitor_slug: rows::get(&row, CHECK_IN_COLUMNS + 1)?,
            environment: rows::get(&row, CHECK_IN_COLUMNS + 2)?,
        }))
    }

    fn incident_of_guid(&self, id: Uuid) -> Result<Option<(ExplainedIncident, i64)>, StoreError> {
        let sql = format!(
            "SELECT {MONITOR}, {INCIDENT}, i.id, e.id, e.name,
                 (SELECT at FROM occurrences WHERE incident_id = i.id ORDER BY id LIMIT 1)
             FROM incidents i JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE i.guid = $1 AND m.id > {DELETED}"
        );
        let Some(row) = self.session.query_first(&sql, &[&id])? else { return Ok(None) };
        let rest = MONITOR_COLUMNS + INCIDENT_COLUMNS;
        let monitor = |row: &Row| rows::monitor_with(row, |config| serde_json::from_str(config));
        let (_, monitor) = self.unreadable.decode_row("monitors", &row, 0, monitor)?;
        let incident = |row: &Row| rows::incident_from(row, MONITOR_COLUMNS);
        let incident = self.unreadable.decode_row("incidents", &row, rest, incident)?;
        let name = rows::get(&row, rest + 2)?;
        let explained = bare_incident(monitor, name, incident, rows::maybe(&row, rest + 3)?);
        Ok(Some((explained, rows::get(&row, rest + 1)?)))
    }

    fn runs(
        &self,
        environment: i64,
        (run, row_id): (&CheckIn, i64),
        Side { compare, order }: Side,
        filter: &str,
        limit: usize,
    ) -> Result<Vec<CheckIn>, StoreError> {
        let sql = format!(
            "SELECT {CHECK_IN} FROM (SELECT * FROM check_ins WHERE environment_id = $1
                 AND (date_added, id) {compare} ($2, $3) ORDER BY date_added {order}, id {order} LIMIT {LOOK_BACK}) c
             JOIN configs k ON k.id = c.config_id
             WHERE {filter} ORDER BY c.date_added {order}, c.id {order}"
        );
        let found = self.session.query(&sql, &[&environment, &micros(run.date_added), &row_id])?;
        let mut runs = self.check_ins(&found)?;
        runs.truncate(limit);
        Ok(runs.into_iter().map(|(_, run)| run).collect())
    }

    fn run_of(&self, id: Uuid) -> Result<Option<(i64, CheckIn)>, StoreError> {
        self.one("c.guid = $1", &id)
    }

    fn newest(&self, environment: i64) -> Result<Option<(i64, CheckIn)>, StoreError> {
        self.one("c.environment_id = $1 ORDER BY c.date_added DESC, c.id DESC LIMIT 1", &environment)
    }

    fn incident_with(
        &self,
        environment: i64,
        column: &str,
        id: Uuid,
    ) -> Result<Option<Incident>, StoreError> {
        let sql = format!(
            "SELECT {INCIDENT}, i.id FROM incidents i WHERE i.{column} = $1 AND i.environment_id = $2"
        );
        let found = self.session.query(&sql, &[&id, &environment])?;
        let incidents = self.unreadable.decode_rows("incidents", &found, INCIDENT_COLUMNS, rows::incident)?;
        Ok(incidents.into_iter().next())
    }
}

impl Found<'_> {
    fn one(&self, place: &str, key: &dyn Parameter) -> Result<Option<(i64, CheckIn)>, StoreError> {
        let sql =
            format!("SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id WHERE {place}");
        Ok(self.check_ins(&self.session.query(&sql, &[key])?)?.into_iter().next())
    }

    fn check_ins(&self, found: &[Row]) -> Result<Vec<(i64, CheckIn)>, StoreError> {
        self.unreadable.decode_rows("check_ins", found, 0, rows::check_in)
    }
}
