//! The list of silences.

use jiff::Timestamp;

use super::parameter::micros;
use super::reader::{PostgresReader, page};
use crate::domain::Silence;
use crate::store::error::StoreError;
use crate::store::view_rows::{SILENCE, silence};
use crate::store::views::{Page, PageRequest};

impl PostgresReader {
    /// Silences that end after `since`, the last one made first.
    pub(super) fn silences_after(
        &self,
        since: Timestamp,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<Silence>, StoreError> {
        let sql = format!(
            "SELECT {SILENCE} FROM silences WHERE coalesce(ended_at, ends_at) > $1 ORDER BY id DESC LIMIT $2 OFFSET $3"
        );
        let (one_more, skip) = (i64::from(limit) + 1, i64::from(skip));
        let found = self.read(|session| session.query(&sql, &[&micros(since), &one_more, &skip]))?;
        page(found, limit, |found| self.unreadable().decode_rows("silences", found, 8, silence))
    }
}
