//! Summaries of all monitors.

use super::reader::PostgresReader;
use super::rows::FAILING;
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::view_rows::add_summary;
use crate::store::views::MonitorSummary;

impl PostgresReader {
    pub(super) fn all_summaries(&self) -> Result<Vec<MonitorSummary>, StoreError> {
        let sql = format!(
            "SELECT m.slug, m.owner, m.enabled, e.name, e.muted, e.status, (SELECT status FROM check_ins
                 WHERE environment_id = e.id ORDER BY date_added DESC, id DESC LIMIT 1), {FAILING},
                 e.last_check_in, m.guid, coalesce(m.name, m.slug), m.muted, e.next_check_in_latest
             FROM monitors m LEFT JOIN environments e ON e.monitor_id = m.id
             WHERE m.project = $1 ORDER BY m.slug, e.name"
        );
        let rows = self.read(|session| session.query(&sql, &[&PROJECT.cast_signed()]))?;
        let mut found = Vec::new();
        for row in &rows {
            add_summary(&mut found, row);
        }
        Ok(found)
    }
}
