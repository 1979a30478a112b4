//! The deletion of what a sweep has found, in one transaction.

use super::connection::PostgresTransaction;
use super::parameter::texts;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::expired::Expired;

impl PostgresTransaction<'_> {
    /// Deletes what a plan has found, by row id. Returns the number of check-ins among it.
    ///
    /// A run that goes on after all, or that an incident began with meanwhile, stays.
    pub(super) fn delete_planned(&self, expired: &Expired) -> Result<usize, StoreError> {
        let session = self.session()?;
        let mut check_ins = 0;
        if !expired.check_ins.is_empty() {
            check_ins = session.execute(
                "DELETE FROM check_ins c WHERE c.id = ANY($1) AND c.status <> 'in_progress' AND c.date_added <= $2
                 AND NOT EXISTS (SELECT FROM incidents i WHERE i.resolved_at IS NULL
                 AND i.environment_id = c.environment_id AND i.starting_check_in = c.guid)",
                &[&expired.check_ins, &expired.newest],
            )?;
        }
        for (table, ids) in [
            ("occurrences", &expired.occurrences),
            ("incidents", &expired.incidents),
            ("outages", &expired.outages),
            ("silences", &expired.silences),
        ] {
            if !ids.is_empty() {
                session.execute(&format!("DELETE FROM {table} WHERE id = ANY($1)"), &[ids])?;
            }
        }
        if !expired.usage.is_empty() {
            let slugs = texts(expired.usage.iter().map(|(slug, _)| slug));
            let hours: Vec<i64> = expired.usage.iter().map(|(_, hour)| *hour).collect();
            session.execute(
                "DELETE FROM usage u USING unnest($2, $3) AS k (slug, hour)
                 WHERE u.project = $1 AND u.slug = k.slug AND u.hour <= k.hour",
                &[&PROJECT.cast_signed(), &slugs, &hours],
            )?;
        }
        Ok(usize::try_from(check_ins).unwrap_or(usize::MAX))
    }
}
