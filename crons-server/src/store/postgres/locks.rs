//! The locks of a transaction that runs beside those of other servers; one that runs alone needs none.

use super::connection::PostgresTransaction;
use super::parameter::texts;
use super::statement::Statement;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::loading::Loading;

impl PostgresTransaction<'_> {
    /// The statement that locks the monitors that a batch names; `None` if none are to be locked.
    pub(super) fn lock_named(&self, loading: &Loading<'_>) -> Result<Option<Statement>, StoreError> {
        let slugs = loading.slugs();
        if !self.is_shared() || slugs.is_empty() {
            return Ok(None);
        }
        let sql = "SELECT FROM monitors WHERE project = $1 AND slug = ANY($2) ORDER BY id FOR NO KEY UPDATE";
        Statement::new(sql, &[&PROJECT.cast_signed(), &texts(slugs.iter().map(String::as_str))]).map(Some)
    }

    /// The statement that locks the monitors of environments, by the row ids of these; `None` if none are to be locked.
    pub(super) fn lock_monitors_of(&self, environments: &[i64]) -> Result<Option<Statement>, StoreError> {
        if !self.is_shared() {
            return Ok(None);
        }
        let sql = "SELECT FROM monitors WHERE id IN (SELECT monitor_id FROM environments WHERE id = ANY($1))
                   ORDER BY id FOR NO KEY UPDATE";
        Statement::new(sql, &[&environments]).map(Some)
    }

    /// Has transactions that write alerts follow one another from here to their ends.
    pub(super) fn lock_alerts(&self) -> Result<(), StoreError> {
        if self.is_shared() {
            let sql = "SELECT pg_advisory_xact_lock(hashtext('crons alerts of ' || current_schema()))";
            self.later(Statement::new(sql, &[])?);
        }
        Ok(())
    }
}
