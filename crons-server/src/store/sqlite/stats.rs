//! Counts of check-ins by buckets of time.

use rusqlite::params;

use super::reader::SqliteReader;
use super::rows::{self, Micros};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::view_rows::stats;
use crate::store::views::{StatsQuery, StatsView};

impl SqliteReader {
    /// The cost depends on the check-ins of the stretch of time, and not on others.
    pub(super) fn stats_of(&self, query: &StatsQuery) -> Result<Vec<StatsView>, StoreError> {
        let StatsQuery { slugs, environments, since, until, resolution } = query;
        let json = |names: &[String]| serde_json::to_string(names).map_err(StoreError::unavailable);
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT m.slug, e.name, c.status, c.date_added / 1000000 / ?6 * ?6 AS bucket, count(*),
                 coalesce(sum(c.duration_ms), 0), count(c.duration_ms)
             FROM json_each(?2) k CROSS JOIN monitors m ON m.project = ?1 AND m.slug = k.value
             CROSS JOIN environments e ON e.monitor_id = m.id
             CROSS JOIN check_ins c ON c.environment_id = e.id AND c.date_added >= ?4 AND c.date_added < ?5
             WHERE json_array_length(?3) = 0 OR e.name IN (SELECT value FROM json_each(?3))
             GROUP BY m.slug, e.name, c.status, bucket ORDER BY m.slug, bucket, e.name, c.status",
        )?;
        let (slugs, environments) = (json(slugs)?, json(environments)?);
        let (since, until) = (Micros(*since), Micros(*until));
        let key = params![PROJECT.cast_signed(), slugs, environments, since, until, resolution];
        let mut found = statement.query(key)?;
        let mut views = Vec::new();
        while let Some(row) = found.next()? {
            views.extend(stats(row)?);
        }
        Ok(views)
    }

    pub(super) fn durations(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT m.slug, e.name, (SELECT duration_ms FROM (SELECT date_added, id, duration_ms FROM check_ins
                     WHERE environment_id = e.id ORDER BY date_added DESC, id DESC LIMIT 10)
                 WHERE duration_ms IS NOT NULL ORDER BY date_added DESC, id DESC LIMIT 1) AS duration
             FROM monitors m JOIN environments e ON e.monitor_id = m.id
             WHERE m.project = ?1 AND duration IS NOT NULL ORDER BY m.slug, e.name",
        )?;
        let found = statement
            .query_map([PROJECT.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
    }
}
