//! Counts of check-ins by buckets of time.

use super::parameter::{micros, texts};
use super::reader::PostgresReader;
use super::rows;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::view_rows::stats;
use crate::store::views::{StatsQuery, StatsView};

impl PostgresReader {
    /// The cost depends on the check-ins of the stretch of time, and not on others.
    pub(super) fn stats_of(&self, query: &StatsQuery) -> Result<Vec<StatsView>, StoreError> {
        let StatsQuery { slugs, environments, since, until, resolution } = query;
        let sql = "SELECT m.slug, e.name, c.status, c.date_added / 1000000 / $6 * $6 AS bucket, count(*),
                 coalesce(sum(c.duration_ms), 0)::bigint, count(c.duration_ms)
             FROM monitors m JOIN environments e ON e.monitor_id = m.id
             JOIN check_ins c ON c.environment_id = e.id AND c.date_added >= $4 AND c.date_added < $5
             WHERE m.project = $1 AND m.slug = ANY($2) AND (cardinality($3) = 0 OR e.name = ANY($3))
             GROUP BY m.slug, e.name, c.status, bucket ORDER BY m.slug, bucket, e.name, c.status COLLATE \"C\"";
        let found = self.read(|session| {
            session.query(
                sql,
                &[
                    &PROJECT.cast_signed(),
                    &texts(slugs),
                    &texts(environments),
                    &micros(*since),
                    &micros(*until),
                    resolution,
                ],
            )
        })?;
        let views = found.iter().filter_map(|row| stats(row).transpose());
        Ok(views.collect::<Result<_, _>>()?)
    }

    pub(super) fn durations(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let sql =
            "SELECT m.slug, e.name, d.duration_ms FROM monitors m JOIN environments e ON e.monitor_id = m.id
             CROSS JOIN LATERAL (SELECT duration_ms FROM (SELECT date_added, id, duration_ms FROM check_ins
                     WHERE environment_id = e.id ORDER BY date_added DESC, id DESC LIMIT 10) n
                 WHERE duration_ms IS NOT NULL ORDER BY date_added DESC, id DESC LIMIT 1) d
             WHERE m.project = $1 ORDER BY m.slug, e.name";
        let found = self.read(|session| session.query(sql, &[&PROJECT.cast_signed()]))?;
        let decoded =
            found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?, rows::get(row, 2)?)));
        decoded.collect()
    }
}
