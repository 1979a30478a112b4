//! What retention does not keep, found by row id, and its deletion in one transaction.

use rusqlite::params;

use super::StoreError;
use super::sqlite::SqliteRecords;

/// Rows that one transaction deletes, at most. Ids are random, so each of them writes a page of their index: 500 of them held
/// check-ins for more than 50 ms.
pub(super) const ROWS: usize = 100;
/// Rows that one plan reads from the tables, about.
pub(super) const LOOKED_AT: usize = 5_000;

/// The bounds of one sweep, instants in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cutoffs {
    /// A successful run that began before is too old.
    pub success_before: i64,
    /// Anything else that was before is too old.
    pub failure_before: i64,
    /// Of each environment, the newest successful runs to keep, and as many others.
    pub check_ins: u32,
}

/// Row ids that a plan has found, for one transaction to delete.
#[derive(Debug, Clone, Default)]
pub struct Expired {
    pub(super) check_ins: Vec<i64>,
    /// When the newest of `check_ins` began, in microseconds: a run that reuses a row id is newer.
    pub(super) newest: i64,
    pub(super) occurrences: Vec<i64>,
    pub(super) incidents: Vec<i64>,
    pub(super) outages: Vec<i64>,
    /// Usage of each slug up to this hour, included.
    pub(super) usage: Vec<(String, i64)>,
    pub(super) usage_rows: usize,
}

impl Expired {
    /// The number of rows to delete.
    pub fn rows(&self) -> usize {
        let ids = [&self.check_ins, &self.occurrences, &self.incidents, &self.outages];
        ids.iter().map(|ids| ids.len()).sum::<usize>() + self.usage_rows
    }

    /// How many more rows fit.
    pub(super) fn room(&self) -> usize {
        ROWS.saturating_sub(self.rows())
    }
}

/// A number of rows as SQLite takes it.
pub(super) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

impl SqliteRecords<'_> {
    /// Deletes what a plan has found, by row id. The number of check-ins among it.
    ///
    /// A run that goes on after all, or that an incident began with meanwhile, stays.
    pub(super) fn delete_planned(&self, expired: &Expired) -> Result<usize, StoreError> {
        let check_ins = self.delete_ids(
            "DELETE FROM check_ins WHERE id IN (SELECT value FROM json_each(?1)) AND status <> 'in_progress'
             AND date_added <= ?2 AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.resolved_at IS NULL
             AND i.environment_id = check_ins.environment_id AND i.starting_check_in = check_ins.guid)",
            &expired.check_ins,
            Some(expired.newest),
        )?;
        for (sql, ids) in [
            ("DELETE FROM occurrences WHERE id IN (SELECT value FROM json_each(?1))", &expired.occurrences),
            ("DELETE FROM incidents WHERE id IN (SELECT value FROM json_each(?1))", &expired.incidents),
            ("DELETE FROM outages WHERE id IN (SELECT value FROM json_each(?1))", &expired.outages),
        ] {
            self.delete_ids(sql, ids, None)?;
        }
        let mut usage =
            self.0.prepare_cached("DELETE FROM usage WHERE project = ?1 AND slug = ?2 AND hour <= ?3")?;
        for (slug, until) in &expired.usage {
            usage.execute(params![crate::PROJECT.cast_signed(), slug, until])?;
        }
        Ok(check_ins)
    }

    fn delete_ids(&self, sql: &str, ids: &[i64], newest: Option<i64>) -> Result<usize, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let ids = serde_json::to_string(ids).map_err(StoreError::new)?;
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(match newest {
            Some(newest) => statement.execute(params![ids, newest])?,
            None => statement.execute([ids])?,
        })
    }
}
