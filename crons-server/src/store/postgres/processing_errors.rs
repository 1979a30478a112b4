//! Payloads that were refused, or accepted with remarks, each with its processing errors.

use jiff::Timestamp;

use super::parameter::{micros, text};
use super::reader::PostgresReader;
use super::rows;
use crate::domain::PROJECT;
use crate::store::error::{StoreError, UnreadableRow};
use crate::store::view_rows::{processing_errors, slug_of_row, unreadable_views};
use crate::store::views::{ProcessingErrorsView, RefusedView};

impl PostgresReader {
    pub(super) fn processing_errors_of(
        &self,
        slug: Option<&str>,
    ) -> Result<Vec<ProcessingErrorsView>, StoreError> {
        let mut listed = unreadable_views(self.unreadable(), |row| {
            slug.is_none_or(|slug| self.monitor_of_row(row).as_deref() == Some(slug))
        });
        let sql = "SELECT received, payload, errors, accepted, id FROM refused
             WHERE project = $1 AND CASE WHEN $2 IS NULL THEN monitor_id IS NULL
             ELSE monitor_id = (SELECT id FROM monitors WHERE project = $1 AND slug = $2) END
             ORDER BY id DESC";
        let found = self.read(|session| session.query(sql, &[&PROJECT.cast_signed(), &slug.map(text)]))?;
        listed.extend(self.unreadable().decode_rows("refused", &found, 4, processing_errors)?);
        Ok(listed)
    }

    pub(super) fn refused_after(&self, since: Timestamp, limit: u32) -> Result<Vec<RefusedView>, StoreError> {
        let sql = "SELECT r.received, r.payload, r.errors, r.accepted, r.id, m.slug FROM refused r
             LEFT JOIN monitors m ON m.id = r.monitor_id
             WHERE r.project = $1 AND r.received > $2 AND NOT r.accepted ORDER BY r.received DESC, r.id DESC LIMIT $3";
        let found = self.read(|session| {
            session.query(sql, &[&PROJECT.cast_signed(), &micros(since), &i64::from(limit)])
        })?;
        self.unreadable().decode_rows("refused", &found, 4, |row| {
            let ProcessingErrorsView { received, payload, errors, .. } = processing_errors(row)?;
            Ok(RefusedView { monitor_slug: rows::maybe(row, 5)?, received, payload, errors })
        })
    }

    /// The slug of the monitor that a row belongs to; `None` if that is not known.
    fn monitor_of_row(&self, row: &UnreadableRow) -> Option<String> {
        let sql = slug_of_row(row.table)?;
        let found = self.read(|session| session.query_first(&sql, &[&row.id])).ok()??;
        rows::get(&found, 0).ok()
    }
}
