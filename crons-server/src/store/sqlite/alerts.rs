//! Alerts as they are listed, and the next one of each target.

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::reader::SqliteReader;
use super::rows::{self, Micros};
use super::unreadable::is_unreadable;
use super::write::maybe;
use crate::alerts::{DRILL, DueAlert};
use crate::store::error::StoreError;
use crate::store::view_rows::{ALERT, DUE_ALERT, alert, due_alert, next_of_each_target, proof};
use crate::store::views::{AlertView, ProofView};

impl SqliteReader {
    /// Rows that cannot be read are passed over, as those in `without` are.
    pub(super) fn alerts_to_send(&self, without: &[i64]) -> Result<Vec<DueAlert>, StoreError> {
        self.read(|connection| {
            // The recursion steps from target to target by the index, however many alerts each has.
            let mut statement = connection.prepare_cached(&format!(
                "WITH RECURSIVE t (target) AS (
                     SELECT min(target) FROM alerts WHERE next_attempt_at IS NOT NULL
                     UNION ALL
                     SELECT (SELECT min(target) FROM alerts WHERE target > t.target AND next_attempt_at IS NOT NULL)
                     FROM t WHERE t.target IS NOT NULL),
                     left_out (id) AS MATERIALIZED (SELECT value FROM json_each(?1))
                 SELECT {DUE_ALERT}
                 FROM t JOIN alerts a ON a.id IN (
                     (SELECT min(id) FROM alerts
                      WHERE target = t.target AND refused = 0 AND next_attempt_at IS NOT NULL AND id NOT IN left_out),
                     (SELECT id FROM alerts WHERE target = t.target AND refused = 1 AND next_attempt_at IS NOT NULL
                      AND id NOT IN left_out
                      ORDER BY next_attempt_at, id LIMIT 1))
                 ORDER BY a.next_attempt_at, a.id",
            ))?;
            loop {
                let found = statement
                    .query_map([self.unreadable().ids_in_json("alerts", without)], |row| {
                        self.unreadable().decode("alerts", row, 0, due_alert)
                    })?
                    .collect::<Vec<_>>();
                if found.iter().any(|row| row.as_ref().is_err_and(is_unreadable)) {
                    // The row is now known to be unreadable, so its target has another next alert.
                    continue;
                }
                return Ok(next_of_each_target(found.into_iter().collect::<Result<_, _>>()?));
            }
        })
    }

    /// Rows that cannot be read are passed over, as those in `without` are.
    pub(super) fn alerts_to_send_behind(
        &self,
        head: &DueAlert,
        without: &[i64],
        limit: u32,
    ) -> Result<Vec<DueAlert>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {DUE_ALERT} FROM alerts a
                 WHERE a.target = ?1 AND a.refused = ?2 AND a.id > ?3 AND a.next_attempt_at IS NOT NULL AND a.created_at <= ?6
                 AND a.id NOT IN (SELECT value FROM json_each(?4)) ORDER BY a.id LIMIT ?5"
            ))?;
            let left_out = self.unreadable().ids_in_json("alerts", without);
            let until = maybe(head.group_until.map(Micros));
            let keys = params![head.target, head.refused, head.id, left_out, limit, until];
            let found = statement.query_map(keys, |row| self.unreadable().decode("alerts", row, 0, due_alert))?;
            Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn newest_alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {ALERT} FROM alerts ORDER BY id DESC LIMIT ?1"))?;
            let found =
                statement.query_map([limit], |row| self.unreadable().decode("alerts", row, 11, alert))?;
            Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn alerts_of_incident(&self, incident: Uuid) -> Result<Vec<AlertView>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {ALERT} FROM alerts WHERE incident = ?1 ORDER BY id"))?;
            let found = statement.query_map([incident.as_bytes().as_slice()], |row| {
                self.unreadable().decode("alerts", row, 11, alert)
            })?;
            Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn newest_proof(&self) -> Result<Option<ProofView>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT min(created_at), max(delivered_at) FROM alerts WHERE event = ?1 GROUP BY incident
                 HAVING count(*) = count(delivered_at) ORDER BY max(delivered_at) DESC LIMIT 1",
            )?;
            Ok(statement.query_row([DRILL], |row| proof(row)).optional()?)
        })
    }
}
