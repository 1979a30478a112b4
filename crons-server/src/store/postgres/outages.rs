//! Outages: times in which the server was not receiving.

use jiff::Timestamp;

use super::nodes::LAST_SEEN;
use super::parameter::{micros, text};
use super::reader::{PostgresReader, page};
use super::session::Session;
use crate::domain::Outage;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::view_rows::outage;
use crate::store::views::{Page, PageRequest};

/// Returns the newest stored heartbeat, or the newest watermark in the list of servers, except that of row `node`; `None` if there is none.
pub(super) fn last_heartbeat(session: Session<'_>, node: i64) -> Result<Option<Timestamp>, StoreError> {
    let row = session.query_first(
        "SELECT greatest((SELECT value::bigint FROM settings WHERE name = $1), (SELECT max(watermark) FROM nodes WHERE id <> $2))",
        &[&text(LAST_SEEN), &node],
    )?;
    let micros: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
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
