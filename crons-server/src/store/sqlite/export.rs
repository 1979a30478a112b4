//! The export of what is stored, for a simulation.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::connection::SqliteStore;
use super::deletion::DELETED;
use super::outages;
use super::reader::SqliteReader;
use super::rows::{
    self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, ENVIRONMENT_COLUMNS, INCIDENT, INCIDENT_COLUMNS,
};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::views::{Export, PageRequest};

/// The whole of a list.
pub(super) const ALL: PageRequest = PageRequest { skip: 0, limit: u32::MAX };

impl SqliteStore {
    /// Reads all that is stored.
    ///
    /// # Errors
    /// If the database fails.
    pub fn export(&self) -> Result<Export, StoreError> {
        export(&self.connection, None, &self.unreadable())
    }
}

impl SqliteReader {
    pub(super) fn export_of(&self, slug: Option<&str>) -> Result<Export, StoreError> {
        export(&self.connection(), slug, self.unreadable())
    }
}

/// Reads all that is stored, or all of one monitor, in one snapshot.
pub(super) fn export(
    connection: &Connection,
    slug: Option<&str>,
    unreadable: &UnreadableRows,
) -> Result<Export, StoreError> {
    let connection = connection.unchecked_transaction()?;
    // `CROSS JOIN` fixes the order of the loops: for one monitor, from its environments by an index to their rows; for all, in the order
    // of row ids.
    let (environments, place) = match slug {
        Some(_) => {
            ("monitors m CROSS JOIN environments e ON e.monitor_id = m.id", "m.project = ?1 AND m.slug = ?2")
        }
        None => ("environments e JOIN monitors m ON m.id = e.monitor_id", "?1 = ?1 AND ?2 IS NULL"),
    };
    let from = |table: &str, on: &str| match slug {
        Some(_) => format!("{environments} CROSS JOIN {table} ON {on}"),
        None => format!("{table} JOIN environments e ON {on} JOIN monitors m ON m.id = e.monitor_id"),
    };
    let place = format!("{place} AND m.id > {DELETED}");
    let key = params![PROJECT.cast_signed(), slug];
    let check_ins = connection
        .prepare(&format!(
            "SELECT {CHECK_IN}, m.slug, e.name FROM {} JOIN configs k ON k.id = c.config_id WHERE {place} ORDER BY c.id",
            from("check_ins c", "c.environment_id = e.id")
        ))?
        .query_map(key, |row| {
            unreadable.decode("check_ins", row, 0, |row| {
                Ok((row.get(CHECK_IN_COLUMNS)?, row.get(CHECK_IN_COLUMNS + 1)?, rows::check_in(row)?.1))
            })
        })?
        .filter_map(rows::skip_unreadable)
        .collect::<Result<_, _>>()?;
    let environments = connection
        .prepare(&format!("SELECT {ENVIRONMENT}, m.slug FROM {environments} WHERE {place} ORDER BY e.id"))?
        .query_map(key, |row| {
            unreadable.decode("environments", row, 0, |row| {
                Ok((row.get(ENVIRONMENT_COLUMNS)?, rows::environment(row)?.1))
            })
        })?
        .filter_map(rows::skip_unreadable)
        .collect::<Result<_, _>>()?;
    let incidents_of_place = from("incidents i", "i.environment_id = e.id");
    let incidents = connection
        .prepare(&format!(
            "SELECT {INCIDENT}, m.slug, e.name, i.id FROM {incidents_of_place} WHERE {place} ORDER BY i.id"
        ))?
        .query_map(key, |row| {
            unreadable.decode("incidents", row, INCIDENT_COLUMNS + 2, |row| {
                Ok((row.get(INCIDENT_COLUMNS)?, row.get(INCIDENT_COLUMNS + 1)?, rows::incident(row)?))
            })
        })?
        .filter_map(rows::skip_unreadable)
        .collect::<Result<_, _>>()?;
    let occurrences = connection
        .prepare(&format!(
            "SELECT m.slug, e.name, o.check_in, o.at, o.reason, o.id FROM {incidents_of_place}
             CROSS JOIN occurrences o ON o.incident_id = i.id WHERE {place} ORDER BY o.id"
        ))?
        .query_map(key, |row| {
            unreadable.decode("occurrences", row, 5, |row| {
                Ok((row.get(0)?, row.get(1)?, rows::occurrence(row, 2)?))
            })
        })?
        .filter_map(rows::skip_unreadable)
        .collect::<Result<_, _>>()?;
    let outages = outages::outages(&connection, unreadable, Timestamp::MIN, ALL)?.items;
    let last_heartbeat = outages::last_heartbeat(&connection)?;
    Ok(Export { check_ins, environments, incidents, occurrences, outages, last_heartbeat })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::filled::filled;
    use crate::store::sqlite::steps::Steps;

    /// The steps of SQLite's virtual machine to read all of one monitor beside `others`.
    fn steps_beside(others: u32) -> (u64, Export) {
        let config = r#"{"schedule":{"type":"crontab","value":"0 0 * * *"}}"#;
        let rows = format!(
            "INSERT INTO configs VALUES (1, '{config}');
             WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {others})
             INSERT INTO monitors SELECT i + 1, randomblob(16), 1, 'job-' || i, 1, 1, '{config}', NULL, 0, NULL, NULL, 0, 'code', 0 FROM n;
             INSERT INTO environments SELECT id, id, 'production', 'ok', 0, 0, 0, 0, 0, 0 FROM monitors WHERE id > 0;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
             INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id, reported)
             SELECT randomblob(16), e.id, 'ok', i, i, i, 1, 'ok' FROM environments e, n;"
        );
        let (_folder, reader) = filled(&rows);
        let steps = Steps::of(&mut reader.connection());
        let found = reader.export_of(Some("job-0")).unwrap();
        (steps.count(), found)
    }

    #[test]
    fn one_monitor_is_exported_without_reading_runs_of_others() {
        let (alone, found) = steps_beside(0);
        assert_eq!((found.check_ins.len(), found.environments.len()), (100, 1));
        let (beside, found) = steps_beside(100);
        assert_eq!((found.check_ins.len(), found.environments.len()), (100, 1));
        assert!(alone > 0 && beside <= alone + 200, "{beside} steps beside others, {alone} alone");
    }
}
