//! Counts of check-ins by hour, monitor and outcome.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::connection::SqliteRecords;
use super::reader::{SqliteReader, page};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::records::Usage;
use crate::store::views::{Page, PageRequest, UsageView};

/// Seconds.
const HOUR: i64 = 3_600;

impl SqliteRecords<'_> {
    pub(super) fn add_usage(&self, at: Timestamp, usage: &Usage, count: u32) -> Result<(), StoreError> {
        let Usage { project, slug, outcome, reason } = usage;
        // Of names that are no monitor's there may be any number: they are counted together.
        let slug = match slug.as_ref().map(crons_types::Slug::as_str) {
            Some(slug) if self.1.monitor(slug).is_some() || self.is_monitor(*project, slug)? => slug,
            _ => "",
        };
        self.0
            .prepare_cached(
                "INSERT INTO usage (project, slug, hour, outcome, reason, count) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![
                project.cast_signed(),
                slug,
                at.as_second().div_euclid(HOUR) * HOUR,
                outcome.as_str(),
                reason.unwrap_or_default(),
                count
            ])?;
        Ok(())
    }

    fn is_monitor(&self, project: u64, slug: &str) -> Result<bool, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT 1 FROM monitors WHERE project = ?1 AND slug = ?2")?;
        Ok(statement.exists(params![project.cast_signed(), slug])?)
    }
}

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
