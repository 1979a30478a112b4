//! Payloads that were refused, or accepted with remarks, each with its processing errors.

use jiff::Timestamp;
use rusqlite::params;

use super::reader::SqliteReader;
use super::rows::{self, Micros};
use crate::domain::PROJECT;
use crate::store::error::{StoreError, UnreadableRow};
use crate::store::view_rows::{processing_errors, slug_of_row, unreadable_views};
use crate::store::views::{ProcessingErrorsView, RefusedView};

impl SqliteReader {
    pub(super) fn processing_errors_of(
        &self,
        slug: Option<&str>,
    ) -> Result<Vec<ProcessingErrorsView>, StoreError> {
        let mut listed = unreadable_views(self.unreadable(), |row| {
            slug.is_none_or(|slug| self.monitor_of_row(row).as_deref() == Some(slug))
        });
        let connection = self.connection();
        let filter = if slug.is_some() {
            "monitor_id = (SELECT id FROM monitors WHERE project = ?1 AND slug = ?2)"
        } else {
            "monitor_id IS ?2"
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT received, payload, errors, accepted, id FROM refused WHERE project = ?1 AND {filter} ORDER BY id DESC"
        ))?;
        let found = statement.query_map(params![PROJECT.cast_signed(), slug], |row| {
            self.unreadable().decode("refused", row, 4, processing_errors)
        })?;
        for found in found.filter_map(rows::skip_unreadable) {
            listed.push(found?);
        }
        Ok(listed)
    }

    pub(super) fn refused_after(&self, since: Timestamp, limit: u32) -> Result<Vec<RefusedView>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT r.received, r.payload, r.errors, r.accepted, r.id, m.slug FROM refused r
             LEFT JOIN monitors m ON m.id = r.monitor_id
             WHERE r.project = ?1 AND r.received > ?2 AND r.accepted = 0 ORDER BY r.received DESC, r.id DESC LIMIT ?3",
        )?;
        let found = statement.query_map(params![PROJECT.cast_signed(), Micros(since), limit], |row| {
            let ProcessingErrorsView { received, payload, errors, .. } =
                self.unreadable().decode("refused", row, 4, processing_errors)?;
            Ok(RefusedView { monitor_slug: row.get(5).unwrap_or_default(), received, payload, errors })
        })?;
        Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
    }

    /// The slug of the monitor that a row belongs to; `None` if that is not known.
    fn monitor_of_row(&self, row: &UnreadableRow) -> Option<String> {
        let sql = slug_of_row(row.table)?;
        self.connection().query_row(&sql, [row.id], |row| row.get(0)).ok()
    }
}
