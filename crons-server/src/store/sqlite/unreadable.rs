//! Rows that cannot be decoded. Each is left out of results, logged once with its table and id, and listed by the API.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Row};

use crate::store::error::{StoreError, UnreadableRow};

/// The most rows that are listed; a damaged file may have millions.
const MAX_LISTED: usize = 100;

/// The rows that could not be decoded since the database was opened.
#[derive(Debug, Default)]
pub(super) struct UnreadableRows(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    known: HashSet<(&'static str, i64)>,
    listed: Vec<(Timestamp, UnreadableRow)>,
}

impl UnreadableRows {
    /// Decodes a row of `table`, whose id is in the column `id`. A row with values that cannot be decoded is noted, and the error is an
    /// [`UnreadableRow`], which [`skip_unreadable`] leaves out.
    pub(super) fn decode<T>(
        &self,
        table: &'static str,
        row: &Row<'_>,
        id: usize,
        decode: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        decode(row).or_else(|error| {
            let Some(reason) = reason(row, &error) else { return Err(error) };
            let unreadable = UnreadableRow { table, id: row.get(id)?, reason };
            self.note(&unreadable);
            Err(Error::FromSqlConversionFailure(id, Type::Null, Box::new(unreadable)))
        })
    }

    /// Logs and lists a row, unless that was done before.
    pub(super) fn note(&self, row: &UnreadableRow) {
        let mut found = self.found();
        if !found.known.insert((row.table, row.id)) {
            return;
        }
        tracing::error!(table = row.table, id = row.id, "{row}");
        if found.listed.len() < MAX_LISTED {
            found.listed.push((Timestamp::now(), row.clone()));
        }
    }

    /// Marks a readable row that belongs to an unreadable one, so that [`contains`](Self::contains) returns `true` for it.
    pub(super) fn hide(&self, table: &'static str, id: i64) {
        self.found().known.insert((table, id));
    }

    pub(super) fn contains(&self, table: &'static str, id: i64) -> bool {
        self.found().known.contains(&(table, id))
    }

    /// The number of rows that are left out.
    pub(super) fn count(&self) -> usize {
        self.found().known.len()
    }

    /// The ids of the unreadable rows of a table, and `more` ids, as a JSON array.
    pub(super) fn ids(&self, table: &str, more: &[i64]) -> String {
        let found = self.found();
        let ids = found
            .known
            .iter()
            .filter(|(of, _)| *of == table)
            .map(|(_, id)| id)
            .chain(more)
            .map(i64::to_string);
        format!("[{}]", ids.collect::<Vec<_>>().join(","))
    }

    /// The noted rows, each with the time when it was found.
    pub(super) fn listed(&self) -> Vec<(Timestamp, UnreadableRow)> {
        self.found().listed.clone()
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops a row that [`UnreadableRows::decode`] has noted, so that the others are read.
pub(super) fn skip_unreadable<T>(row: rusqlite::Result<T>) -> Option<rusqlite::Result<T>> {
    match row {
        Err(error) if is_unreadable(&error) => None,
        row => Some(row),
    }
}

/// The reason why a row cannot be read.
///
/// # Errors
/// If it is the database that fails.
pub(super) fn reason_of(error: Error) -> Result<String, StoreError> {
    match StoreError::from(error) {
        StoreError::Corrupt(row) => Ok(row.to_string()),
        error => Err(error),
    }
}

/// Returns whether the error is an [`UnreadableRow`].
pub(super) fn is_unreadable(error: &Error) -> bool {
    matches!(error, Error::FromSqlConversionFailure(_, _, cause) if cause.is::<UnreadableRow>())
}

/// The column and the fault of a value that cannot be decoded; `None` for a failure of the database.
fn reason(row: &Row<'_>, error: &Error) -> Option<String> {
    let (column, fault) = match error {
        Error::FromSqlConversionFailure(column, _, cause) => (*column, cause.to_string()),
        Error::InvalidColumnType(column, _, found) => (*column, format!("a value of the type {found}")),
        Error::IntegralValueOutOfRange(column, value) => (*column, format!("{value} is out of range")),
        Error::Utf8Error(column, cause) => (*column, cause.to_string()),
        _ => return None,
    };
    Some(match row.as_ref().column_name(column) {
        Ok(name) => format!("{name}: {fault}"),
        Err(_) => fault,
    })
}
