//! The statements of a sweep.

use std::sync::Arc;

use jiff::Timestamp;

use super::parameter::text;
use super::reader::PostgresReader;
use super::rows;
use super::session::Session;
use crate::domain::PROJECT;
use crate::settings::Retention;
use crate::store::error::StoreError;
use crate::store::queries::Sweep;
use crate::store::sweep::{StoredSweep, SweepReader, SweepRows};

impl PostgresReader {
    pub(super) fn begin_sweep(self: Arc<Self>, now: Timestamp, kept: Retention) -> Box<dyn Sweep> {
        Box::new(StoredSweep::begin(self, now, kept))
    }
}

impl SweepReader for PostgresReader {
    type Rows<'a> = Session<'a>;

    fn read_rows<T>(
        &self,
        read: impl FnOnce(&Session<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read(|session| read(&session))
    }
}

impl SweepRows for Session<'_> {
    fn incidents_after(&self, after: i64, before: i64, limit: i64) -> Result<Vec<(i64, bool)>, StoreError> {
        let found = self.query(
            "SELECT id, coalesce(resolved_at < $2, FALSE) AND NOT withheld_pending FROM incidents
             WHERE id > $1 ORDER BY id LIMIT $3",
            &[&after, &before, &limit],
        )?;
        found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?))).collect()
    }

    fn occurrences_of(&self, incidents: &[i64], limit: i64) -> Result<Vec<(i64, i64)>, StoreError> {
        let found = self.query(
            "SELECT incident_id, id FROM occurrences WHERE incident_id = ANY($1) ORDER BY incident_id LIMIT $2",
            &[&incidents.to_vec(), &limit],
        )?;
        found.iter().map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?))).collect()
    }

    fn slug_after(&self, slug: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT slug FROM usage WHERE project = $1 AND slug > $2 ORDER BY slug LIMIT 1";
        let row = self.query_first(sql, &[&PROJECT.cast_signed(), &text(slug)])?;
        Ok(row.map(|row| rows::get(&row, 0)).transpose()?)
    }

    fn usage_before(&self, slug: &str, before: i64, limit: i64) -> Result<(Option<i64>, u32), StoreError> {
        let row = self.query_first(
            "SELECT max(hour), count(*) FROM (SELECT hour FROM usage WHERE project = $1 AND slug = $2
             AND hour < $3 ORDER BY hour LIMIT $4) u",
            &[&PROJECT.cast_signed(), &text(slug), &before, &limit],
        )?;
        let Some(row) = row else { return Ok((None, 0)) };
        Ok((rows::maybe(&row, 0)?, rows::get(&row, 1)?))
    }

    fn outages_before(&self, before: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        rows::ids(&self.query("SELECT id FROM outages WHERE until < $1 LIMIT $2", &[&before, &limit])?)
    }

    fn silences_before(&self, before: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT id FROM silences WHERE coalesce(ended_at, ends_at) < $1 LIMIT $2";
        rows::ids(&self.query(sql, &[&before, &limit])?)
    }
}
