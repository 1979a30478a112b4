//! Summaries of all monitors.

use rusqlite::params;

use super::reader::SqliteReader;
use super::rows::FAILING;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::view_rows::add_summary;
use crate::store::views::MonitorSummary;

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
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            add_summary(&mut found, row);
        }
        Ok(found)
    }
}
