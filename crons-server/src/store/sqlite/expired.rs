//! The deletion of what a sweep has found, in one transaction.

use rusqlite::params;

use super::connection::SqliteTransaction;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::expired::Expired;

impl SqliteTransaction<'_> {
    /// Deletes what a plan has found, by row id. Returns the number of check-ins among it.
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
            ("DELETE FROM silences WHERE id IN (SELECT value FROM json_each(?1))", &expired.silences),
        ] {
            self.delete_ids(sql, ids, None)?;
        }
        let mut usage = self
            .transaction
            .prepare_cached("DELETE FROM usage WHERE project = ?1 AND slug = ?2 AND hour <= ?3")?;
        for (slug, until) in &expired.usage {
            usage.execute(params![PROJECT.cast_signed(), slug, until])?;
        }
        Ok(check_ins)
    }

    fn delete_ids(&self, sql: &str, ids: &[i64], newest: Option<i64>) -> Result<usize, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let ids = serde_json::to_string(ids).map_err(StoreError::unavailable)?;
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(match newest {
            Some(newest) => statement.execute(params![ids, newest])?,
            None => statement.execute([ids])?,
        })
    }
}
