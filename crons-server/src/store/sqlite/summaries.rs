//! Summaries of all monitors.

use rusqlite::{Row, params};

use super::reader::SqliteReader;
use super::rows::{self, FAILING};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::views::{EnvironmentSummary, MonitorSummary};

impl SqliteReader {
    pub(super) fn all_summaries(&self) -> Result<Vec<MonitorSummary>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT m.slug, m.owner, m.enabled, e.name, e.muted, e.status, (SELECT status FROM check_ins
                 WHERE environment_id = e.id ORDER BY date_added DESC, id DESC LIMIT 1), {FAILING},
                 e.last_check_in, m.guid, coalesce(m.name, m.slug), m.muted, e.next_check_in_latest
             FROM monitors m LEFT JOIN environments e ON e.monitor_id = m.id
             WHERE m.project = ?1 ORDER BY m.slug, e.name"
        ))?;
        let mut rows = statement.query(params![PROJECT.cast_signed()])?;
        let mut found: Vec<MonitorSummary> = Vec::new();
        while let Some(row) = rows.next()? {
            let slug = row.get_ref(0)?.as_str().unwrap_or_default();
            if found.last().is_none_or(|last| last.slug != slug) {
                found.push(MonitorSummary {
                    id: rows::get(row, 9).unwrap_or_default(),
                    slug: slug.to_owned(),
                    name: row.get(10).unwrap_or_default(),
                    owner: row.get(1).unwrap_or_default(),
                    enabled: row.get(2).unwrap_or(true),
                    muted: row.get(11).unwrap_or_default(),
                    environments: Vec::new(),
                });
            }
            // A monitor without environments has one row of NULLs. A row that cannot be read is left out, as in lists of monitors.
            if let (Some(last), Ok(environment)) = (found.last_mut(), environment(row)) {
                last.environments.push(environment);
            }
        }
        Ok(found)
    }
}

fn environment(row: &Row<'_>) -> rusqlite::Result<EnvironmentSummary> {
    Ok(EnvironmentSummary {
        name: row.get(3)?,
        muted: row.get(4)?,
        status: rows::get(row, 5)?,
        newest: rows::maybe_status(row, 6)?,
        failing: rows::maybe_status(row, 7)?,
        last_check_in: rows::maybe(row, 8)?,
        next_check_in_latest: rows::maybe(row, 12)?,
    })
}
