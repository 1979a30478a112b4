//! Deletion of monitors and environments: at once out of sight, then bit by bit off the disk.
//!
//! A deleted environment is moved to the monitor with the row id [`DELETED`], which no query shows and no deadline looks at.
//! So deleting a million runs holds nobody up, and a server that is stopped meanwhile goes on when it is back.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::cache::Walk;
use super::connection::SqliteRecords;
use super::reader::SqliteReader;
use super::rows::Micros;
use crate::domain::Monitor;
use crate::store::error::StoreError;

/// The row id of the monitor of deleted environments; all others are larger.
pub(super) const DELETED: i64 = 0;
/// Rows that are deleted in one transaction, at most.
const ROWS: u32 = 100;
/// Incidents that are looked at in one transaction.
const INCIDENTS: u32 = 1_000;
/// Seconds.
const HOUR: i64 = 3_600;
/// The answer that is shown of a message that is not sent any more.
const ANSWER: &str = "not sent: its monitor or environment was deleted";

impl SqliteReader {
    pub(super) fn has_rows_to_purge(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM environments WHERE monitor_id = ?1)
                   OR EXISTS (SELECT 1 FROM deleted_usage)";
        Ok(self.connection().query_row(sql, [DELETED], |row| row.get(0))?)
    }
}

impl SqliteRecords<'_> {
    pub(super) fn drop_monitor(&mut self, slug: &str, now: Timestamp) -> Result<(), StoreError> {
        let project = crate::PROJECT.cast_signed();
        let id = self
            .0
            .prepare_cached("SELECT id FROM monitors WHERE project = ?1 AND slug = ?2")?
            .query_row(params![project, slug], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(()) };
        let environments = self.ids("SELECT id FROM environments WHERE monitor_id = ?1", id)?;
        for environment in environments {
            self.hide_environment(environment, now)?;
        }
        self.0
            .prepare_cached("DELETE FROM refused WHERE project = ?1 AND monitor_id = ?2")?
            .execute(params![project, id])?;
        self.0.prepare_cached("DELETE FROM monitors WHERE id = ?1")?.execute([id])?;
        // Usage of this hour is released at once: a monitor of the same name may add to it from now on.
        let hour = now.as_second().div_euclid(HOUR) * HOUR;
        self.release_usage(slug, hour, i64::MAX)?;
        self.0
            .prepare_cached(
                "INSERT INTO deleted_usage (slug, hour) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET hour = excluded.hour",
            )?
            .execute(params![slug, hour])?;
        self.1.clear();
        Ok(())
    }

    pub(super) fn drop_environments(
        &mut self,
        monitor: &Monitor,
        names: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(id) = self.monitor_id(monitor)? else { return Ok(()) };
        for name in names {
            let environment = self
                .0
                .prepare_cached("SELECT id FROM environments WHERE monitor_id = ?1 AND name = ?2")?
                .query_row(params![id, name], |row| row.get(0))
                .optional()?;
            if let Some(environment) = environment {
                self.hide_environment(environment, now)?;
            }
        }
        self.1.clear();
        Ok(())
    }

    /// Deletes some of what is out of sight. Whether there is more.
    pub(super) fn purge_some(&mut self) -> Result<bool, StoreError> {
        let runs = self
            .0
            .prepare_cached(
                "DELETE FROM check_ins WHERE id IN (SELECT c.id FROM environments e
                 JOIN check_ins c ON c.environment_id = e.id WHERE e.monitor_id = ?1 LIMIT ?2)",
            )?
            .execute(params![DELETED, ROWS])?;
        if runs > 0 || self.purge_incidents()? {
            return Ok(true);
        }
        self.purge_usage()
    }

    /// A run of a deleted environment whose id is used again. Else the id could not be.
    pub(super) fn forget_run(&self, id: i64) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM check_ins WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    fn monitor_id(&self, monitor: &Monitor) -> Result<Option<i64>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT id FROM monitors WHERE guid = ?1")?;
        Ok(statement.query_row([monitor.guid.as_bytes()], |row| row.get(0)).optional()?)
    }

    fn ids(&self, sql: &str, key: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let ids = statement.query_map([key], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Takes it away from its monitor. Of its open incident nobody is told any more.
    fn hide_environment(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE alerts SET next_attempt_at = NULL, given_up_at = ?2, last_answer = ?3
                 WHERE next_attempt_at IS NOT NULL AND incident IN
                 (SELECT guid FROM incidents WHERE environment_id = ?1 AND resolved_at IS NULL)",
            )?
            .execute(params![id, Micros(now), ANSWER])?;
        self.0
            .prepare_cached(
                "UPDATE environments SET monitor_id = ?2, name = CAST(id AS TEXT), next_check_in = NULL,
                 next_check_in_latest = NULL WHERE id = ?1",
            )?
            .execute([id, DELETED])?;
        Ok(())
    }

    /// Goes on with the walk, and deletes the environments when it is over. Whether there is more.
    fn purge_incidents(&mut self) -> Result<bool, StoreError> {
        let mut walk = match self.1.walk.take() {
            Some(walk) => walk,
            None => Walk {
                environments: self.ids("SELECT id FROM environments WHERE monitor_id = ?1", DELETED)?,
                after: 0,
            },
        };
        if walk.environments.is_empty() {
            return Ok(false);
        }
        let looked_at: Vec<(i64, bool)> = self
            .0
            .prepare_cached(
                "SELECT i.id, e.monitor_id = ?2 FROM
                 (SELECT id, environment_id FROM incidents WHERE id > ?1 ORDER BY id LIMIT ?3) i
                 JOIN environments e ON e.id = i.environment_id ORDER BY i.id",
            )?
            .query_map(params![walk.after, DELETED, INCIDENTS], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let over = looked_at.is_empty();
        let mut rows = 0;
        for (id, deleted) in looked_at {
            if deleted {
                let told = self.delete_incident(id, ROWS)?;
                rows += told + 1;
                if told >= ROWS as usize {
                    break;
                }
            }
            walk.after = id;
            if rows >= ROWS as usize {
                break;
            }
        }
        if over {
            let some = walk.environments.len().saturating_sub(ROWS as usize);
            for id in walk.environments.split_off(some) {
                self.0.prepare_cached("DELETE FROM environments WHERE id = ?1")?.execute([id])?;
            }
        }
        self.1.walk = Some(walk).filter(|walk| !walk.environments.is_empty());
        Ok(true)
    }

    /// Deletes an incident with its occurrences, and returns how many; if these are as many as `most`, the incident is left,
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

    /// Adds usage of deleted monitors to that of none. Whether there is more.
    fn purge_usage(&self) -> Result<bool, StoreError> {
        let next = self
            .0
            .prepare_cached("SELECT slug, hour FROM deleted_usage LIMIT 1")?
            .query_row([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((slug, hour)) = next else { return Ok(false) };
        // The last of the first few hours: about as many rows as are to be written at once.
        let until: Option<i64> = self
            .0
            .prepare_cached(
                "SELECT max(hour) FROM (SELECT hour FROM usage WHERE project = ?1 AND slug = ?2 AND hour < ?3
                 ORDER BY hour LIMIT ?4)",
            )?
            .query_row(params![crate::PROJECT.cast_signed(), slug, hour, ROWS], |row| row.get(0))?;
        match until {
            Some(until) => self.release_usage(&slug, i64::MIN, until)?,
            None => {
                self.0.prepare_cached("DELETE FROM deleted_usage WHERE slug = ?1")?.execute([&slug])?;
            }
        }
        Ok(true)
    }

    /// Adds the usage of these hours, both included, to that of no monitor.
    fn release_usage(&self, slug: &str, from: i64, until: i64) -> Result<(), StoreError> {
        let key = params![crate::PROJECT.cast_signed(), slug, from, until];
        self.0
            .prepare_cached(
                "INSERT INTO usage (project, slug, hour, outcome, reason, count)
                 SELECT project, '', hour, outcome, reason, count FROM usage
                 WHERE project = ?1 AND slug = ?2 AND hour BETWEEN ?3 AND ?4
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(key)?;
        self.0
            .prepare_cached("DELETE FROM usage WHERE project = ?1 AND slug = ?2 AND hour BETWEEN ?3 AND ?4")?
            .execute(key)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
