//! Deletion of monitors and environments: they are hidden at once, and their rows are deleted in steps.
//!
//! A deleted environment is moved to the monitor with the row id [`DELETED`], which no query shows and no deadline looks at. So the
//! deletion of a million runs delays no check-in, and a server that is stopped meanwhile goes on when it is back.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::connection::SqliteTransaction;
use super::reader::{SqliteReader, monitor_id};
use super::rows::Micros;
use crate::domain::{Deletion, Rename};
use crate::store::error::StoreError;
use crate::store::limits::{DELETED_ANSWER, HOUR};

/// The row id of the monitor of deleted environments; all others are larger.
pub(super) const DELETED: i64 = 0;
/// Rows that are deleted in one transaction, at most.
const ROWS: u32 = 100;

impl SqliteReader {
    pub(super) fn has_rows_to_purge(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM environments WHERE monitor_id = ?1)
                   OR EXISTS (SELECT 1 FROM deleted_usage)";
        Ok(self.connection().query_row(sql, [DELETED], |row| row.get(0))?)
    }
}

impl SqliteTransaction<'_> {
    /// Deletes a monitor, be it readable or not, or environments of it: they are not there any more, and what is stored of them is for
    /// [`purge_some`](Self::purge_some) to delete.
    pub(super) fn delete(&self, deletion: &Deletion) -> Result<(), StoreError> {
        let Deletion { slug, environments, at } = deletion;
        let project = crate::PROJECT.cast_signed();
        let Some(id) = monitor_id(&self.transaction, slug)? else { return Ok(()) };
        let names = serde_json::to_string(environments).map_err(StoreError::unavailable)?;
        let hidden: Vec<i64> = self
            .transaction
            .prepare_cached(
                "SELECT id FROM environments WHERE monitor_id = ?1
                 AND (json_array_length(?2) = 0 OR name IN (SELECT value FROM json_each(?2)))",
            )?
            .query_map(params![id, names], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for environment in hidden {
            self.hide_environment(environment, *at)?;
        }
        if !environments.is_empty() {
            return Ok(());
        }
        self.transaction
            .prepare_cached("DELETE FROM refused WHERE project = ?1 AND monitor_id = ?2")?
            .execute(params![project, id])?;
        self.transaction.prepare_cached("DELETE FROM monitors WHERE id = ?1")?.execute([id])?;
        // The usage of this hour is released at once: a monitor of the same name may add to it from now on.
        let hour = at.as_second().div_euclid(HOUR) * HOUR;
        self.release_usage(slug, hour, i64::MAX)?;
        self.transaction
            .prepare_cached(
                "INSERT INTO deleted_usage (slug, hour) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET hour = excluded.hour",
            )?
            .execute(params![slug, hour])?;
        Ok(())
    }

    /// Deletes some of the rows of deleted monitors and environments. Returns whether there are more.
    pub(super) fn purge_some(&self) -> Result<bool, StoreError> {
        let runs = self
            .transaction
            .prepare_cached(
                "DELETE FROM check_ins WHERE id IN (SELECT c.id FROM environments e
                 JOIN check_ins c ON c.environment_id = e.id WHERE e.monitor_id = ?1 LIMIT ?2)",
            )?
            .execute(params![DELETED, ROWS])?;
        if runs > 0 || self.purge_incidents()? {
            return Ok(true);
        }
        let environments = self
            .transaction
            .prepare_cached(
                "DELETE FROM environments WHERE id IN (SELECT id FROM environments WHERE monitor_id = ?1 LIMIT ?2)",
            )?
            .execute(params![DELETED, ROWS])?;
        Ok(environments > 0 || self.purge_usage()?)
    }

    /// Deletes a run of a deleted environment, so that its id can be used again.
    pub(super) fn forget_run(&self, id: i64) -> Result<(), StoreError> {
        self.transaction.prepare_cached("DELETE FROM check_ins WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Takes an environment away from its monitor. Alerts about its open incident are not sent any more.
    fn hide_environment(&self, id: i64, now: Timestamp) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE alerts SET next_attempt_at = NULL, given_up_at = ?2, last_answer = ?3
                 WHERE next_attempt_at IS NOT NULL AND incident IN
                 (SELECT guid FROM incidents WHERE environment_id = ?1 AND resolved_at IS NULL)",
            )?
            .execute(params![id, Micros(now), DELETED_ANSWER])?;
        self.transaction
            .prepare_cached(
                "UPDATE environments SET monitor_id = ?2, name = CAST(id AS TEXT), next_check_in = NULL,
                 next_check_in_latest = NULL WHERE id = ?1",
            )?
            .execute([id, DELETED])?;
        Ok(())
    }

    /// Deletes some incidents of deleted environments. Returns whether there were any.
    fn purge_incidents(&self) -> Result<bool, StoreError> {
        let incidents: Vec<i64> = self
            .transaction
            .prepare_cached(
                "SELECT i.id FROM environments e JOIN incidents i ON i.environment_id = e.id WHERE e.monitor_id = ?1
                 LIMIT ?2",
            )?
            .query_map(params![DELETED, ROWS], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut rows = 0;
        for id in &incidents {
            rows += self.delete_incident(*id, ROWS)? + 1;
            if rows >= ROWS as usize {
                break;
            }
        }
        Ok(!incidents.is_empty())
    }

    /// Deletes an incident with its occurrences, and returns how many; if these are as many as `most`, the incident is left,
    /// as there may be more.
    fn delete_incident(&self, id: i64, most: u32) -> Result<usize, StoreError> {
        let told = self
            .transaction
            .prepare_cached(
                "DELETE FROM occurrences WHERE id IN (SELECT id FROM occurrences WHERE incident_id = ?1 LIMIT ?2)",
            )?
            .execute(params![id, most])?;
        if told < most as usize {
            self.transaction.prepare_cached("DELETE FROM incidents WHERE id = ?1")?.execute([id])?;
        }
        Ok(told)
    }

    /// Adds usage of deleted monitors to that of none. Returns whether there is more.
    fn purge_usage(&self) -> Result<bool, StoreError> {
        let next = self
            .transaction
            .prepare_cached("SELECT slug, hour FROM deleted_usage LIMIT 1")?
            .query_row([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((slug, hour)) = next else { return Ok(false) };
        // The last of the first few hours: about as many rows as are to be written at once.
        let until: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT max(hour) FROM (SELECT hour FROM usage WHERE project = ?1 AND slug = ?2 AND hour < ?3
                 ORDER BY hour LIMIT ?4)",
            )?
            .query_row(params![crate::PROJECT.cast_signed(), slug, hour, ROWS], |row| row.get(0))?;
        match until {
            Some(until) => self.release_usage(&slug, i64::MIN, until)?,
            None => {
                self.transaction
                    .prepare_cached("DELETE FROM deleted_usage WHERE slug = ?1")?
                    .execute([&slug])?;
            }
        }
        Ok(true)
    }

    /// Gives the usage of a monitor to its new slug, after what is left of deleted monitors of both slugs was added to that of none.
    pub(super) fn rename_usage(&self, Rename { from, to }: &Rename) -> Result<(), StoreError> {
        let project = crate::PROJECT.cast_signed();
        for slug in [from, to] {
            let hour: Option<i64> = self
                .transaction
                .prepare_cached("SELECT hour FROM deleted_usage WHERE slug = ?1")?
                .query_row([slug.as_str()], |row| row.get(0))
                .optional()?;
            if let Some(hour) = hour {
                self.release_usage(slug.as_str(), i64::MIN, hour - 1)?;
                self.transaction
                    .prepare_cached("DELETE FROM deleted_usage WHERE slug = ?1")?
                    .execute([slug.as_str()])?;
            }
        }
        let key = params![project, from.as_str(), to.as_str()];
        self.transaction
            .prepare_cached(
                "INSERT INTO usage (project, slug, hour, outcome, reason, count)
                 SELECT project, ?3, hour, outcome, reason, count FROM usage WHERE project = ?1 AND slug = ?2
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(key)?;
        self.transaction
            .prepare_cached("DELETE FROM usage WHERE project = ?1 AND slug = ?2")?
            .execute(params![project, from.as_str()])?;
        Ok(())
    }

    /// Adds the usage of these hours, both included, to that of no monitor.
    fn release_usage(&self, slug: &str, from: i64, until: i64) -> Result<(), StoreError> {
        let key = params![crate::PROJECT.cast_signed(), slug, from, until];
        self.transaction
            .prepare_cached(
                "INSERT INTO usage (project, slug, hour, outcome, reason, count)
                 SELECT project, '', hour, outcome, reason, count FROM usage
                 WHERE project = ?1 AND slug = ?2 AND hour BETWEEN ?3 AND ?4
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(key)?;
        self.transaction
            .prepare_cached("DELETE FROM usage WHERE project = ?1 AND slug = ?2 AND hour BETWEEN ?3 AND ?4")?
            .execute(key)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
