//! Deleted monitors and environments. A deleted environment is moved to the monitor with the row id [`DELETED`], which no query shows and
//! no deadline looks at, until its rows are deleted in steps.

use super::reader::PostgresReader;
use super::rows;
use crate::store::error::StoreError;

/// The row id of the monitor of deleted environments; all others are larger.
pub(super) const DELETED: i64 = 0;

impl PostgresReader {
    pub(super) fn has_rows_to_purge(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT FROM environments WHERE monitor_id = $1)
                   OR EXISTS (SELECT FROM deleted_usage)";
        let row = self.read(|session| session.query_first(sql, &[&DELETED]))?;
        Ok(row.map(|row| rows::get(&row, 0)).transpose()?.unwrap_or_default())
    }
}
