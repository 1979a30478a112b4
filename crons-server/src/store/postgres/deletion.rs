//! Deletion of monitors and environments: they are hidden at once, by the monitor with the row id [`DELETED`], and their rows are deleted in
//! steps. So the deletion of a million runs delays no check-in, and a server that is stopped meanwhile goes on when it is back.

use super::connection::PostgresTransaction;
use super::deleted::DELETED;
use super::parameter::{micros, text, texts};
use super::reader::monitor_id;
use super::rows;
use crate::domain::{Deletion, PROJECT, Rename};
use crate::store::error::StoreError;
use crate::store::limits::{DELETED_ANSWER, HOUR};

/// Rows that are deleted in one transaction, at most.
const ROWS: i64 = 100;

impl PostgresTransaction<'_> {
    /// Deletes a monitor, be it readable or not, or environments of it: they are not there any more, and what is stored of them is for
    /// [`purge_some`](Self::purge_some) to delete.
    pub(super) fn delete(&self, Deletion { slug, environments, at }: &Deletion) -> Result<(), StoreError> {
        let session = self.session()?;
        let Some(id) = monitor_id(session, slug)? else { return Ok(()) };
        let sql = "SELECT id FROM environments
                   WHERE monitor_id = $1 AND (cardinality($2) = 0 OR name = ANY($2)) ORDER BY id FOR UPDATE";
        let found = session.query(sql, &[&id, &texts(environments)])?;
        let hidden: Vec<i64> = found.iter().map(|row| rows::get(row, 0)).collect::<Result<_, _>>()?;
        // Alerts about their open incidents are not sent any more.
        session.execute(
            "UPDATE alerts SET next_attempt_at = NULL, given_up_at = $2, last_answer = $3
             WHERE next_attempt_at IS NOT NULL AND incident IN
             (SELECT guid FROM incidents WHERE environment_id = ANY($1) AND resolved_at IS NULL)",
            &[&hidden, &micros(*at), &text(DELETED_ANSWER)],
        )?;
        session.execute(
            "UPDATE environments SET monitor_id = $2, name = id::text, next_check_in = NULL, next_check_in_latest = NULL
             WHERE id = ANY($1)",
            &[&hidden, &DELETED],
        )?;
        if !environments.is_empty() {
            return Ok(());
        }
        let project = PROJECT.cast_signed();
        session.execute("DELETE FROM refused WHERE project = $1 AND monitor_id = $2", &[&project, &id])?;
        session.execute("DELETE FROM monitors WHERE id = $1", &[&id])?;
        // The usage of this hour is released at once: a monitor of the same name may add to it from now on.
        let hour = at.as_second().div_euclid(HOUR) * HOUR;
        self.release_usage(slug, hour, i64::MAX)?;
        session.execute(
            "INSERT INTO deleted_usage (slug, hour) VALUES ($1, $2) ON CONFLICT (slug) DO UPDATE SET hour = excluded.hour",
            &[&text(slug), &hour],
        )?;
        Ok(())
    }

    /// Deletes some of the rows of deleted monitors and environments. Returns whether there are more.
    pub(super) fn purge_some(&self) -> Result<bool, StoreError> {
        let session = self.session()?;
        // The ids are found first, as an array: so their rows are looked up by key, however many others there are.
        let runs = session.execute(
            "DELETE FROM check_ins WHERE id = ANY(ARRAY(SELECT c.id FROM environments e
             JOIN check_ins c ON c.environment_id = e.id WHERE e.monitor_id = $1 LIMIT $2))",
            &[&DELETED, &ROWS],
        )?;
        if runs > 0 || self.purge_incidents()? {
            return Ok(true);
        }
        let environments = session.execute(
            "DELETE FROM environments WHERE id = ANY(ARRAY(SELECT id FROM environments WHERE monitor_id = $1 LIMIT $2))",
            &[&DELETED, &ROWS],
        )?;
        Ok(environments > 0 || self.purge_usage()?)
    }

    /// Deletes runs of deleted environments, so that their ids can be used again.
    pub(super) fn forget_runs(&self, ids: &[i64]) -> Result<(), StoreError> {
        if !ids.is_empty() {
            self.session()?.execute("DELETE FROM check_ins WHERE id = ANY($1)", &[&ids])?;
        }
        Ok(())
    }

    /// Deletes some incidents of deleted environments, each after its occurrences. Returns whether there were any.
    fn purge_incidents(&self) -> Result<bool, StoreError> {
        let session = self.session()?;
        let sql = "SELECT i.id FROM environments e JOIN incidents i ON i.environment_id = e.id WHERE e.monitor_id = $1
                   LIMIT $2";
        let found = session.query(sql, &[&DELETED, &ROWS])?;
        let incidents: Vec<i64> = found.iter().map(|row| rows::get(row, 0)).collect::<Result<_, _>>()?;
        if incidents.is_empty() {
            return Ok(false);
        }
        let occurrences = session.execute(
            "DELETE FROM occurrences WHERE id = ANY(ARRAY(SELECT id FROM occurrences WHERE incident_id = ANY($1) LIMIT $2))",
            &[&incidents, &ROWS],
        )?;
        // Otherwise there may be more occurrences, and the incidents are for the next step.
        if occurrences < ROWS.unsigned_abs() {
            session.execute("DELETE FROM incidents WHERE id = ANY($1)", &[&incidents])?;
        }
        Ok(true)
    }

    /// Adds usage of deleted monitors to that of none. Returns whether there is more.
    fn purge_usage(&self) -> Result<bool, StoreError> {
        let session = self.session()?;
        let next = session.query_first("SELECT slug, hour FROM deleted_usage LIMIT 1", &[])?;
        let Some(next) = next else { return Ok(false) };
        let (slug, hour): (String, i64) = (rows::get(&next, 0)?, rows::get(&next, 1)?);
        // The last of the first few hours: about as many rows as are to be written at once.
        let sql =
            "SELECT max(hour) FROM (SELECT hour FROM usage WHERE project = $1 AND slug = $2 AND hour < $3
                   ORDER BY hour LIMIT $4) AS first";
        let until = session.query_first(sql, &[&PROJECT.cast_signed(), &text(&slug), &hour, &ROWS])?;
        match until.map(|row| rows::maybe(&row, 0)).transpose()?.flatten() {
            Some(until) => self.release_usage(&slug, i64::MIN, until)?,
            None => self.forget_deleted_usage(&slug)?,
        }
        Ok(true)
    }

    fn forget_deleted_usage(&self, slug: &str) -> Result<(), StoreError> {
        self.session()?.execute("DELETE FROM deleted_usage WHERE slug = $1", &[&text(slug)])?;
        Ok(())
    }

    /// Gives the usage of a monitor to its new slug, after what is left of deleted monitors of both slugs was added to that of none.
    pub(super) fn rename_usage(&self, Rename { from, to }: &Rename) -> Result<(), StoreError> {
        let session = self.session()?;
        let project = PROJECT.cast_signed();
        for slug in [from.as_str(), to.as_str()] {
            let sql = "SELECT hour FROM deleted_usage WHERE slug = $1";
            let Some(row) = session.query_first(sql, &[&text(slug)])? else { continue };
            let hour: i64 = rows::get(&row, 0)?;
            self.release_usage(slug, i64::MIN, hour - 1)?;
            self.forget_deleted_usage(slug)?;
        }
        session.execute(
            "INSERT INTO usage (project, slug, hour, outcome, reason, count)
             SELECT project, $3, hour, outcome, reason, count FROM usage WHERE project = $1 AND slug = $2
             ON CONFLICT (project, slug, hour, outcome, reason) DO UPDATE SET count = usage.count + excluded.count",
            &[&project, &text(from.as_str()), &text(to.as_str())],
        )?;
        session.execute(
            "DELETE FROM usage WHERE project = $1 AND slug = $2",
            &[&project, &text(from.as_str())],
        )?;
        Ok(())
    }

    /// Adds the usage of these hours, both included, to that of no monitor.
    fn release_usage(&self, slug: &str, from: i64, until: i64) -> Result<(), StoreError> {
        self.session()?.execute(
            "WITH released AS (
                 DELETE FROM usage WHERE project = $1 AND slug = $2 AND hour BETWEEN $3 AND $4
                 RETURNING project, hour, outcome, reason, count)
             INSERT INTO usage (project, slug, hour, outcome, reason, count)
             SELECT project, '', hour, outcome, reason, count FROM released
             ON CONFLICT (project, slug, hour, outcome, reason) DO UPDATE SET count = usage.count + excluded.count",
            &[&PROJECT.cast_signed(), &text(slug), &from, &until],
        )?;
        Ok(())
    }
}
