//! The statements of a walk through the runs of one environment.

use super::deleted::DELETED;
use super::rows;
use super::session::Session;
use crate::store::error::StoreError;
use crate::store::sweep_walk::{Cutoffs, Walk, WalkRows, WalkedRun};

/// The number of environments that one statement reads: it counts thousands of runs of each.
const ENVIRONMENTS: i64 = 20;

impl WalkRows for Session<'_> {
    fn walks_after(&self, after: i64, cutoffs: Cutoffs) -> Result<Vec<Walk>, StoreError> {
        let found = self.query(
            "SELECT e.id, m.config, i.id, i.started_at, i.starting_check_in,
                 (SELECT count(*) FROM (SELECT FROM check_ins WHERE environment_id = e.id LIMIT $3) c),
                 (SELECT min(date_added) FROM check_ins WHERE environment_id = e.id)
             FROM environments e JOIN monitors m ON m.id = e.monitor_id
             LEFT JOIN incidents i ON i.environment_id = e.id AND i.resolved_at IS NULL
             WHERE e.id > $1 AND e.monitor_id > $2 ORDER BY e.id LIMIT $4",
            &[&after, &DELETED, &cutoffs.counted(), &ENVIRONMENTS],
        )?;
        let walks = found.iter().map(|row| Walk::of_row(row, cutoffs));
        Ok(walks.collect::<Result<_, _>>()?)
    }

    fn runs_before(
        &self,
        environment: i64,
        position: (i64, i64),
        limit: i64,
        visit: &mut dyn FnMut(WalkedRun<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let found = self.query(
            "SELECT id, date_added, status, guid FROM check_ins
             WHERE environment_id = $1 AND (date_added, id) < ($2, $3) ORDER BY date_added DESC, id DESC LIMIT $4",
            &[&environment, &position.0, &position.1, &limit],
        )?;
        for row in &found {
            let run = Some((rows::text(row, 2)?, rows::get(row, 3)?));
            if !visit(WalkedRun { id: rows::get(row, 0)?, date_added: rows::get(row, 1)?, run }) {
                break;
            }
        }
        Ok(())
    }

    fn occurrences_behind(&self, incident: i64, skip: u32, limit: i64) -> Result<Vec<i64>, StoreError> {
        let found = self.query(
            "SELECT id FROM occurrences WHERE incident_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3",
            &[&incident, &limit, &i64::from(skip)],
        )?;
        rows::ids(&found)
    }
}
