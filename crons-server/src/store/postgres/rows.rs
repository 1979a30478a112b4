//! Rows of PostgreSQL: the values of their columns.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::alerts::chain;
use crate::store::error::{StoreError, UnreadableRow};
pub(super) use crate::store::rows::*;
use crate::store::unreadable::UnreadableRows;

/// The status of the newest failure of an environment named `e`, while it is in error: of each kind the newest is found by a seek.
pub(super) const FAILING: &str = "CASE WHEN e.status = 'error' THEN (SELECT n.status
    FROM (VALUES ('error'), ('timeout'), ('missed')) s (status) CROSS JOIN LATERAL (
        SELECT status, date_added, id FROM check_ins WHERE environment_id = e.id AND status = s.status
        AND status IN ('unknown', 'error', 'timeout', 'missed') ORDER BY date_added DESC, id DESC LIMIT 1) n
    ORDER BY n.date_added DESC, n.id DESC LIMIT 1) END";

/// A value that cannot be decoded: its column, and the fault.
#[derive(Debug)]
pub(crate) struct Fault {
    column: usize,
    what: String,
}

impl StoredRow for Row {
    type Error = Fault;

    fn integer(&self, column: usize) -> Result<Option<i64>, Fault> {
        value(self, column)
    }

    fn boolean(&self, column: usize) -> Result<Option<bool>, Fault> {
        value(self, column)
    }

    fn text(&self, column: usize) -> Result<Option<&str>, Fault> {
        value(self, column)
    }

    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Fault> {
        value(self, column)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Fault> {
        value(self, column)
    }

    fn trace(&self, column: usize, _run: Uuid) -> Result<Option<Uuid>, Fault> {
        value(self, column)
    }

    fn corrupt(column: usize, what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
        Fault { column, what: what.into().to_string() }
    }
}

fn value<'row, T: FromSql<'row>>(row: &'row Row, column: usize) -> Result<T, Fault> {
    row.try_get(column).map_err(|error| Fault { column, what: chain(&error) })
}

/// The failure of a value that no row of the domain stands for, such as a count.
impl From<Fault> for StoreError {
    fn from(Fault { column, what }: Fault) -> Self {
        Self::unavailable(format!("column {column} of an answer: {what}"))
    }
}

impl UnreadableRows {
    /// Decodes a row of `table`, whose id is in the column `id`. A row with values that cannot be decoded is noted.
    pub(super) fn decode_row<T>(
        &self,
        table: &'static str,
        row: &Row,
        id: usize,
        decode: impl FnOnce(&Row) -> Result<T, Fault>,
    ) -> Result<T, DecodeError> {
        decode(row).or_else(|Fault { column, what }| {
            let name = row.columns().get(column).map_or("?", |column| column.name());
            let unreadable = UnreadableRow { table, id: get(row, id)?, reason: format!("{name}: {what}") };
            self.note(&unreadable);
            Err(DecodeError::Row(unreadable))
        })
    }

    /// Decodes rows, and leaves out those that cannot be decoded.
    pub(super) fn decode_rows<T>(
        &self,
        table: &'static str,
        rows: &[Row],
        id: usize,
        decode: impl Fn(&Row) -> Result<T, Fault>,
    ) -> Result<Vec<T>, StoreError> {
        let mut decoded = Vec::with_capacity(rows.len());
        for row in rows {
            decoded.extend(skip_unreadable(self.decode_row(table, row, id, &decode))?);
        }
        Ok(decoded)
    }
}

/// Returns `None` for a row that cannot be decoded, which [`UnreadableRows::decode_row`] has noted.
///
/// # Errors
/// If even its id cannot be decoded.
pub(super) fn skip_unreadable<T>(decoded: Result<T, DecodeError>) -> Result<Option<T>, StoreError> {
    match decoded {
        Ok(value) => Ok(Some(value)),
        Err(error) => error.reason().map(|_| None),
    }
}

/// The failure to decode a row.
#[derive(Debug)]
pub(super) enum DecodeError {
    /// A value of the row. The row is noted.
    Row(UnreadableRow),
    /// The row id.
    Id(Fault),
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        Self::Id(fault)
    }
}

impl From<DecodeError> for StoreError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Row(row) => Self::Corrupt(row),
            DecodeError::Id(fault) => fault.into(),
        }
    }
}

impl DecodeError {
    /// The reason why the row cannot be read.
    ///
    /// # Errors
    /// If even its id cannot.
    pub(super) fn reason(self) -> Result<String, StoreError> {
        match self {
            Self::Row(row) => Ok(row.to_string()),
            Self::Id(fault) => Err(fault.into()),
        }
    }
}

/// The row ids that the first column of rows has.
pub(super) fn ids(found: &[Row]) -> Result<Vec<i64>, StoreError> {
    Ok(found.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?)
}
