//! What pages and API show, read beside the writer and never in its way.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::file_lock::Place;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, ENVIRONMENT_COLUMNS, MONITOR};
use super::schema;
use crate::domain::{CheckIn, Environment, Monitor};
use crate::store::error::StoreError;

/// A connection that only reads.
#[derive(Debug)]
pub struct Reader {
    connection: Mutex<Connection>,
    place: Place,
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
        Ok(Self { connection, place: Place::of(path)? })
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

    /// All monitors of a project by slug, or the one of this slug.
    ///
    /// # Errors
    /// If the database fails.
    pub fn monitors(&self, project: u64, slug: Option<&str>) -> Result<Vec<MonitorView>, StoreError> {
        let connection = self.connection();
        // One snapshot for all that is read.
        let connection = connection.unchecked_transaction()?;
        let filter = if slug.is_some() { "AND m.slug = ?2" } else { "AND ?2 IS NULL" };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {MONITOR} FROM monitors m WHERE m.project = ?1 {filter} ORDER BY m.slug"
        ))?;
        let monitors = statement
            .query_map(params![project.cast_signed(), slug], rows::monitor)?
            .filter_map(rows::readable)
            .collect::<Result<Vec<_>, _>>()?;
        let with_environments =
            |(id, monitor)| Ok(MonitorView { monitor, environments: environments(&connection, id)? });
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
            "SELECT {CHECK_IN}, e.name FROM environments e
             JOIN check_ins c ON c.id IN (SELECT id FROM check_ins WHERE environment_id = e.id
             ORDER BY date_added DESC, id DESC LIMIT ?3 + ?4)
             JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id = ?1 AND (?2 IS NULL OR e.name = ?2)
             ORDER BY c.date_added DESC, c.id DESC LIMIT ?3 OFFSET ?4"
        ))?;
        // One more than asked for tells whether there is a next page.
        let found = statement
            .query_map(params![monitor, environment, i64::from(limit) + 1, skip], |row| {
                Ok((row.get(CHECK_IN_COLUMNS)?, rows::check_in(row)?.1))
            })?;
        let mut check_ins = found.filter_map(rows::readable).collect::<Result<Vec<_>, _>>()?;
        let more = check_ins.len() > limit as usize;
        check_ins.truncate(limit as usize);
        Ok(Some(CheckInPage { check_ins, more }))
    }
}

fn environments(connection: &Connection, monitor: i64) -> Result<Vec<EnvironmentView>, StoreError> {
    // Sentry's order: error, ok, active; muted ones last; then whichever checked in last.
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {ENVIRONMENT}, i.started_at FROM environments e
         LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
         WHERE e.monitor_id = ?1 ORDER BY e.muted,
         CASE e.status WHEN 'error' THEN 0 WHEN 'ok' THEN 1 ELSE 2 END, e.last_check_in DESC, e.name"
    ))?;
    let found = statement.query_map([monitor], |row| {
        let since: Option<i64> = row.get(ENVIRONMENT_COLUMNS)?;
        Ok((rows::environment(row)?, since.and_then(|micros| Timestamp::from_microsecond(micros).ok())))
    })?;
    let mut views = Vec::new();
    for row in found {
        let ((id, environment), incident_since) = row?;
        views.push(EnvironmentView { environment, incident_since, newest: newest(connection, id)? });
    }
    Ok(views)
}

fn newest(connection: &Connection, environment: i64) -> Result<Option<CheckIn>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id
         WHERE c.environment_id = ?1 ORDER BY c.date_added DESC, c.id DESC LIMIT 1"
    ))?;
    Ok(statement.query_row([environment], rows::check_in).optional()?.map(|(_, check_in)| check_in))
}
