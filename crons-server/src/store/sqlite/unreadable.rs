//! Rows of SQLite that cannot be decoded.

use rusqlite::types::Type;
use rusqlite::{Error, Row};

use crate::store::error::{StoreError, UnreadableRow};
use crate::store::unreadable::UnreadableRows;

impl UnreadableRows {
    /// Decodes a row of `table`, whose id is in the column `id`. A row with values that cannot be decoded is noted, and the error is an
    /// [`UnreadableRow`], which [`skip_unreadable`] leaves out.
    pub(super) fn decode<'stmt, T>(
        &self,
        table: &'static str,
        row: &Row<'stmt>,
        id: usize,
        decode: impl FnOnce(&Row<'stmt>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        decode(row).or_else(|error| {
            let Some(reason) = reason(row, &error) else { return Err(error) };
            let unreadable = UnreadableRow { table, id: row.get(id)?, reason };
            self.note(&unreadable);
            Err(Error::FromSqlConversionFailure(id, Type::Null, Box::new(unreadable)))
        })
    }

    /// The ids of the unreadable rows of a table, and `more` ids, as a JSON array.
    pub(super) fn ids_in_json(&self, table: &str, more: &[i64]) -> String {
        let ids = self.ids(table).into_iter().chain(more.iter().copied()).map(|id| id.to_string());
        format!("[{}]", ids.collect::<Vec<_>>().join(","))
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
