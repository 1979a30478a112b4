//! Outages: times in which the server was not receiving.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::reader::{SqliteReader, page};
use super::rows::Micros;
use crate::domain::Outage;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::view_rows::outage;
use crate::store::views::{Page, PageRequest};

/// The row of `settings` with the last heartbeat, in microseconds.
pub(super) const LAST_SEEN: &str = "heard_until";

/// The last instant at which the server is known to have received; `None` before its first.
pub(super) fn last_heartbeat(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let micros: Option<String> = connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([LAST_SEEN], |row| row.get(0))
        .optional()?;
    let micros = micros.and_then(|micros| micros.parse().ok());
    Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
}

/// Outages that ended after `since`, the earliest start first.
pub(super) fn outages(
    connection: &Connection,
    unreadable: &UnreadableRows,
    since: Timestamp,
    PageRequest { skip, limit }: PageRequest,
) -> Result<Page<Outage>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT since, until, id FROM outages WHERE until > ?1 ORDER BY since, id LIMIT ?2 OFFSET ?3",
    )?;
    let found = statement.query_map(params![Micros(since), i64::from(limit) + 1, skip], |row| {
        unreadable.decode("outages", row, 2, outage)
    })?;
    page(found, limit)
}

impl SqliteReader {
    pub(super) fn outages_since(
        &self,
        since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Outage>, StoreError> {
        outages(&self.connection(), self.unreadable(), since, page)
    }
}
