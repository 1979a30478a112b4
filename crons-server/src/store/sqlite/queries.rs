//! What pages and API show, read beside the writer and never in its way.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::connection::SqliteStore;
use super::file_lock::Place;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, ENVIRONMENT_COLUMNS, MONITOR};
use super::schema;
use super::unreadable::UnreadableRows;
use crate::domain::{CheckIn, Config, Monitor, MonitorEnvironment};
use crate::store::error::StoreError;

/// A connection that only reads.
#[derive(Debug)]
pub struct Reader {
    connection: Mutex<Connection>,
    place: Place,
    unreadable: Arc<UnreadableRows>,
}

/// A monitor with its environments, those that need attention first.
#[derive(Debug, Clone)]
pub struct MonitorView {
    pub monitor: Monitor,
    pub environments: Vec<EnvironmentView>,
}

/// An environment with its newest check-in.
#[derive(Debug, Clone)]
pub struct EnvironmentView {
    pub environment: MonitorEnvironment,
    /// When the incident that is not resolved began.
    pub incident_since: Option<Timestamp>,
    pub newest: Option<CheckIn>,
}

/// Some check-ins, newest first, each with the name of its environment.
#[derive(Debug, Clone)]
pub struct CheckInPage {
    pub check_ins: Vec<(String, CheckIn)>,
    pub more: bool,
}

impl Reader {
    /// Opens the file that a [`SqliteStore`](super::SqliteStore) has made.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Mutex::new(schema::open_for_reading(path)?);
        Ok(Self { connection, place: Place::of(path)?, unreadable: Arc::default() })
    }

    /// Opens the file beside the store that writes it, and shares with it which rows cannot be read.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn beside(store: &SqliteStore, path: &Path) -> Result<Self, StoreError> {
        Ok(Self { unreadable: store.unreadable(), ..Self::open(path)? })
    }

    pub(super) fn unreadable(&self) -> &UnreadableRows {
        &self.unreadable
    }

    /// Whether there is a monitor of this slug, be it readable or not.
    ///
    /// # Errors
    /// If the database fails.
    pub fn is_monitor(&self, project: u64, slug: &str) -> Result<bool, StoreError> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT 1 FROM monitors WHERE project = ?1 AND slug = ?2")?;
        Ok(statement.exists(params![project.cast_signed(), slug])?)
    }

    /// Whether the database can be read, and is still the one that was opened.
    ///
    /// # Errors
    /// If not.
    pub fn check(&self) -> Result<(), StoreError> {
        self.place.check()?;
        // No monitor has this slug, so the answer is short.
        self.monitor(crate::PROJECT, "").map(drop)
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One snapshot for all that is read.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.connection();
        let transaction = connection.unchecked_transaction()?;
        read(&transaction)
    }

    /// The monitor of a slug with its environments; `None` if there is none.
    ///
    /// # Errors
    /// If the database fails, or the monitor cannot be read.
    pub fn monitor(&self, project: u64, slug: &str) -> Result<Option<MonitorView>, StoreError> {
        let one = "SELECT id FROM monitors WHERE project = ?1 AND slug = ?2";
        let mut found = self.read(|connection| {
            self.monitors_of(connection, one, params![project.cast_signed(), slug], Some)
        })?;
        Ok(found.pop())
    }

    /// Monitors of a project in the order of their slugs: `skip` first ones left out, `limit` at most, and whether there are
    /// more. It takes a fixed number of statements, whatever the number of monitors. Those that cannot be read are left out, but
    /// they count, so that the pages after them are reached.
    ///
    /// # Errors
    /// If the database fails.
    pub fn monitors(
        &self,
        project: u64,
        skip: u32,
        limit: u32,
    ) -> Result<(Vec<MonitorView>, bool), StoreError> {
        let page = "SELECT id FROM monitors WHERE project = ?1 ORDER BY slug LIMIT ?2 OFFSET ?3";
        self.read(|connection| {
            let key = params![project.cast_signed(), limit, skip];
            let found = self.monitors_of(connection, page, key, rows::readable)?;
            let next: Option<i64> = connection
                .prepare_cached(page)?
                .query_row(params![project.cast_signed(), 1, i64::from(skip) + i64::from(limit)], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok((found, next.is_some()))
        })
    }

    /// Check-ins of a monitor, `skip` newest left out, `limit` at most; `None` if there is no such monitor.
    ///
    /// # Errors
    /// If the database fails.
    pub fn check_ins(
        &self,
        project: u64,
        slug: &str,
        environment: Option<&str>,
        skip: u32,
        limit: u32,
    ) -> Result<Option<CheckInPage>, StoreError> {
        let connection = self.connection();
        let connection = connection.unchecked_transaction()?;
        let monitor: Option<i64> = connection
            .prepare_cached("SELECT id FROM monitors WHERE project = ?1 AND slug = ?2")?
            .query_row(params![project.cast_signed(), slug], |row| row.get(0))
            .optional()?;
        let Some(monitor) = monitor else { return Ok(None) };
        // Of each environment no more than could be on the page: a long history is not sorted.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {CHECK_IN}, e.name, e.id FROM environments e
             JOIN check_ins c ON c.id IN (SELECT id FROM check_ins WHERE environment_id = e.id
             ORDER BY date_added DESC, id DESC LIMIT ?3 + ?4)
             JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id = ?1 AND (?2 IS NULL OR e.name = ?2)
             ORDER BY c.date_added DESC, c.id DESC LIMIT ?3 OFFSET ?4"
        ))?;
        // One more than asked for tells whether there is a next page.
        let found =
            statement.query_map(params![monitor, environment, i64::from(limit) + 1, skip], |row| {
                let (_, check_in) = self.unreadable.decode("check_ins", row, 0, rows::check_in)?;
                let name = self
                    .unreadable
                    .decode("environments", row, CHECK_IN_COLUMNS + 1, |row| row.get(CHECK_IN_COLUMNS))?;
                Ok((name, check_in))
            })?;
        let (check_ins, more) = page(found, limit)?;
        Ok(Some(CheckInPage { check_ins, more }))
    }

    /// The monitors whose row ids the query `page` finds, in the order of their slugs, as far as `choose` takes them.
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
            let decode = |row: &Row<'_>| rows::monitor_with(row, |text| configs.parse(text));
            self.unreadable.decode("monitors", row, 0, decode)
        })?;
        let mut found = Vec::new();
        for row in rows.filter_map(choose) {
            let (id, monitor) = row?;
            found.push((id, MonitorView { monitor, environments: Vec::new() }));
        }
        let places: HashMap<i64, usize> =
            found.iter().zip(0..).map(|((id, _), place)| (*id, place)).collect();
        // Sentry's order: error, ok, active; muted ones last; then whichever checked in last.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {CHECK_IN}, {ENVIRONMENT}, i.started_at, e.monitor_id FROM environments e
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             LEFT JOIN check_ins c ON c.id = (SELECT id FROM check_ins WHERE environment_id = e.id
                 ORDER BY date_added DESC, id DESC LIMIT 1)
             LEFT JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id IN ({page}) ORDER BY e.muted,
             CASE e.status WHEN 'error' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, e.last_check_in DESC, e.name"
        ))?;
        let rows = statement.query_map(key, |row| self.environment(row, &mut configs))?;
        for row in rows.filter_map(rows::readable) {
            let (monitor, id, newest_is_readable, mut view) = row?;
            if !newest_is_readable {
                view.newest = self.newest(connection, id)?;
            }
            if let Some((_, found)) = places.get(&monitor).and_then(|place| found.get_mut(*place)) {
                found.environments.push(view);
            }
        }
        Ok(found.into_iter().map(|(_, view)| view).collect())
    }

    /// The row ids of its monitor and its own, whether its newest check-in, if any, can be read, and the environment.
    fn environment(
        &self,
        row: &Row<'_>,
        configs: &mut Configs,
    ) -> rusqlite::Result<(i64, i64, bool, EnvironmentView)> {
        let environment = |row: &Row<'_>| rows::environment_from(row, CHECK_IN_COLUMNS);
        let (id, environment) = self.unreadable.decode("environments", row, CHECK_IN_COLUMNS, environment)?;
        let check_in = |row: &Row<'_>| {
            let column = CHECK_IN_COLUMNS - 1;
            let config = configs.parse(row.get_ref(column)?.as_str()?);
            rows::check_in_with(row, config.map_err(|error| rows::corrupt(column, error))?)
        };
        let newest = match row.get::<_, Option<i64>>(0)? {
            Some(_) => rows::readable(self.unreadable.decode("check_ins", row, 0, check_in))
                .transpose()?
                .map(|(_, check_in)| Some(check_in)),
            None => Some(None),
        };
        let since: Option<i64> = row.get(CHECK_IN_COLUMNS + ENVIRONMENT_COLUMNS)?;
        let newest_is_readable = newest.is_some();
        let view = EnvironmentView {
            environment,
            incident_since: since.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
            newest: newest.flatten(),
        };
        let monitor = row.get(CHECK_IN_COLUMNS + ENVIRONMENT_COLUMNS + 1)?;
        Ok((monitor, id, newest_is_readable, view))
    }

    /// The newest check-in that can be read.
    fn newest(&self, connection: &Connection, environment: i64) -> Result<Option<CheckIn>, StoreError> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.environment_id = ?1 ORDER BY c.date_added DESC, c.id DESC"
        ))?;
        let mut found = statement.query_map([environment], |row| {
            Ok(self.unreadable.decode("check_ins", row, 0, rows::check_in)?.1)
        })?;
        Ok(found.find_map(rows::readable).transpose()?)
    }
}

/// The rows of a page, and whether there are more: one more than `limit` was asked for. Rows that cannot be read are left out, but
/// they count, so that the pages after them are reached.
pub(super) fn page<T>(
    found: impl Iterator<Item = rusqlite::Result<T>>,
    limit: u32,
) -> Result<(Vec<T>, bool), StoreError> {
    let mut found: Vec<_> = found.collect();
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok((found.into_iter().filter_map(rows::readable).collect::<Result<_, _>>()?, more))
}

/// The configurations of a page by their text, each parsed once: most runs of a page share theirs with others.
#[derive(Default)]
struct Configs(HashMap<String, Config>);

impl Configs {
    fn parse(&mut self, text: &str) -> serde_json::Result<Config> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let config: Config = serde_json::from_str(text)?;
        self.0.insert(text.to_owned(), config.clone());
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::store::SqliteStore;

    /// So many monitors, each with three environments of three runs.
    fn open(monitors: u32) -> (tempfile::TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let store = SqliteStore::open(&path).unwrap();
        let config = r#"{"schedule":{"type":"crontab","value":"0 0 * * *"}}"#;
        let rows = format!(
            "INSERT INTO configs VALUES (1, '{config}');
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {monitors})
             INSERT INTO monitors SELECT i, randomblob(16), 1, printf('job-%05d', i), 1, 1, '{config}', NULL, 0, NULL FROM n;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
             INSERT INTO environments SELECT m.id * 10 + i, m.id, 'e' || i, iif(i = 2, 'error', 'ok'), 0, 0, i, 0, 0, 0
             FROM monitors m, n WHERE m.id > 0;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
             INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id, reported)
             SELECT randomblob(16), e.id, 'ok', i, i, i, 1, 'ok' FROM environments e, n;"
        );
        store.connection.execute_batch(&rows).unwrap();
        (folder, Reader::open(&path).unwrap())
    }

    #[test]
    fn a_page_of_monitors_takes_the_same_steps_beside_any_number_of_others() {
        let steps_beside = |monitors: u32| {
            let (_folder, reader) = open(monitors);
            let steps = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&steps);
            let count = move || {
                counted.fetch_add(1, Ordering::SeqCst);
                false
            };
            reader.connection().progress_handler(100, Some(count)).unwrap();
            let (page, more) = reader.monitors(crate::PROJECT, 0, 100).unwrap();
            assert!(more && page.len() == 100 && page.iter().all(|view| view.environments.len() == 3));
            let first = &page[0];
            let names: Vec<&str> =
                first.environments.iter().map(|view| view.environment.name.as_str()).collect();
            assert_eq!((first.monitor.slug.as_str(), names), ("job-00001", vec!["e2", "e3", "e1"]));
            let newest = first.environments[0].newest.as_ref().unwrap();
            assert_eq!(newest.date_added.as_microsecond(), 3);
            steps.load(Ordering::SeqCst)
        };
        let (few, many) = (steps_beside(101), steps_beside(10_000));
        assert!(
            few > 0 && many <= few + few / 10,
            "{many} hundred steps beside 9,900 others, {few} beside one"
        );
    }

    #[test]
    fn pages_hold_every_monitor_once_in_the_order_of_slugs() {
        let (_folder, reader) = open(25);
        let (mut slugs, mut skip) = (Vec::new(), 0);
        loop {
            let (page, more) = reader.monitors(crate::PROJECT, skip, 10).unwrap();
            slugs.extend(page.iter().map(|view| view.monitor.slug.to_string()));
            skip += 10;
            if !more {
                break;
            }
        }
        let all: Vec<String> = (1..=25).map(|number| format!("job-{number:05}")).collect();
        assert_eq!(slugs, all);
        assert!(reader.monitors(crate::PROJECT, 99, 10).unwrap().0.is_empty());
    }
}
