//! Counts of check-ins by hour, monitor and outcome.

use jiff::Timestamp;
use rusqlite::params;

use super::reader::{SqliteReader, page};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::view_rows::usage;
use crate::store::views::{Page, PageRequest, UsageView};

/// The slugs of all counts. The recursion steps from slug to slug by the primary key, however many hours each has.
const ALL_SLUGS: &str = "s (slug) AS (
    SELECT min(slug) FROM usage WHERE project = ?1
    UNION ALL
    SELECT (SELECT min(slug) FROM usage WHERE project = ?1 AND slug > s.slug) FROM s WHERE s.slug IS NOT NULL)";

impl SqliteReader {
    pub(super) fn usage_since(
        &self,
        slug: Option<&str>,
        since: Timestamp,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<UsageView>, StoreError> {
        let connection = self.connection();
        let slugs = if slug.is_some() { "s (slug) AS (VALUES (?2))" } else { ALL_SLUGS };
        // `CROSS JOIN` fixes the order of the loops: by the primary key, of each slug only the hours that were asked for.
        let mut statement = connection.prepare_cached(&format!(
            "WITH RECURSIVE {slugs}
             SELECT u.hour, u.slug, u.outcome, u.reason, u.count FROM s
             CROSS JOIN usage u ON u.project = ?1 AND u.slug = s.slug AND u.hour >= ?3
             ORDER BY u.hour, u.slug, u.outcome, u.reason LIMIT ?4 OFFSET ?5"
        ))?;
        let key = params![PROJECT.cast_signed(), slug, since.as_second(), i64::from(limit) + 1, skip];
        // The table has no row ids; the log names the hour instead.
        page(statement.query_map(key, |row| self.unreadable().decode("usage", row, 0, usage))?, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::SqliteStore;
    use crate::store::sqlite::steps::Steps;

    const HOUR: i64 = 3_600;

    /// Returns the steps of SQLite's virtual machine to read the counts of the last two hours beside `hours` older ones.
    fn steps_beside(hours: u32, slug: Option<&str>) -> u64 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let store = SqliteStore::open(&path).unwrap();
        let rows = format!(
            "WITH RECURSIVE hour (h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hour WHERE h < {hours} + 1),
                 monitor (m) AS (SELECT 1 UNION ALL SELECT m + 1 FROM monitor WHERE m < 20)
             INSERT INTO usage SELECT 1, 'job-' || m, h * {HOUR}, 'accepted', '', 1 FROM monitor, hour"
        );
        store.connection.execute_batch(&rows).unwrap();
        let reader = SqliteReader::open(&path).unwrap();
        let steps = Steps::of(&mut reader.connection());
        let since = Timestamp::from_second(i64::from(hours) * HOUR).unwrap();
        let found = reader.usage_since(slug, since, PageRequest { skip: 0, limit: 100 }).unwrap();
        assert_eq!(found.items.len(), if slug.is_some() { 2 } else { 40 });
        steps.count()
    }

    #[test]
    fn counts_of_a_time_are_read_without_those_from_before() {
        for slug in [None, Some("job-7")] {
            let (few, many) = (steps_beside(1, slug), steps_beside(2_000, slug));
            assert!(many <= few + 200, "{slug:?}: {many} steps beside 2,000 hours, {few} beside one");
        }
    }
}
