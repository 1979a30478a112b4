//! Counts of check-ins by hour, monitor and outcome.

use jiff::Timestamp;

use super::parameter::text;
use super::reader::{PostgresReader, page};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::view_rows::usage;
use crate::store::views::{Page, PageRequest, UsageView};

/// The slugs of all counts, or that of `$2`. The recursion steps from slug to slug by the primary key, however many hours each has.
const SLUGS: &str = "s (slug) AS (
    SELECT coalesce($2, (SELECT min(slug) FROM usage WHERE project = $1))
    UNION ALL
    SELECT (SELECT min(slug) FROM usage WHERE project = $1 AND slug > s.slug) FROM s
    WHERE s.slug IS NOT NULL AND $2 IS NULL)";

impl PostgresReader {
    pub(super) fn usage_since(
        &self,
        slug: Option<&str>,
        since: Timestamp,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<UsageView>, StoreError> {
        // `OFFSET 0` keeps the subquery as it is: by the primary key, of each slug only the hours that were asked for.
        let sql = format!(
            "WITH RECURSIVE {SLUGS}
             SELECT u.hour, u.slug, u.outcome, u.reason, u.count FROM s
             CROSS JOIN LATERAL (SELECT * FROM usage WHERE project = $1 AND slug = s.slug AND hour >= $3 OFFSET 0) u
             ORDER BY u.hour, u.slug, u.outcome, u.reason LIMIT $4 OFFSET $5"
        );
        let (one_more, skip) = (i64::from(limit) + 1, i64::from(skip));
        let found = self.read(|session| {
            session
                .query(&sql, &[&PROJECT.cast_signed(), &slug.map(text), &since.as_second(), &one_more, &skip])
        })?;
        // The table has no row ids; the log names the hour instead.
        page(found, limit, |found| self.unreadable().decode_rows("usage", found, 0, usage))
    }
}
