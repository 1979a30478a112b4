//! The statements of a walk through the runs of one environment.

use rusqlite::{Connection, params};

use super::deletion::DELETED;
use super::rows;
use crate::store::error::StoreError;
use crate::store::sweep_walk::{Cutoffs, Walk, WalkRows, WalkedRun};

impl WalkRows for Connection {
    fn walks_after(&self, after: i64, cutoffs: Cutoffs) -> Result<Vec<Walk>, StoreError> {
        let mut statement = self.prepare_cached(
            "SELECT e.id, m.config, i.id, i.started_at, i.starting_check_in,
                 (SELECT count(*) FROM (SELECT 1 FROM check_ins WHERE environment_id = e.id LIMIT ?3)),
                 (SELECT min(date_added) FROM check_ins WHERE environment_id = e.id)
             FROM environments e JOIN monitors m ON m.id = e.monitor_id
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             WHERE e.id > ?1 AND e.monitor_id > ?2 ORDER BY e.id LIMIT 1",
        )?;
        let key = params![after, DELETED, cutoffs.counted()];
        let found = statement.query_map(key, |row| Walk::of_row(row, cutoffs))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn runs_before(
        &self,
        environment: i64,
        position: (i64, i64),
        limit: i64,
        visit: &mut dyn FnMut(WalkedRun<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare_cached(
            "SELECT id, date_added, status, guid FROM check_ins
             WHERE environment_id = ?1 AND (date_added, id) < (?2, ?3) ORDER BY date_added DESC, id DESC LIMIT ?4",
        )?;
        let mut found = statement.query(params![environment, position.0, position.1, limit])?;
        while let Some(row) = found.next()? {
            let run = match (rows::text(row, 2), rows::get(row, 3)) {
                (Ok(status), Ok(guid)) => Some((status, guid)),
                _ => None,
            };
            if !visit(WalkedRun { id: row.get(0)?, date_added: row.get(1)?, run }) {
                break;
            }
        }
        Ok(())
    }

    fn occurrences_behind(&self, incident: i64, skip: u32, limit: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.prepare_cached(
            "SELECT id FROM occurrences WHERE incident_id = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
        )?;
        let found = statement.query_map(params![incident, limit, skip], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
