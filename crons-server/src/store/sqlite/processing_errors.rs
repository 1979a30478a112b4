//! Payloads that were refused, or accepted with remarks, each with its processing errors.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::reader::SqliteReader;
use super::rows::{self, Micros};
use crate::domain::{PROJECT, ProcessingError};
use crate::store::error::{StoreError, UnreadableRow};
use crate::store::views::{ErrorView, ProcessingErrorsView, RefusedView};

impl SqliteReader {
    pub(super) fn processing_errors_of(
        &self,
        slug: Option<&str>,
    ) -> Result<Vec<ProcessingErrorsView>, StoreError> {
        let mut listed = self.unreadable_rows(slug);
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
            self.unreadable().decode("refused", row, 4, view)
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
                self.unreadable().decode("refused", row, 4, view)?;
            Ok(RefusedView { monitor_slug: row.get(5).unwrap_or_default(), received, payload, errors })
        })?;
        Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
    }

    /// Lists rows that cannot be read, as errors without a payload, the last found first: those of a monitor, or all.
    fn unreadable_rows(&self, slug: Option<&str>) -> Vec<ProcessingErrorsView> {
        let mut listed = Vec::new();
        for (since, row) in self.unreadable().listed().into_iter().rev() {
            if slug.is_some_and(|slug| self.monitor_of_row(&row).as_deref() != Some(slug)) {
                continue;
            }
            let error = ProcessingError::UnreadableRow(row.to_string());
            listed.push(ProcessingErrorsView {
                received: since,
                payload: String::new(),
                accepted: false,
                errors: vec![ErrorView { name: error.name().to_owned(), message: error.to_string() }],
            });
        }
        listed
    }

    /// The slug of the monitor that a row belongs to; `None` if that is not known.
    fn monitor_of_row(&self, row: &UnreadableRow) -> Option<String> {
        let sql = match row.table {
            "monitors" => "SELECT slug FROM monitors WHERE id = ?1",
            "environments" => "SELECT m.slug FROM environments e JOIN monitors m ON m.id = e.monitor_id WHERE e.id = ?1",
            "check_ins" | "incidents" => "SELECT m.slug FROM {table} r JOIN environments e ON e.id = r.environment_id
                 JOIN monitors m ON m.id = e.monitor_id WHERE r.id = ?1",
            "occurrences" => "SELECT m.slug FROM occurrences o JOIN incidents i ON i.id = o.incident_id
                 JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id WHERE o.id = ?1",
            "refused" => "SELECT m.slug FROM refused r JOIN monitors m ON m.id = r.monitor_id WHERE r.id = ?1",
            "held_check_ins" => "SELECT slug FROM held_check_ins WHERE id = ?1",
            _ => return None,
        };
        let sql = sql.replace("{table}", row.table);
        self.connection().query_row(&sql, [row.id], |row| row.get(0)).ok()
    }
}

fn view(row: &Row<'_>) -> rusqlite::Result<ProcessingErrorsView> {
    let errors: Vec<(String, String)> = rows::json(row, 2)?;
    Ok(ProcessingErrorsView {
        received: rows::get(row, 0)?,
        payload: row.get(1)?,
        accepted: row.get(3)?,
        errors: errors.into_iter().map(|(name, message)| ErrorView { name, message }).collect(),
    })
}
