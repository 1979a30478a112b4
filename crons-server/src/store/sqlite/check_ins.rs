//! Lists of check-ins.

use rusqlite::{Connection, OptionalExtension, params};

use super::reader::{SqliteReader, page};
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS};
use crate::domain::{CheckIn, PROJECT};
use crate::store::error::StoreError;
use crate::store::views::{CheckInView, Page, PageRequest};

impl SqliteReader {
    pub(super) fn check_ins_of(
        &self,
        slug: &str,
        environment: Option<&str>,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Option<Page<CheckInView>>, StoreError> {
        self.read(|connection| {
            let monitor: Option<i64> = connection
                .prepare_cached("SELECT id FROM monitors WHERE project = ?1 AND slug = ?2")?
                .query_row(params![PROJECT.cast_signed(), slug], |row| row.get(0))
                .optional()?;
            let Some(monitor) = monitor else { return Ok(None) };
            // Only the rows of each environment that could be on the page are sorted, not its whole history.
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {CHECK_IN}, e.name, e.id FROM environments e
                 JOIN check_ins c ON c.id IN (SELECT id FROM check_ins WHERE environment_id = e.id
                 ORDER BY date_added DESC, id DESC LIMIT ?3 + ?4)
                 JOIN configs k ON k.id = c.config_id
                 WHERE e.monitor_id = ?1 AND (?2 IS NULL OR e.name = ?2)
                 ORDER BY c.date_added DESC, c.id DESC LIMIT ?3 OFFSET ?4"
            ))?;
            let key = params![monitor, environment, i64::from(limit) + 1, skip];
            let found = statement.query_map(key, |row| {
                let (_, check_in) = self.unreadable().decode("check_ins", row, 0, rows::check_in)?;
                let environment =
                    self.unreadable()
                        .decode("environments", row, CHECK_IN_COLUMNS + 1, |row| row.get(CHECK_IN_COLUMNS))?;
                Ok(CheckInView { environment, check_in })
            })?;
            page(found, limit).map(Some)
        })
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
