//! What pages and API show, read beside the writer and never in its way.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::connection::SqliteStore;
use super::file_lock::Place;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, ENVIRONMENT_COLUMNS, MONITOR};
use super::schema;
use super::unreadable::UnreadableRows;
use crate::domain::{CheckIn, Environment, Monitor};
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
    pub environment: Environment,
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
        self.monitors(crate::PROJECT, Some("")).map(drop)
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

    /// All monitors of a project by slug, without those that cannot be read, or the one of this slug.
    ///
    /// # Errors
    /// If the database fails, or the one that is asked for cannot be read.
    pub fn monitors(&self, project: u64, slug: Option<&str>) -> Result<Vec<MonitorView>, StoreError> {
        let connection = self.connection();
        // One snapshot for all that is read.
        let connection = connection.unchecked_transaction()?;
        let filter = if slug.is_some() { "AND m.slug = ?2" } else { "AND ?2 IS NULL" };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.project = ?1 {filter} ORDER BY m.slug"
        ))?;
        let monitors = statement
            .query_map(params![project.cast_signed(), slug], |row| {
                self.unreadable.decode("monitors", row, 0, rows::monitor)
            })?
            .filter_map(|row| if slug.is_some() { Some(row) } else { rows::readable(row) })
            .collect::<Result<Vec<_>, _>>()?;
        let with_environments =
            |(id, monitor)| Ok(MonitorView { monitor, environments: self.environments(&connection, id)? });
        monitors.into_iter().map(with_environments).collect()
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

    fn environments(
        &self,
        connection: &Connection,
        monitor: i64,
    ) -> Result<Vec<EnvironmentView>, StoreError> {
        // Sentry's order: error, ok, active; muted ones last; then whichever checked in last.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {ENVIRONMENT}, i.started_at FROM environments e
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             WHERE e.monitor_id = ?1 ORDER BY e.muted,
             CASE e.status WHEN 'error' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, e.last_check_in DESC, e.name"
        ))?;
        let found = statement.query_map([monitor], |row| {
            let environment = self.unreadable.decode("environments", row, 0, rows::environment)?;
            let since: Option<i64> = row.get(ENVIRONMENT_COLUMNS)?;
            Ok((environment, since.and_then(|micros| Timestamp::from_microsecond(micros).ok())))
        })?;
        let mut views = Vec::new();
        for row in found.filter_map(rows::readable) {
            let ((id, environment), incident_since) = row?;
            views.push(EnvironmentView { environment, incident_since, newest: self.newest(connection, id)? });
        }
        Ok(views)
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
