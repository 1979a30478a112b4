//! Ends of runs that wait for the report that describes their monitor.

use tokio_postgres::Row;

use super::connection::PostgresTransaction;
use super::parameter::texts;
use super::rows;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::loading::Loading;

impl PostgresTransaction<'_> {
    /// The ends whose wait is over.
    pub(super) fn load_due_deferred(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let keys = loading.keys;
        if keys.all_deferred {
            let found = self.session()?.query("SELECT id, event FROM held_check_ins ORDER BY id", &[])?;
            return self.add_deferred(loading, &found);
        }
        if keys.expired.is_empty() {
            return Ok(());
        }
        let sql = "SELECT id, event FROM held_check_ins WHERE id = ANY($1) ORDER BY id";
        let found = self.session()?.query(sql, &[&keys.expired])?;
        self.add_deferred(loading, &found)
    }

    /// The ends that wait for monitors that check-ins of the batch may make.
    pub(super) fn load_deferred(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let slugs = loading.new_monitors();
        if slugs.is_empty() {
            return Ok(());
        }
        let sql = "SELECT id, event FROM held_check_ins WHERE project = $1 AND slug = ANY($2) ORDER BY id";
        let found = self.session()?.query(sql, &[&PROJECT.cast_signed(), &texts(slugs)])?;
        self.add_deferred(loading, &found)
    }

    fn add_deferred(&self, loading: &mut Loading<'_>, found: &[Row]) -> Result<(), StoreError> {
        let decode = |row: &Row| Ok((rows::get(row, 0)?, rows::json(row, 1)?));
        for (id, event) in self.unreadable.decode_rows("held_check_ins", found, 0, decode)? {
            loading.snapshot.add_deferred(id, event);
        }
        Ok(())
    }
}
