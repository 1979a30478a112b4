//! Lists of incidents, and one incident with its occurrences.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use uuid::Uuid;

use super::deletion::DELETED;
use super::reader::{SqliteReader, page};
use super::rows::{self, INCIDENT, INCIDENT_COLUMNS, Micros};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::unreadable::UnreadableRows;
use crate::store::view_rows::incident_view;
use crate::store::views::{IncidentDetail, IncidentFilter, IncidentView, Page, PageRequest};

impl SqliteReader {
    pub(super) fn incidents_of(
        &self,
        filter: IncidentFilter<'_>,
        PageRequest { skip, limit }: PageRequest,
    ) -> Result<Page<IncidentView>, StoreError> {
        let connection = self.connection();
        // Incidents of a monitor are found by the index of their environments; all incidents are read by their start, newest first.
        let rows = match filter.monitor_slug {
            Some(_) => {
                "monitors m CROSS JOIN environments e ON e.monitor_id = m.id
                 CROSS JOIN incidents i ON i.environment_id = e.id WHERE m.project = ?7 AND m.slug = ?1"
            }
            None => {
                "incidents i JOIN environments e ON e.id = i.environment_id JOIN monitors m ON m.id = e.monitor_id
                 WHERE ?7 = ?7 AND ?1 IS NULL"
            }
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {INCIDENT}, m.guid, m.slug, e.name, i.id, e.id, coalesce(m.name, m.slug) FROM {rows}
             AND m.id > {DELETED} AND (?2 IS NULL OR e.name = ?2)
             AND (?3 IS NULL OR ?3 = (i.resolved_at IS NOT NULL)) AND i.started_at < ?4
             ORDER BY i.started_at DESC, i.id DESC LIMIT ?5 OFFSET ?6"
        ))?;
        let before = Micros(filter.before.unwrap_or(Timestamp::MAX));
        let one_more = i64::from(limit) + 1;
        let key = params![
            filter.monitor_slug,
            filter.environment,
            filter.resolved,
            before,
            one_more,
            skip,
            PROJECT.cast_signed()
        ];
        page(statement.query_map(key, |row| view(row, self.unreadable()))?, limit)
    }

    pub(super) fn incident_detail(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {INCIDENT}, m.guid, m.slug, e.name, i.id, e.id, coalesce(m.name, m.slug) FROM incidents i
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
    unreadable.decode("incidents", row, INCIDENT_COLUMNS + 3, |row| incident_view(row, environment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::filled::filled;
    use crate::store::sqlite::steps::Steps;

    /// The steps of SQLite's virtual machine to list the three incidents of one monitor beside `others` with as many.
    fn steps_beside(others: u32) -> u64 {
        let rows = format!(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {others})
             INSERT INTO monitors SELECT i + 1, randomblob(16), 1, 'job-' || i, 1, 1, '{{}}', NULL, 0, NULL, NULL, 0, 'code', 0 FROM n;
             INSERT INTO environments SELECT id, id, 'production', 'ok', 0, 0, 0, 0, 0, 0 FROM monitors WHERE id > 0;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
             INSERT INTO incidents (guid, environment_id, started_at, starting_check_in, resolved_at)
             SELECT randomblob(16), e.id, n.i, randomblob(16), n.i FROM environments e, n"
        );
        let (_folder, reader) = filled(&rows);
        let steps = Steps::of(&mut reader.connection());
        let filter = IncidentFilter { monitor_slug: Some("job-0"), ..IncidentFilter::default() };
        let found = reader.incidents_of(filter, PageRequest { skip: 0, limit: 100 }).unwrap();
        assert_eq!(found.items.len(), 3);
        steps.count()
    }

    #[test]
    fn incidents_of_a_monitor_are_read_without_those_of_others() {
        let (alone, beside) = (steps_beside(0), steps_beside(1_000));
        assert!(beside <= alone + 200, "{beside} steps beside others, {alone} alone");
    }
}
