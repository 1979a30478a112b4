//! Lists of incidents, and one incident with its occurrences.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::deleted::DELETED;
use super::parameter::{micros, text};
use super::reader::{PostgresReader, page};
use super::rows::{self, DecodeError, INCIDENT, INCIDENT_COLUMNS};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::view_rows::incident_view;
use crate::store::views::{IncidentDetail, IncidentFilter, IncidentView, Page, PageRequest};

/// The columns that [`view`] reads.
const COLUMNS: &str = "m.guid, m.slug, e.name, i.id, e.id, coalesce(m.name, m.slug)";
const FROM: &str =
    "incidents i JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id";

impl PostgresReader {
    pub(super) fn incidents_of(
        &self,
        filter: IncidentFilter<'_>,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<IncidentView>, StoreError> {
        let sql = format!(
            "SELECT {INCIDENT}, {COLUMNS} FROM {FROM}
             WHERE ($1 IS NULL OR m.project = $7 AND m.slug = $1)
             AND m.id > {DELETED} AND ($2 IS NULL OR e.name = $2)
             AND ($3 IS NULL OR $3 = (i.resolved_at IS NOT NULL)) AND i.started_at < $4
             ORDER BY i.started_at DESC, i.id DESC LIMIT $5 OFFSET $6"
        );
        let before = micros(filter.before.unwrap_or(Timestamp::MAX));
        let (one_more, skip) = (i64::from(limit) + 1, i64::from(skip));
        let found = self.read(|session| {
            session.query(
                &sql,
                &[
                    &filter.monitor_slug.map(text),
                    &filter.environment.map(text),
                    &filter.resolved,
                    &before,
                    &one_more,
                    &skip,
                    &PROJECT.cast_signed(),
                ],
            )
        })?;
        page(found, limit, |found| {
            let views = found.iter().map(|row| rows::skip_unreadable(view(row, self.unreadable())));
            views.filter_map(Result::transpose).collect()
        })
    }

    pub(super) fn incident_detail(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError> {
        self.read(|session| {
            let sql =
                format!("SELECT {INCIDENT}, {COLUMNS} FROM {FROM} WHERE i.guid = $1 AND m.id > {DELETED}");
            let Some(row) = session.query_first(&sql, &[&id])? else { return Ok(None) };
            let view = view(&row, self.unreadable())?;
            let sql = "SELECT check_in, at, reason, id FROM occurrences
                 WHERE incident_id = (SELECT id FROM incidents WHERE guid = $1) ORDER BY id";
            let found = session.query(sql, &[&id])?;
            let occurrences =
                self.unreadable().decode_rows("occurrences", &found, 3, |row| rows::occurrence(row, 0))?;
            Ok(Some(IncidentDetail { view, occurrences }))
        })
    }
}

fn view(row: &Row, unreadable: &UnreadableRows) -> Result<IncidentView, DecodeError> {
    let name = |row: &Row| rows::get(row, INCIDENT_COLUMNS + 2);
    let environment = unreadable.decode_row("environments", row, INCIDENT_COLUMNS + 4, name)?;
    unreadable.decode_row("incidents", row, INCIDENT_COLUMNS + 3, |row| incident_view(row, environment))
}
