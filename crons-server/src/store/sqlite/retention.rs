//! The statements of a sweep, and the space that it leaves.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::connection::SqliteTransaction;
use super::reader::SqliteReader;
use crate::domain::PROJECT;
use crate::settings::Retention;
use crate::store::error::StoreError;
use crate::store::queries::Sweep;
use crate::store::sweep::{StoredSweep, SweepReader, SweepRows};

/// The number of pages that one transaction returns to the file system: 1 MiB.
const PAGES: u32 = 256;

impl SqliteReader {
    pub(super) fn begin_sweep(self: Arc<Self>, now: Timestamp, kept: Retention) -> Box<dyn Sweep> {
        Box::new(StoredSweep::begin(self, now, kept))
    }
}

impl SweepReader for SqliteReader {
    type Rows<'a> = Connection;

    fn read_rows<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.read(read)
    }
}

impl SweepRows for Connection {
    fn incidents_after(&self, after: i64, before: i64, limit: i64) -> Result<Vec<(i64, bool)>, StoreError> {
        let mut statement = self.prepare_cached(
            "SELECT id, coalesce(resolved_at < ?2, 0) AND NOT withheld_pending FROM incidents WHERE id > ?1 ORDER BY id LIMIT ?3",
        )?;
        let found =
            statement.query_map(params![after, before, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn occurrences_of(&self, incidents: &[i64], limit: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        // `CROSS JOIN` reads the incidents in their order, and no further than the limit.
        let mut statement = self.prepare_cached(
            "SELECT o.incident_id, o.id FROM json_each(?1) k CROSS JOIN occurrences o ON o.incident_id = k.value LIMIT ?2",
        )?;
        let incidents = serde_json::to_string(incidents).map_err(StoreError::unavailable)?;
        let found = statement.query_map(params![incidents, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn slug_after(&self, slug: &str) -> Result<Option<String>, StoreError> {
        let mut statement = self.prepare_cached(
            "SELECT slug FROM usage WHERE project = ?1 AND slug > ?2 ORDER BY slug LIMIT 1",
        )?;
        Ok(statement.query_row(params![PROJECT.cast_signed(), slug], |row| row.get(0)).optional()?)
    }

    fn usage_before(&self, slug: &str, before: i64, limit: i64) -> Result<(Option<i64>, u32), StoreError> {
        let mut statement = self.prepare_cached(
            "SELECT max(hour), count(*) FROM (SELECT hour FROM usage WHERE project = ?1 AND slug = ?2
             AND hour < ?3 ORDER BY hour LIMIT ?4)",
        )?;
        let key = params![PROJECT.cast_signed(), slug, before, limit];
        Ok(statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    fn outages_before(&self, before: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.prepare_cached("SELECT id FROM outages WHERE until < ?1 LIMIT ?2")?;
        let found = statement.query_map(params![before, limit], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn silences_before(&self, before: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement =
            self.prepare_cached("SELECT id FROM silences WHERE coalesce(ended_at, ends_at) < ?1 LIMIT ?2")?;
        let found = statement.query_map(params![before, limit], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

impl SqliteTransaction<'_> {
    pub(super) fn free_pages(&self) -> Result<bool, StoreError> {
        let free: u32 = self.transaction.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        if free > 0 {
            let mut statement = self.transaction.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut freed = statement.query([])?;
            // The statement frees a page for each row that it returns.
            while freed.next()?.is_some() {}
        }
        // A file without incremental vacuum, which could not be rewritten when it was opened, never shrinks.
        let left: u32 = self.transaction.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        Ok(0 < left && left < free)
    }
}
