//! Counts of check-ins by hour, monitor and outcome.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::reader::{SqliteReader, page};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::views::{Page, PageRequest, UsageView};

impl SqliteReader {
    pub(super) fn usage_since(
        &self,
        slug: Option<&str>,
        since: Timestamp,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<UsageView>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT hour, slug, outcome, reason, count FROM usage
             WHERE project = ?1 AND (?2 IS NULL OR slug = ?2) AND hour >= ?3
             ORDER BY hour, slug, outcome, reason LIMIT ?4 OFFSET ?5",
        )?;
        let key = params![PROJECT.cast_signed(), slug, since.as_second(), i64::from(limit) + 1, skip];
        // The table has no row ids; the log names the hour instead.
        page(statement.query_map(key, |row| self.unreadable().decode("usage", row, 0, usage))?, limit)
    }
}

fn usage(row: &Row<'_>) -> rusqlite::Result<UsageView> {
    let named = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(UsageView {
        hour: Timestamp::from_second(row.get(0)?).unwrap_or_default(),
        monitor: named(row.get(1)?),
        outcome: row.get(2)?,
        reason: named(row.get(3)?),
        count: row.get(4)?,
    })
}
