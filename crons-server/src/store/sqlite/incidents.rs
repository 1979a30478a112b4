//! Lists of incidents, and one incident with its occurrences.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use super::deletion::DELETED;
use super::reader::{SqliteReader, page};
use super::rows::{self, INCIDENT, INCIDENT_COLUMNS, Micros};
use super::unreadable::UnreadableRows;
use crate::store::error::StoreError;
use crate::store::views::{IncidentDetail, IncidentFilter, IncidentView, Page, PageRequest};

impl SqliteReader {
    pub(super) fn incidents_of(
        &self,
        filter: IncidentFilter<'_>,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<IncidentView>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {INCIDENT}, m.guid, m.slug, e.name, i.id, e.id FROM incidents i
             JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id
             WHERE m.id > {DELETED} AND (?1 IS NULL OR m.slug = ?1) AND (?2 IS NULL OR e.name = ?2)
             AND (?3 IS NULL OR ?3 = (i.resolved_at IS NOT NULL)) AND i.started_at < ?4
             ORDER BY i.started_at DESC, i.id DESC LIMIT ?5 OFFSET ?6"
        ))?;
        let before = Micros(filter.before.unwrap_or(Timestamp::MAX));
        let one_more = i64::from(limit) + 1;
        let key = params![filter.monitor_slug, filter.environment, filter.resolved, before, one_more, skip];
        page(statement.query_map(key, |row| view(row, self.unreadable()))?, limit)
    }

    pub(super) fn incident_detail(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {INCIDENT}, m.guid, m.slug, e.name, i.id, e.id FROM incidents i
                 JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id
                 WHERE i.guid = ?1 AND m.id > {DELETED}"
            ))?;
            let found = statement.query_row([id.as_bytes()], |row| view(row, self.unreadable()));
            let Some(view) = found.optional()? else { return Ok(None) };
            let mut statement = connection.prepare_cached(
                "SELECT check_in, at, reason, id FROM occurrences
                 WHERE incident_id = (SELECT id FROM incidents WHERE guid = ?1) ORDER BY id",
            )?;
            let occurrences = statement.query_map([id.as_bytes()], |row| {
                self.unreadable().decode("occurrences", row, 3, |row| rows::occurrence(row, 0))
            })?;
            let occurrences = occurrences.filter_map(rows::skip_unreadable).collect::<Result<_, _>>()?;
            Ok(Some(IncidentDetail { view, occurrences }))
        })
    }
}

fn view(row: &Row<'_>, unreadable: &UnreadableRows) -> rusqlite::Result<IncidentView> {
    let environment =
        unreadable.decode("environments", row, INCIDENT_COLUMNS + 4, |row| row.get(INCIDENT_COLUMNS + 2))?;
    unreadable.decode("incidents", row, INCIDENT_COLUMNS + 3, |row| {
        Ok(IncidentView {
            monitor_guid: Uuid::from_bytes(row.get(INCIDENT_COLUMNS)?),
            monitor_slug: row.get(INCIDENT_COLUMNS + 1)?,
            environment,
            incident: rows::incident(row)?,
        })
    })
}
