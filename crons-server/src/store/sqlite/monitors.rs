//! Lists of monitors, each with its environments and their newest check-ins.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use uuid::Uuid;

use super::reader::SqliteReader;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, FAILING, MONITOR};
use crate::domain::{Monitor, PROJECT};
use crate::store::configs::Configs;
use crate::store::error::StoreError;
use crate::store::view_rows::environment_view;
use crate::store::views::{EnvironmentView, MonitorView};

impl SqliteReader {
    pub(super) fn has_monitor_of(&self, slug: &str) -> Result<bool, StoreError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM monitors WHERE project = ?1 AND slug = ?2")?;
        Ok(statement.exists(params![PROJECT.cast_signed(), slug])?)
    }

    pub(super) fn slug_of_guid(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT slug FROM monitors WHERE project = ?1 AND guid = ?2")?;
        let key = params![PROJECT.cast_signed(), id.as_bytes()];
        Ok(statement.query_row(key, |row| row.get(0)).optional()?)
    }

    pub(super) fn monitor_of(&self, slug: &str) -> Result<Option<MonitorView>, StoreError> {
        let one = "SELECT id FROM monitors WHERE project = ?1 AND slug = ?2";
        let mut found = self.read(|connection| {
            self.monitors_of(connection, one, params![PROJECT.cast_signed(), slug], Some)
        })?;
        Ok(found.pop())
    }

    pub(super) fn monitors_of_slugs(&self, slugs: &[String]) -> Result<Vec<MonitorView>, StoreError> {
        let named =
            "SELECT id FROM monitors WHERE project = ?1 AND slug IN (SELECT value FROM json_each(?2))";
        let slugs = serde_json::json!(slugs).to_string();
        self.read(|connection| {
            self.monitors_of(connection, named, params![PROJECT.cast_signed(), slugs], rows::skip_unreadable)
        })
    }

    /// The monitors whose row ids the query `page` finds, in the order of their slugs. `choose` drops a row or keeps it.
    fn monitors_of(
        &self,
        connection: &Connection,
        page: &str,
        key: &[&dyn ToSql],
        choose: impl FnMut(rusqlite::Result<(i64, Monitor)>) -> Option<rusqlite::Result<(i64, Monitor)>>,
    ) -> Result<Vec<MonitorView>, StoreError> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.id IN ({page}) ORDER BY m.slug"
        ))?;
        let mut configs = Configs::default();
        let rows = statement.query_map(key, |row| {
            let decode = |row: &Row<'_>| rows::monitor_with(row, |text| configs.decode(text));
            self.unreadable().decode("monitors", row, 0, decode)
        })?;
        let mut found = Vec::new();
        for row in rows.filter_map(choose) {
            let (id, monitor) = row?;
            found.push((id, MonitorView { monitor, environments: Vec::new() }));
        }
        let places: HashMap<i64, usize> =
            found.iter().zip(0..).map(|((id, _), place)| (*id, place)).collect();
        // The order is Sentry's: error, ok, active, and muted ones last; among those, the latest check-in first.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {CHECK_IN}, {ENVIRONMENT}, i.started_at, e.monitor_id, {FAILING},
             i.broken_at, i.broken_muted_at FROM environments e
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             LEFT JOIN check_ins c ON c.id = (SELECT id FROM check_ins WHERE environment_id = e.id
                 ORDER BY date_added DESC, id DESC LIMIT 1)
             LEFT JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id IN ({page}) ORDER BY e.muted,
             CASE e.status WHEN 'error' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, e.last_check_in DESC, e.name"
        ))?;
        let rows = statement.query_map(key, |row| self.environment(row, &mut configs))?;
        for row in rows.filter_map(rows::skip_unreadable) {
            let (monitor, id, newest_is_readable, mut view) = row?;
            if !newest_is_readable {
                view.newest = self.newest_check_in(connection, id)?;
            }
            if let Some((_, found)) = places.get(&monitor).and_then(|place| found.get_mut(*place)) {
                found.environments.push(view);
            }
        }
        Ok(found.into_iter().map(|(_, view)| view).collect())
    }

    /// Decodes an environment. Returns the row id of its monitor, its own, whether its newest check-in can be read (also if it has none),
    /// and the view.
    fn environment(
        &self,
        row: &Row<'_>,
        configs: &mut Configs,
    ) -> rusqlite::Result<(i64, i64, bool, EnvironmentView)> {
        let environment = |row: &Row<'_>| rows::environment_from(row, CHECK_IN_COLUMNS);
        let (id, environment) =
            self.unreadable().decode("environments", row, CHECK_IN_COLUMNS, environment)?;
        let newest = match row.get::<_, Option<i64>>(0)? {
            Some(_) => rows::skip_unreadable(
                self.unreadable().decode("check_ins", row, 0, |row| configs.check_in(row)),
            )
            .transpose()?
            .map(|(_, check_in)| Some(check_in)),
            None => Some(None),
        };
        let newest_is_readable = newest.is_some();
        let (monitor, view) = environment_view(row, environment, newest.flatten())?;
        Ok((monitor, id, newest_is_readable, view))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::filled::filled;
    use crate::store::sqlite::steps::Steps;

    /// A database of `monitors` monitors, each with three environments of three runs.
    fn open(monitors: u32) -> (tempfile::TempDir, SqliteReader) {
        let config = r#"{"schedule":{"type":"crontab","value":"0 0 * * *"}}"#;
        let rows = format!(
            "INSERT INTO configs VALUES (1, '{config}');
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {monitors})
             INSERT INTO monitors SELECT i, randomblob(16), 1, printf('job-%05d', i), 1, 1, '{config}', NULL, 0, NULL, NULL, 0, 'code', 0 FROM n;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
             INSERT INTO environments SELECT m.id * 10 + i, m.id, 'e' || i, iif(i = 2, 'error', 'ok'), 0, 0, i, 0, 0, 0
             FROM monitors m, n WHERE m.id > 0;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
             INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id, reported)
             SELECT randomblob(16), e.id, 'ok', i, i, i, 1, 'ok' FROM environments e, n;"
        );
        filled(&rows)
    }

    #[test]
    fn a_page_of_monitors_takes_the_same_steps_beside_any_others() {
        let steps_beside = |monitors: u32| {
            let (_folder, reader) = open(monitors);
            let steps = Steps::of(&mut reader.connection());
            let slugs: Vec<String> = (1..=100).map(|number| format!("job-{number:05}")).collect();
            let page = reader.monitors_of_slugs(&slugs).unwrap();
            assert!(page.len() == 100 && page.iter().all(|view| view.environments.len() == 3));
            let first = &page[0];
            let names: Vec<&str> =
                first.environments.iter().map(|view| view.environment.name.as_str()).collect();
            assert_eq!((first.monitor.slug.as_str(), names), ("job-00001", vec!["e2", "e3", "e1"]));
            let newest = first.environments[0].newest.as_ref().unwrap();
            assert_eq!(newest.date_added.as_microsecond(), 3);
            steps.count()
        };
        let (few, many) = (steps_beside(101), steps_beside(10_000));
        assert!(few > 0 && many <= few + few / 10, "{many} steps beside 9,900 others, {few} beside one");
    }
}
