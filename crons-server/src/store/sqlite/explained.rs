//! The rows that a derivation mentions: a run or an incident, and the rows around it.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use uuid::Uuid;

use super::connection::SqliteStore;
use super::deletion::DELETED;
use super::reader::SqliteReader;
use super::rows::{
    self, CHECK_IN, CHECK_IN_COLUMNS, INCIDENT, INCIDENT_COLUMNS, MONITOR, MONITOR_COLUMNS, Micros,
};
use crate::domain::{CheckIn, Explained, ExplainedIncident, Incident, LOOK_BACK};
use crate::store::error::StoreError;
use crate::store::explained::{ExplainedRows, NamedRun, Side, bare_incident};
use crate::store::unreadable::UnreadableRows;

impl SqliteStore {
    /// Reads a run or an incident of a simulation.
    ///
    /// # Errors
    /// If the database fails.
    pub fn explained(&self, id: Uuid) -> Result<Option<Explained>, StoreError> {
        Found { connection: &self.connection, unreadable: &self.unreadable() }.explained(id)
    }
}

impl SqliteReader {
    pub(super) fn explained_of(&self, id: Uuid) -> Result<Option<Explained>, StoreError> {
        self.read(|connection| Found { connection, unreadable: self.unreadable() }.explained(id))
    }
}

struct Found<'a> {
    connection: &'a Connection,
    unreadable: &'a UnreadableRows,
}

impl ExplainedRows for Found<'_> {
    fn named_run(&self, id: Uuid) -> Result<Option<NamedRun>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {CHECK_IN}, e.id, m.slug, e.name FROM check_ins c JOIN configs k ON k.id = c.config_id
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.guid = ?1 AND m.id > {DELETED}"
        ))?;
        let found = statement.query_row([id.as_bytes()], |row| {
            let (row_id, run) = self.check_in(row)?;
            let names = |row: &Row<'_>| Ok((row.get(CHECK_IN_COLUMNS + 1)?, row.get(CHECK_IN_COLUMNS + 2)?));
            let names: (String, String) =
                self.unreadable.decode("environments", row, CHECK_IN_COLUMNS, names)?;
            let (monitor_slug, environment) = names;
            Ok(NamedRun {
                row_id,
                run,
                environment_id: row.get(CHECK_IN_COLUMNS)?,
                monitor_slug,
                environment,
            })
        });
        Ok(found.optional()?)
    }

    fn incident_of_guid(&self, id: Uuid) -> Result<Option<(ExplainedIncident, i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {MONITOR}, {INCIDENT}, i.id, e.id, e.name, 
                 (SELECT at FROM occurrences WHERE incident_id = i.id ORDER BY id LIMIT 1)
             FROM incidents i JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE i.guid = ?1 AND m.id > {DELETED}"
        ))?;
        let rest = MONITOR_COLUMNS + INCIDENT_COLUMNS;
        let found = statement.query_row([id.as_bytes()], |row| {
            let config = |text: &str| serde_json::from_str(text);
            let (_, monitor) =
                self.unreadable.decode("monitors", row, 0, |row| rows::monitor_with(row, config))?;
            let incident = self
                .unreadable
                .decode("incidents", row, rest, |row| rows::incident_from(row, MONITOR_COLUMNS))?;
            let environment =
                self.unreadable.decode("environments", row, rest + 1, |row| row.get(rest + 2))?;
            let first_notified = rows::maybe(row, rest + 3)?;
            Ok((bare_incident(monitor, environment, incident, first_notified), row.get(rest + 1)?))
        });
        Ok(found.optional()?)
    }

    fn runs(
        &self,
        environment: i64,
        (run, row_id): (&CheckIn, i64),
        Side { compare, order }: Side,
        filter: &str,
        limit: usize,
    ) -> Result<Vec<CheckIn>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {CHECK_IN} FROM (SELECT id, date_added FROM check_ins WHERE environment_id = ?1
                 AND (date_added, id) {compare} (?2, ?3) ORDER BY date_added {order}, id {order} LIMIT {LOOK_BACK}) n
             CROSS JOIN check_ins c ON c.id = n.id JOIN configs k ON k.id = c.config_id
             WHERE {filter} ORDER BY n.date_added {order}, n.id {order}"
        ))?;
        let key = params![environment, Micros(run.date_added), row_id];
        let found = statement.query_map(key, |row| Ok(self.check_in(row)?.1))?;
        Ok(found.filter_map(rows::skip_unreadable).take(limit).collect::<Result<_, _>>()?)
    }

    fn run_of(&self, id: Uuid) -> Result<Option<(i64, CheckIn)>, StoreError> {
        self.one("c.guid = ?1", &[&id.as_bytes()])
    }

    fn newest(&self, environment: i64) -> Result<Option<(i64, CheckIn)>, StoreError> {
        self.one("c.environment_id = ?1 ORDER BY c.date_added DESC, c.id DESC LIMIT 1", &[&environment])
    }

    fn incident_with(
        &self,
        environment: i64,
        column: &str,
        id: Uuid,
    ) -> Result<Option<Incident>, StoreError> {
        // The `+` keeps SQLite from reading all incidents of the environment.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {INCIDENT}, i.id FROM incidents i WHERE i.{column} = ?1 AND +i.environment_id = ?2"
        ))?;
        let mut found = statement.query_map(params![id.as_bytes(), environment], |row| {
            self.unreadable.decode("incidents", row, INCIDENT_COLUMNS, rows::incident)
        })?;
        Ok(found.find_map(rows::skip_unreadable).transpose()?)
    }
}

impl Found<'_> {
    fn one(&self, place: &str, key: &[&dyn ToSql]) -> Result<Option<(i64, CheckIn)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id WHERE {place}"
        ))?;
        let mut found = statement.query_map(key, |row| self.check_in(row))?;
        Ok(found.find_map(rows::skip_unreadable).transpose()?)
    }

    fn check_in(&self, row: &Row<'_>) -> rusqlite::Result<(i64, CheckIn)> {
        self.unreadable.decode("check_ins", row, 0, rows::check_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::filled::filled;
    use crate::store::sqlite::steps::Steps;

    /// The steps of SQLite's virtual machine to explain an open incident and its run, behind and before `others` missed runs, beside as many
    /// resolved incidents, and after as many notifications.
    fn steps_beside(others: u32) -> u64 {
        let config = r#"{"schedule":{"type":"crontab","value":"0 0 * * *"}}"#;
        let rows = format!(
            "INSERT INTO configs VALUES (1, '{config}');
             INSERT INTO monitors (id, guid, project, slug, enabled, upserting, config, date_created)
             VALUES (1, randomblob(16), 1, 'job', 1, 1, '{config}', 0);
             INSERT INTO environments SELECT 1, 1, 'production', 'error', 0, 0, 0, 0, 0, 0;
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * {others})
             INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id)
             SELECT iif(i = {others}, zeroblob(16), randomblob(16)), 1, 'missed', i, i, i, 1 FROM n;
             INSERT INTO incidents (guid, environment_id, started_at, starting_check_in, opened_at, opening_check_in, threshold)
             VALUES (unhex(printf('%032x', 1)), 1, 0, zeroblob(16), 0, zeroblob(16), 1);
             INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT 1, guid, date_added, '' FROM check_ins;
             INSERT INTO incidents (guid, environment_id, started_at, starting_check_in, resolved_at, resolving_check_in)
             SELECT randomblob(16), 1, date_added, guid, date_added, guid FROM check_ins WHERE date_added <> {others};"
        );
        let (_folder, reader) = filled(&rows);
        let steps = Steps::of(&mut reader.connection());
        assert!(matches!(reader.explained_of(Uuid::nil()).unwrap(), Some(Explained::Run(_))));
        let Some(Explained::Incident(incident)) = reader.explained_of(Uuid::from_u128(1)).unwrap() else {
            unreachable!("the incident is there")
        };
        assert_eq!((incident.failures.len(), incident.newest.len()), (1, 1));
        steps.count()
    }

    #[test]
    fn a_derivation_looks_at_a_bounded_number_of_rows() {
        let (few, many) = (steps_beside(1_500), steps_beside(10_000));
        assert!(few > 0 && many <= few + few / 10, "{many} steps beside 20,000 runs, {few} beside 3,000");
    }
}
