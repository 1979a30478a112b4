//! What need not be kept any more.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::connection::SqliteRecords;
use super::rows::Micros;
use crate::store::error::StoreError;
use crate::store::sweep::Sweep;

/// Environments that are looked at in one transaction.
const ENVIRONMENTS: u32 = 50;
/// After this many rows the transaction ends, so that others do not wait for long.
const ROWS: u32 = 500;
/// Pages that are given back in one transaction: 1 MiB.
const PAGES: u32 = 256;

impl SqliteRecords<'_> {
    pub(super) fn sweep_some(&self, sweep: &mut Sweep) -> Result<bool, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT id FROM environments WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let environments: Vec<i64> = statement
            .query_map(params![sweep.after, ENVIRONMENTS], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut in_this_step = 0;
        for id in &environments {
            let successes = self.delete_old(
                *id,
                "c.status = 'ok'",
                sweep.before(sweep.kept.success_days),
                sweep.kept.check_ins,
            )?;
            let others = self.delete_old(
                *id,
                "c.status IN ('error', 'missed', 'timeout', 'unknown')",
                sweep.before(sweep.kept.failure_days),
                sweep.kept.check_ins,
            )?;
            self.delete_told(*id, sweep.kept.check_ins)?;
            sweep.deleted += successes + others;
            in_this_step += successes + others;
            if successes.max(others) < ROWS as usize {
                sweep.after = *id;
            }
            if in_this_step >= ROWS as usize {
                return Ok(true);
            }
        }
        if environments.is_empty() {
            return self.delete_history(sweep);
        }
        Ok(true)
    }

    pub(super) fn give_pages_back(&self) -> Result<bool, StoreError> {
        let free: u32 = self.0.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        if free > 0 {
            let mut statement = self.0.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut freed = statement.query([])?;
            // Each step frees a page.
            while freed.next()?.is_some() {}
        }
        // A file that could not be rewritten when it was opened gives nothing back.
        let left: u32 = self.0.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        Ok(0 < left && left < free)
    }

    /// Deletes runs that are too old or too many, but not those that thresholds still look at. Of an open incident none is
    /// too old, but the first is all that it needs: a job that nobody runs any more fails for years.
    fn delete_old(
        &self,
        environment: i64,
        of: &str,
        before: Timestamp,
        most: u32,
    ) -> Result<usize, StoreError> {
        // The oldest that is within the number.
        let oldest: Option<i64> = self
            .0
            .prepare_cached(&format!(
                "SELECT c.date_added FROM check_ins c WHERE c.environment_id = ?1 AND {of}
                 ORDER BY c.date_added DESC LIMIT 1 OFFSET ?2"
            ))?
            .query_row(params![environment, most.saturating_sub(1)], |row| row.get(0))
            .optional()?;
        let deleted = self
            .0
            .prepare_cached(&format!(
                "DELETE FROM check_ins WHERE id IN (
                 SELECT c.id FROM check_ins c WHERE c.environment_id = ?1 AND {of} AND c.date_added < min(
                     max(?3, min(?2, coalesce((SELECT started_at FROM incidents
                         WHERE environment_id = ?1 AND resolved_at IS NULL), 9e18))),
                     coalesce((SELECT date_added FROM check_ins WHERE environment_id = ?1
                         AND status IN ('ok', 'error', 'missed', 'timeout') ORDER BY date_added DESC LIMIT 1
                         OFFSET (SELECT max(1, coalesce(config ->> 'failure_issue_threshold', 1),
                             coalesce(config ->> 'recovery_threshold', 1)) - 1
                             FROM (SELECT iif(json_valid(m.config), m.config, '{{}}') AS config
                                 FROM environments e JOIN monitors m ON m.id = e.monitor_id WHERE e.id = ?1))),
                         -9e18))
                 AND c.guid NOT IN (SELECT starting_check_in FROM incidents
                     WHERE environment_id = ?1 AND resolved_at IS NULL)
                 LIMIT ?4)"
            ))?
            .execute(params![environment, Micros(before), oldest.unwrap_or(i64::MIN), ROWS])?;
        Ok(deleted)
    }

    /// Of an open incident, what people were told is kept as often as runs are.
    fn delete_told(&self, environment: i64, most: u32) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "DELETE FROM occurrences WHERE id IN (SELECT o.id FROM occurrences o
                 JOIN incidents i ON i.id = o.incident_id AND i.resolved_at IS NULL WHERE i.environment_id = ?1
                 ORDER BY o.id DESC LIMIT ?2 OFFSET ?3)",
            )?
            .execute(params![environment, ROWS, most])?;
        Ok(())
    }

    /// What is kept as long as failures are. Whether there is more of it: of a storm, all is over at once.
    fn delete_history(&self, sweep: &mut Sweep) -> Result<bool, StoreError> {
        let before = sweep.before(sweep.kept.failure_days);
        if self.delete_incidents(sweep, before)? {
            return Ok(true);
        }
        self.0.prepare_cached("DELETE FROM outages WHERE until < ?1")?.execute([Micros(before)])?;
        self.0.prepare_cached("DELETE FROM usage WHERE hour < ?1")?.execute([before.as_second()])?;
        Ok(false)
    }

    /// Deletes an incident with what people were told of it, how often; if that is as often as `most`, the incident is left,
    /// as there may be more.
    pub(super) fn delete_incident(&self, id: i64, most: u32) -> Result<usize, StoreError> {
        let told = self
            .0
            .prepare_cached(
                "DELETE FROM occurrences WHERE id IN (SELECT id FROM occurrences WHERE incident_id = ?1 LIMIT ?2)",
            )?
            .execute(params![id, most])?;
        if told < most as usize {
            self.0.prepare_cached("DELETE FROM incidents WHERE id = ?1")?.execute([id])?;
        }
        Ok(told)
    }

    /// Incidents that were over before, with what people were told of them: some, and whether there are more.
    fn delete_incidents(&self, sweep: &mut Sweep, before: Timestamp) -> Result<bool, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id FROM incidents WHERE id > ?1 AND resolved_at < ?2 ORDER BY id LIMIT ?3",
        )?;
        let over: Vec<i64> = statement
            .query_map(params![sweep.after_incident, Micros(before), ROWS], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut in_this_step = 0;
        for id in &over {
            let told = self.delete_incident(*id, ROWS)?;
            if told == ROWS as usize {
                return Ok(true);
            }
            sweep.after_incident = *id;
            in_this_step += told + 1;
            if in_this_step >= ROWS as usize {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Retention;
    use crate::store::{SqliteStore, Store};

    #[test]
    fn incidents_of_a_storm_go_a_few_at_a_time_and_those_that_are_not_over_or_not_old_stay() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(&folder.path().join("crons.db")).unwrap();
        // Two years ago, each with an occurrence and one with many; then one of today, and one that goes on.
        let rows = "
            INSERT INTO monitors VALUES (1, x'01', 1, 'job', 1, 1, '{}', NULL, 0, NULL);
            INSERT INTO environments VALUES (1, 1, 'production', 'error', 0, 0, 0, 0, 0, 0);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2002)
            INSERT INTO incidents (id, guid, environment_id, started_at, starting_check_in, resolved_at)
            SELECT i, randomblob(16), 1, i, x'02', iif(i = 2002, NULL, iif(i = 2001, 4e15, i)) FROM n;
            INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT id, x'02', 0, '' FROM incidents;
            INSERT INTO occurrences (incident_id, check_in, at, reason) SELECT 77, x'02', 0, '' FROM incidents;";
        store.connection.execute_batch(rows).unwrap();
        let count = |store: &SqliteStore| -> u32 {
            let all = "SELECT (SELECT count(*) FROM incidents) + (SELECT count(*) FROM occurrences)";
            store.connection.query_row(all, [], |row| row.get(0)).unwrap()
        };
        let mut sweep =
            Sweep::new(Timestamp::from_microsecond(4_000_000_000_000_000).unwrap(), Retention::default());
        let (mut more, mut left) = (true, count(&store));
        while more {
            store
                .transaction(&mut |records| {
                    more = records.sweep(&mut sweep)?;
                    Ok(())
                })
                .unwrap();
            let now = count(&store);
            assert!(left - now <= 2 * ROWS, "{} at once", left - now);
            left = now;
        }
        let kept: String = store
            .connection
            .query_row(
                "SELECT group_concat(i.id) FROM incidents i JOIN occurrences o ON o.incident_id = i.id",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!((left, kept.as_str()), (4, "2001,2002"));
    }
}
