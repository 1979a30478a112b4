//! Rows of SQLite: the values of their columns, and the conversions that are its own.

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Row, ToSql};
use uuid::Uuid;

pub(super) use super::unreadable::skip_unreadable;
pub(super) use crate::store::rows::*;

/// The status of the newest failure of an environment named `e`, while it is in error. Few rows are newer: runs in progress, unknown ones,
/// and successes that are too few to resolve the incident.
pub(super) const FAILING: &str = "CASE WHEN e.status = 'error' THEN (SELECT status FROM check_ins
    INDEXED BY check_ins_by_date WHERE environment_id = e.id AND status IN ('error', 'timeout', 'missed')
    ORDER BY date_added DESC, id DESC LIMIT 1) END";

/// An instant as it is stored.
#[derive(Clone, Copy)]
pub(super) struct Micros(pub(super) Timestamp);

impl ToSql for Micros {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok((*self).into())
    }
}

impl From<Micros> for ToSqlOutput<'_> {
    fn from(Micros(instant): Micros) -> Self {
        instant.as_microsecond().into()
    }
}

impl StoredRow for Row<'_> {
    type Error = rusqlite::Error;

    fn integer(&self, column: usize) -> rusqlite::Result<Option<i64>> {
        self.get(column)
    }

    fn boolean(&self, column: usize) -> rusqlite::Result<Option<bool>> {
        self.get(column)
    }

    fn text(&self, column: usize) -> rusqlite::Result<Option<&str>> {
        Ok(self.get_ref(column)?.as_str_or_null()?)
    }

    fn uuid(&self, column: usize) -> rusqlite::Result<Option<Uuid>> {
        Ok(self.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
    }

    fn bytes(&self, column: usize) -> rusqlite::Result<Option<&[u8]>> {
        Ok(self.get_ref(column)?.as_blob_or_null()?)
    }

    /// The value is empty for a trace with the id of the run, as our client sends it.
    fn trace(&self, column: usize, run: Uuid) -> rusqlite::Result<Option<Uuid>> {
        if self.get_ref(column)? == ValueRef::Blob(&[]) { Ok(Some(run)) } else { self.uuid(column) }
    }

    fn corrupt(column: usize, what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    }
}
