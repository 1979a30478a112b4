//! Alerts as they are listed, and the next one of each target.

use uuid::Uuid;

use super::parameter::{maybe_micros, text};
use super::reader::PostgresReader;
use crate::alerts::{DRILL, DueAlert};
use crate::store::error::StoreError;
use crate::store::view_rows::{ALERT, DUE_ALERT, alert, due_alert, next_of_each_target, proof};
use crate::store::views::{AlertView, ProofView};

/// The targets for which alerts wait. The recursion steps from target to target by the index, however many alerts each has.
const TARGETS: &str = "t (target) AS (
    SELECT min(target) FROM alerts WHERE next_attempt_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(target) FROM alerts WHERE target > t.target AND next_attempt_at IS NOT NULL)
    FROM t WHERE t.target IS NOT NULL)";

impl PostgresReader {
    /// Rows that cannot be read are passed over, as those in `without` are.
    pub(super) fn alerts_to_send(&self, without: &[i64]) -> Result<Vec<DueAlert>, StoreError> {
        // The comparisons of several columns keep PostgreSQL from reading all alerts by their ids.
        let sql = format!(
            "WITH RECURSIVE {TARGETS}
             SELECT {DUE_ALERT} FROM t CROSS JOIN LATERAL (
                 (SELECT * FROM alerts WHERE (target, refused, id) >= (t.target, FALSE, 0)
                  AND (target, refused) <= (t.target, FALSE)
                  AND next_attempt_at IS NOT NULL AND id <> ALL($1) ORDER BY target, refused, id LIMIT 1)
                 UNION ALL
                 (SELECT * FROM alerts WHERE target = t.target AND refused AND next_attempt_at IS NOT NULL
                  AND id <> ALL($1) ORDER BY next_attempt_at, id LIMIT 1)) a
             ORDER BY a.next_attempt_at, a.id"
        );
        self.read(|session| {
            loop {
                let found = session.query(&sql, &[&self.left_out(without)])?;
                let decoded = self.unreadable().decode_rows("alerts", &found, 0, due_alert)?;
                // A row that was left out is now known to be unreadable, so its target has another next alert.
                if decoded.len() == found.len() {
                    return Ok(next_of_each_target(decoded));
                }
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
        let sql = format!(
            "SELECT {DUE_ALERT} FROM alerts a
             WHERE (a.target, a.refused, a.id) > ($1, $2, $3) AND (a.target, a.refused) <= ($1, $2)
             AND a.next_attempt_at IS NOT NULL AND a.created_at <= $6 AND a.id <> ALL($4)
             ORDER BY a.target, a.refused, a.id LIMIT $5"
        );
        let left_out = self.left_out(without);
        let found = self.read(|session| {
            let (limit, until) = (i64::from(limit), maybe_micros(head.group_until));
            session.query(&sql, &[&text(&head.target), &head.refused, &head.id, &left_out, &limit, &until])
        })?;
        self.unreadable().decode_rows("alerts", &found, 0, due_alert)
    }

    fn left_out(&self, without: &[i64]) -> Vec<i64> {
        let mut ids = self.unreadable().ids("alerts");
        ids.extend(without);
        ids
    }

    pub(super) fn newest_alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError> {
        let sql = format!("SELECT {ALERT} FROM alerts ORDER BY id DESC LIMIT $1");
        let found = self.read(|session| session.query(&sql, &[&i64::from(limit)]))?;
        self.unreadable().decode_rows("alerts", &found, 11, alert)
    }

    pub(super) fn alerts_of_incident(&self, incident: Uuid) -> Result<Vec<AlertView>, StoreError> {
        let sql = format!("SELECT {ALERT} FROM alerts WHERE incident = $1 ORDER BY id");
        let found = self.read(|session| session.query(&sql, &[&incident]))?;
        self.unreadable().decode_rows("alerts", &found, 11, alert)
    }

    pub(super) fn newest_proof(&self) -> Result<Option<ProofView>, StoreError> {
        let sql = "SELECT min(created_at), max(delivered_at) FROM alerts WHERE event = $1 GROUP BY incident
             HAVING count(*) = count(delivered_at) ORDER BY max(delivered_at) DESC LIMIT 1";
        let found = self.read(|session| session.query_first(sql, &[&text(DRILL)]))?;
        Ok(found.map(|row| proof(&row)).transpose()?)
    }
}
