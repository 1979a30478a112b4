//! Lists of check-ins.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::reader::{SqliteReader, monitor_id, page};
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, Micros};
use crate::domain::{CheckIn, PROJECT};
use crate::store::error::StoreError;
use crate::store::views::{CheckInFilter, CheckInView, Page, PageRequest};

impl SqliteReader {
    pub(super) fn check_ins_of(
        &self,
        slug: &str,
        CheckInFilter { environments, since, until }: &CheckInFilter,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Option<Page<CheckInView>>, StoreError> {
        let names = serde_json::to_string(environments).map_err(StoreError::unavailable)?;
        let (since, until) =
            (Micros(since.unwrap_or(Timestamp::MIN)), Micros(until.unwrap_or(Timestamp::MAX)));
        self.read(|connection| {
            let Some(monitor) = monitor_id(connection, slug)? else { return Ok(None) };
            // The subquery finds the rows of each environment that could be on the page, so that only they are
            // sorted, not its whole history.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHECK_IN}, e.name, e.id FROM environments e
                 JOIN check_ins c ON c.id IN (SELECT id FROM check_ins WHERE environment_id = e.id
                 AND date_added BETWEEN ?5 AND ?6 ORDER BY date_added DESC, id DESC LIMIT ?3 + ?4)
                 JOIN configs k ON k.id = c.config_id
                 WHERE e.monitor_id = ?1
                 AND (json_array_length(?2) = 0 OR e.name IN (SELECT value FROM json_each(?2)))
                 ORDER BY c.date_added DESC, c.id DESC LIMIT ?3 OFFSET ?4"
            ))?;
            let key = params![monitor, names, i64::from(limit) + 1, skip, since, until];
            let found = statement.query_map(key, |row| Ok(self.check_in_view(row)?.1))?;
            page(found, limit).map(Some)
        })
    }

    pub(super) fn check_in_of(&self, slug: &str, id: Uuid) -> Result<Option<CheckInView>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {CHECK_IN}, e.name, e.id FROM check_ins c JOIN configs k ON k.id = c.config_id
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.guid = ?1 AND m.project = ?2 AND m.slug = ?3"
        ))?;
        let key = params![id.as_bytes(), PROJECT.cast_signed(), slug];
        Ok(statement.query_row(key, |row| Ok(self.check_in_view(row)?.1)).optional()?)
    }

    /// Decodes the columns [`CHECK_IN`], and the name and the row id of the environment. Returns the row id of the check-in, and the view.
    pub(super) fn check_in_view(&self, row: &Row<'_>) -> rusqlite::Result<(i64, CheckInView)> {
        let (id, check_in) = self.unreadable().decode("check_ins", row, 0, rows::check_in)?;
        let environment = self
            .unreadable()
            .decode("environments", row, CHECK_IN_COLUMNS + 1, |row| row.get(CHECK_IN_COLUMNS))?;
        Ok((id, CheckInView { environment, check_in }))
    }

    /// The newest check-in of an environment that can be read.
    pub(super) fn newest_check_in(
        &self,
        connection: &Connection,
        environment: i64,
    ) -> Result<Option<CheckIn>, StoreError> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.environment_id = ?1 ORDER BY c.date_added DESC, c.id DESC"
        ))?;
        let mut found = statement.query_map([environment], |row| {
            Ok(self.unreadable().decode("check_ins", row, 0, rows::check_in)?.1)
        })?;
        Ok(found.find_map(rows::skip_unreadable).transpose()?)
    }
}
