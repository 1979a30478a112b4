//! The export of what is stored, for a simulation.

use jiff::Timestamp;

use super::deleted::DELETED;
use super::outages;
use super::parameter::{Parameter, text};
use super::reader::PostgresReader;
use super::rows::{
    self, CHECK_IN, CHECK_IN_COLUMNS, ENVIRONMENT, ENVIRONMENT_COLUMNS, INCIDENT, INCIDENT_COLUMNS,
};
use crate::domain::PROJECT;
use crate::store::error::StoreError;
use crate::store::views::{Export, PageRequest};

/// The row id of no server.
const NO_NODE: i64 = 0;
/// The whole of a list.
pub(super) const ALL: PageRequest = PageRequest { skip: 0, limit: u32::MAX };

impl PostgresReader {
    /// Reads all that is stored, or all of one monitor, in one snapshot.
    pub(super) fn export_of(&self, slug: Option<&str>) -> Result<Export, StoreError> {
        let place = format!("m.id > {DELETED} AND ($2 IS NULL OR m.project = $1 AND m.slug = $2)");
        let environments_of = "environments e JOIN monitors m ON m.id = e.monitor_id";
        let (project, slug) = (PROJECT.cast_signed(), slug.map(text));
        let key: [&dyn Parameter; 2] = [&project, &slug];
        self.read(|session| {
            let sql = format!(
                "SELECT {CHECK_IN}, m.slug, e.name FROM check_ins c JOIN configs k ON k.id = c.config_id
                 JOIN {environments_of} ON c.environment_id = e.id WHERE {place} ORDER BY c.id"
            );
            let found = session.query(&sql, &key)?;
            let check_ins = self.unreadable().decode_rows("check_ins", &found, 0, |row| {
                let (_, check_in) = rows::check_in(row)?;
                Ok((rows::get(row, CHECK_IN_COLUMNS)?, rows::get(row, CHECK_IN_COLUMNS + 1)?, check_in))
            })?;
            let sql =
                format!("SELECT {ENVIRONMENT}, m.slug FROM {environments_of} WHERE {place} ORDER BY e.id");
            let found = session.query(&sql, &key)?;
            let environments = self.unreadable().decode_rows("environments", &found, 0, |row| {
                Ok((rows::get(row, ENVIRONMENT_COLUMNS)?, rows::environment(row)?.1))
            })?;
            let sql = format!(
                "SELECT {INCIDENT}, m.slug, e.name, i.id FROM incidents i
                 JOIN {environments_of} ON i.environment_id = e.id WHERE {place} ORDER BY i.id"
            );
            let found = session.query(&sql, &key)?;
            let id = INCIDENT_COLUMNS + 2;
            let incidents = self.unreadable().decode_rows("incidents", &found, id, |row| {
                let slug = rows::get(row, INCIDENT_COLUMNS)?;
                Ok((slug, rows::get(row, INCIDENT_COLUMNS + 1)?, rows::incident(row)?))
            })?;
            let sql = format!(
                "SELECT o.check_in, o.at, o.reason, m.slug, e.name, o.id FROM occurrences o
                 JOIN incidents i ON o.incident_id = i.id
                 JOIN {environments_of} ON i.environment_id = e.id WHERE {place} ORDER BY o.id"
            );
            let found = session.query(&sql, &key)?;
            let occurrences = self.unreadable().decode_rows("occurrences", &found, 5, |row| {
                Ok((rows::get(row, 3)?, rows::get(row, 4)?, rows::occurrence(row, 0)?))
            })?;
            let outages = outages::outages(session, self.unreadable(), Timestamp::MIN, ALL)?.items;
            let last_heartbeat = outages::last_heartbeat(session, NO_NODE)?;
            Ok(Export { check_ins, environments, incidents, occurrences, outages, last_heartbeat })
        })
    }
}
