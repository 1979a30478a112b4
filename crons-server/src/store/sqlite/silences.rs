//! Silences, and the incidents about which they keep a message back.

use jiff::Timestamp;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Statement, ToSql, params};
use uuid::Uuid;

use super::bulk;
use super::connection::SqliteTransaction;
use super::load::json;
use super::reader::{SqliteReader, page};
use super::rows::{self, INCIDENT, INCIDENT_COLUMNS, Micros};
use super::unreadable::reason_of;
use super::write::maybe;
use crate::domain::{FollowUpsDue, Silence, Snapshot};
use crate::store::error::StoreError;
use crate::store::loading::Loading;
use crate::store::view_rows::{SILENCE, silence};
use crate::store::views::{Page, PageRequest};

impl SqliteReader {
    /// Silences that end after `since`, the last one made first.
    pub(super) fn silences_after(
        &self,
        since: Timestamp,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<Silence>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {SILENCE} FROM silences WHERE coalesce(ended_at, ends_at) > ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3"
        ))?;
        let found = statement.query_map(params![Micros(since), i64::from(limit) + 1, skip], |row| {
            self.unreadable().decode("silences", row, 8, silence)
        })?;
        page(found, limit)
    }
}

impl SqliteTransaction<'_> {
    /// Loads the silences that bear on a batch. One that cannot be read keeps nothing back.
    pub(super) fn load_silences(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let keys = loading.keys;
        if keys.silences_after.is_none() && keys.silence.is_none() {
            return Ok(());
        }
        let after = Micros(keys.silences_after.unwrap_or(Timestamp::MAX));
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {SILENCE} FROM silences WHERE coalesce(ended_at, ends_at) > ?1
             UNION SELECT {SILENCE} FROM silences WHERE guid = ?2 ORDER BY 9"
        ))?;
        let id = keys.silence.as_ref().map(Uuid::as_bytes);
        let found = statement
            .query_map(params![after, id], |row| self.unreadable.decode("silences", row, 8, silence))?;
        let found = found.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?;
        loading.snapshot.set_silences(found);
        Ok(())
    }

    /// Loads incidents about which a message is kept back: those whose silence has ended, and resolved ones of the environments in which
    /// deadlines are evaluated.
    pub(super) fn load_withheld(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        if !loading.keys.incidents_due.is_empty() {
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {INCIDENT}, i.id, i.environment_id FROM json_each(?1) k CROSS JOIN incidents i ON i.id = k.value"
            ))?;
            self.add_incidents(loading, &mut statement, params![json(&loading.keys.incidents_due)?])?;
        }
        let Some(until) = loading.keys.overdue_until else { return Ok(()) };
        let environments = loading.environments();
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {INCIDENT}, i.id, i.environment_id FROM json_each(?1) k
             CROSS JOIN incidents i ON i.environment_id = k.value AND i.withheld_pending = 1
             WHERE i.withheld_until <= ?2 AND i.resolved_at IS NOT NULL"
        ))?;
        self.add_incidents(loading, &mut statement, params![json(&environments)?, Micros(until)])
    }

    fn add_incidents(
        &self,
        loading: &mut Loading<'_>,
        statement: &mut Statement<'_>,
        keys: &[&dyn ToSql],
    ) -> Result<(), StoreError> {
        let mut incidents = Vec::new();
        let mut found = statement.query(keys)?;
        while let Some(row) = found.next()? {
            match self.unreadable.decode("incidents", row, INCIDENT_COLUMNS, rows::incident) {
                Ok(incident) => incidents.push((
                    row.get::<_, i64>(INCIDENT_COLUMNS)?,
                    row.get::<_, i64>(INCIDENT_COLUMNS + 1)?,
                    incident,
                )),
                Err(error) => drop(reason_of(error)?),
            }
        }
        let environments: Vec<i64> = incidents.iter().map(|(_, environment, _)| *environment).collect();
        self.load_environments(loading, &environments)?;
        for (id, environment, incident) in incidents {
            match loading.snapshot.environment_of_row(environment) {
                Some(environment) => loading.snapshot.add_incident(environment, id, incident),
                // The unreadable incident is hidden, as it would be on each page of due rows.
                None => self.unreadable.hide("incidents", id),
            }
        }
        Ok(())
    }

    /// Row ids of incidents about which a message was kept back until `tick`, the earliest end first.
    pub(super) fn due_withheld(&self, tick: Timestamp, limit: usize) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT i.id FROM incidents i JOIN environments e ON e.id = i.environment_id
             WHERE i.withheld_pending = 1 AND i.withheld_until <= ?1 AND e.monitor_id > ?2 ORDER BY i.withheld_until, i.id",
        )?;
        self.page_of_incidents(&mut statement, tick, limit)
    }

    pub(super) fn write_silences(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let changed = snapshot.changed_silences.iter().map(|silence| Ok((silence, json(&silence.matchers)?)));
        let changed = changed.collect::<Result<Vec<_>, StoreError>>()?;
        let rows: Vec<[ToSqlOutput<'_>; 8]> = changed
            .iter()
            .map(|(silence, matchers)| {
                [
                    silence.id.as_bytes().as_slice().into(),
                    matchers.as_str().into(),
                    Micros(silence.starts_at).into(),
                    Micros(silence.ends_at).into(),
                    silence.by.as_str().into(),
                    silence.why.as_str().into(),
                    Micros(silence.created_at).into(),
                    maybe(silence.ended_at.map(Micros)),
                ]
            })
            .collect();
        bulk::insert(
            &self.transaction,
            "silences (guid, matchers, starts_at, ends_at, author, why, created_at, ended_at)",
            "ON CONFLICT (guid) DO UPDATE SET ended_at = excluded.ended_at",
            &rows,
        )?;
        if let Some(due) = snapshot.withheld_due {
            self.transaction
                .prepare_cached(
                    "UPDATE incidents SET withheld_until = ?1 WHERE withheld_pending = 1 AND withheld_until > ?1",
                )?
                .execute([Micros(due)])?;
        }
        match snapshot.follow_ups_due {
            None => {}
            Some(FollowUpsDue { at, instead_of: Some(planned) }) => {
                self.transaction
                    .prepare_cached("UPDATE incidents SET follow_up_due = ?1 WHERE follow_up_due = ?2")?
                    .execute([Micros(at), Micros(planned)])?;
            }
            Some(FollowUpsDue { at, instead_of: None }) => {
                self.transaction
                    .prepare_cached(
                        "UPDATE incidents SET follow_up_due = follow_ups_until
                         WHERE resolved_at IS NULL AND notified_at IS NOT NULL AND (follow_up_due IS NULL OR follow_up_due > ?1)",
                    )?
                    .execute([Micros(at)])?;
            }
        }
        Ok(())
    }
}
