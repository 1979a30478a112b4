//! Ends of runs that wait for the report that describes their monitor.

use rusqlite::{Rows, params};

use super::connection::SqliteTransaction;
use super::load::json;
use super::rows;
use super::unreadable::reason_of;
use crate::store::error::StoreError;
use crate::store::loading::Loading;

impl SqliteTransaction<'_> {
    /// The ends whose wait is over.
    pub(super) fn load_due_deferred(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let keys = loading.keys;
        if keys.all_deferred {
            let sql = "SELECT id, event FROM held_check_ins ORDER BY id";
            let mut statement = self.transaction.prepare_cached(sql)?;
            return self.add_deferred(loading, statement.query([])?);
        }
        if keys.expired.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(
            "SELECT h.id, h.event FROM json_each(?1) k CROSS JOIN held_check_ins h ON h.id = k.value ORDER BY h.id",
        )?;
        let found = statement.query([json(&keys.expired)?])?;
        self.add_deferred(loading, found)
    }

    /// The ends that wait for monitors that check-ins of the batch may make.
    pub(super) fn load_deferred(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let slugs = loading.new_monitors();
        if slugs.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(
            "SELECT h.id, h.event FROM json_each(?2) k CROSS JOIN held_check_ins h ON h.project = ?1 AND h.slug = k.value
             ORDER BY h.id",
        )?;
        let found = statement.query(params![crate::PROJECT.cast_signed(), json(&slugs)?])?;
        self.add_deferred(loading, found)
    }

    fn add_deferred(&self, loading: &mut Loading<'_>, mut found: Rows<'_>) -> Result<(), StoreError> {
        while let Some(row) = found.next()? {
            let decoded = self
                .unreadable
                .decode("held_check_ins", row, 0, |row| Ok((row.get(0)?, rows::json(row, 1)?)));
            match decoded {
                Ok((id, event)) => loading.snapshot.add_deferred(id, event),
                Err(error) => drop(reason_of(error)?),
            }
        }
        Ok(())
    }
}
