//! Alerts as they are listed, and the next one of each target.

use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use super::reader::SqliteReader;
use super::rows::{self, Micros};
use super::unreadable::is_unreadable;
use super::write::maybe;
use crate::alerts::{DRILL, DueAlert};
use crate::store::error::StoreError;
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
                 SELECT {COLUMNS}
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
                        self.unreadable().decode("alerts", row, 0, due)
                    })?
                    .collect::<Vec<_>>();
                if found.iter().any(|row| row.as_ref().is_err_and(is_unreadable)) {
                    // The row is now known to be unreadable, so its target has another next alert.
                    continue;
                }
                let mut next: Vec<DueAlert> = Vec::new();
                for alert in found {
                    let alert = alert?;
                    match next.iter_mut().find(|other| other.target == alert.target) {
                        None => next.push(alert),
                        Some(other) if alert.attempts > 0 && !alert.refused => *other = alert,
                        Some(_) => {}
                    }
                }
                next.sort_by_key(|alert| (alert.next_attempt_at, alert.id));
                return Ok(next);
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
                "SELECT {COLUMNS} FROM alerts a
                 WHERE a.target = ?1 AND a.refused = ?2 AND a.id > ?3 AND a.next_attempt_at IS NOT NULL AND a.created_at <= ?6
                 AND a.id NOT IN (SELECT value FROM json_each(?4)) ORDER BY a.id LIMIT ?5"
            ))?;
            let left_out = self.unreadable().ids_in_json("alerts", without);
            let until = maybe(head.group_until.map(Micros));
            let keys = params![head.target, head.refused, head.id, left_out, limit, until];
            let found = statement.query_map(keys, |row| self.unreadable().decode("alerts", row, 0, due))?;
            Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
        })
    }

    pub(super) fn newest_alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, target, event, incident, check_in, created_at, attempts, next_attempt_at, delivered_at,
                 given_up_at, last_answer, id FROM alerts ORDER BY id DESC LIMIT ?1",
            )?;
            let found = statement
                .query_map([limit], |row| self.unreadable().decode("alerts", row, 11, view))?;
            Ok(found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?)
        })
    }
}

impl SqliteReader {
    pub(super) fn alerts_of_incident(&self, incident: Uuid) -> Result<Vec<AlertView>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, target, event, incident, check_in, created_at, attempts, next_attempt_at, delivered_at,
                 given_up_at, last_answer, id FROM alerts WHERE incident = ?1 ORDER BY id",
            )?;
            let found = statement.query_map([incident.as_bytes().as_slice()], |row| {
                self.unreadable().decode("alerts", row, 11, view)
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
            let proof = |row: &Row<'_>| {
                let (began, at) = (rows::get(row, 0)?, rows::get(row, 1)?);
                Ok(ProofView { at, took: at.duration_since(began) })
            };
            Ok(statement.query_row([DRILL], proof).optional()?)
        })
    }
}

/// Columns of a [`DueAlert`] named `a`.
const COLUMNS: &str = "a.id, a.key, a.target, a.body, a.created_at, a.attempts, a.next_attempt_at, a.group_until, a.refused, a.event";

fn due(row: &Row<'_>) -> rusqlite::Result<DueAlert> {
    Ok(DueAlert {
        id: row.get(0)?,
        key: rows::get(row, 1)?,
        target: row.get(2)?,
        body: row.get(3)?,
        created_at: rows::get(row, 4)?,
        attempts: row.get(5)?,
        next_attempt_at: rows::get(row, 6)?,
        group_until: rows::maybe(row, 7)?,
        refused: row.get(8)?,
        is_drill: row.get::<_, String>(9)? == DRILL,
    })
}

fn view(row: &Row<'_>) -> rusqlite::Result<AlertView> {
    Ok(AlertView {
        id: rows::get(row, 0)?,
        target: row.get(1)?,
        event: row.get(2)?,
        incident: rows::get(row, 3)?,
        check_in: rows::get(row, 4)?,
        created: rows::get(row, 5)?,
        attempts: row.get(6)?,
        next_attempt: rows::maybe(row, 7)?,
        delivered: rows::maybe(row, 8)?,
        expired: rows::maybe(row, 9)?,
        last_answer: row.get(10)?,
    })
}
