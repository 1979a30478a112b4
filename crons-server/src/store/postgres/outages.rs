//! Outages: times in which the server was not receiving.

use jiff::Timestamp;

use super::parameter::{micros, text};
use super::reader::{PostgresReader, page};
use super::rows;
use super::session::Session;
use crate::domain::Outage;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::view_rows::outage;
use crate::store::views::{Page, PageRequest};

/// The row of `settings` with the last heartbeat, in microseconds.
pub(super) const LAST_SEEN: &str = "heard_until";

/// The last instant at which the server is known to have received; `None` before its first.
pub(super) fn last_heartbeat(session: Session<'_>) -> Result<Option<Timestamp>, StoreError> {
    let row = session.query_first("SELECT value FROM settings WHERE name = $1", &[&text(LAST_SEEN)])?;
    let micros: Option<String> = row.map(|row| rows::get(&row, 0)).transpose()?;
    let micros = micros.and_then(|micros| micros.parse().ok());
    Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
}

/// Outages that ended after `since`, the earliest start first.
pub(super) fn outages(
    session: Session<'_>,
    unreadable: &UnreadableRows,
    since: Timestamp,
    PageRequest { skip, limit }: PageRequest,
) -> Result<Page<Outage>, StoreError> {
    let found = session.query(
        "SELECT since, until, id FROM outages WHERE until > $1 ORDER BY since, id LIMIT $2 OFFSET $3",
        &[&micros(since), &(i64::from(limit) + 1), &i64::from(skip)],
    )?;
    page(found, limit, |found| unreadable.decode_rows("outages", found, 2, outage))
}

impl PostgresReader {
    pub(super) fn outages_since(
        &self,
        since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Outage>, StoreError> {
        self.read(|session| outages(session, self.unreadable(), since, page))
    }
}
