//! Lists of check-ins.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::parameter::{micros, text, texts};
use super::reader::{PostgresReader, monitor_id, page};
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, DecodeError};
use super::session::Session;
use crate::domain::{CheckIn, PROJECT};
use crate::store::error::StoreError;
use crate::store::views::{CheckInFilter, CheckInView, Page, PageRequest};

impl PostgresReader {
    pub(super) fn check_ins_of(
        &self,
        slug: &str,
        CheckInFilter { environments, since, until }: &CheckInFilter,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Option<Page<CheckInView>>, StoreError> {
        let since = micros(since.unwrap_or(Timestamp::MIN));
        let until = micros(until.unwrap_or(Timestamp::MAX));
        // The subquery finds the rows of each environment that could be on the page, so that only they are sorted, not its whole history.
        let sql = format!(
            "SELECT {CHECK_IN}, e.name, e.id FROM environments e
             CROSS JOIN LATERAL (SELECT * FROM check_ins WHERE environment_id = e.id
                 AND date_added BETWEEN $5 AND $6 ORDER BY date_added DESC, id DESC LIMIT $3 + $4) c
             JOIN configs k ON k.id = c.config_id
             WHERE e.monitor_id = $1 AND (cardinality($2) = 0 OR e.name = ANY($2))
             ORDER BY c.date_added DESC, c.id DESC LIMIT $3 OFFSET $4"
        );
        self.read(|session| {
            let Some(monitor) = monitor_id(session, slug)? else { return Ok(None) };
            let (one_more, skip) = (i64::from(limit) + 1, i64::from(skip));
            let found =
                session.query(&sql, &[&monitor, &texts(environments), &one_more, &skip, &since, &until])?;
            page(found, limit, |found| self.check_in_views(found)).map(Some)
        })
    }

    pub(super) fn check_in_of(&self, slug: &str, id: Uuid) -> Result<Option<CheckInView>, StoreError> {
        let sql = format!(
            "SELECT {CHECK_IN}, e.name, e.id FROM check_ins c JOIN configs k ON k.id = c.config_id
             JOIN environments e ON e.id = c.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE c.guid = $1 AND m.project = $2 AND m.slug = $3"
        );
        let found =
            self.read(|session| session.query_first(&sql, &[&id, &PROJECT.cast_signed(), &text(slug)]))?;
        Ok(found.map(|row| self.check_in_view(&row)).transpose()?.map(|(_, view)| view))
    }

    /// Decodes rows as [`check_in_view`](Self::check_in_view) does, and leaves out those that cannot be decoded.
    pub(super) fn check_in_views(&self, found: &[Row]) -> Result<Vec<CheckInView>, StoreError> {
        let decoded = found.iter().map(|row| rows::skip_unreadable(self.check_in_view(row)));
        decoded.filter_map(|view| Some(view.transpose()?.map(|(_, view)| view))).collect()
    }

    /// Decodes the columns [`CHECK_IN`], and the name and the row id of the environment. Returns the row id of the check-in, and the view.
    pub(super) fn check_in_view(&self, row: &Row) -> Result<(i64, CheckInView), DecodeError> {
        let (id, check_in) = self.unreadable().decode_row("check_ins", row, 0, rows::check_in)?;
        let name = |row: &Row| rows::get(row, CHECK_IN_COLUMNS);
        let environment = self.unreadable().decode_row("environments", row, CHECK_IN_COLUMNS + 1, name)?;
        Ok((id, CheckInView { environment, check_in }))
    }

    /// The newest check-in of an environment that can be read.
    pub(super) fn newest_check_in(
        &self,
        session: Session<'_>,
        environment: i64,
    ) -> Result<Option<CheckIn>, StoreError> {
        let sql = format!(
            "SELECT {CHECK_IN} FROM check_ins c JOIN configs k ON k.id = c.config_id
             WHERE c.environment_id = $1 AND c.id <> ALL($2) ORDER BY c.date_added DESC, c.id DESC LIMIT 1"
        );
        loop {
            let left_out = self.unreadable().ids("check_ins");
            let Some(row) = session.query_first(&sql, &[&environment, &left_out])? else { return Ok(None) };
            let decoded = self.unreadable().decode_row("check_ins", &row, 0, rows::check_in);
            // A row that cannot be read is now known as such, so the next one is read.
            if let Some((_, newest)) = rows::skip_unreadable(decoded)? {
                return Ok(Some(newest));
            }
        }
    }
}
