//! The rows of a batch, read from PostgreSQL by sets: the number of statements does not depend on the number of inputs.
//!
//! A transaction that runs beside others locks the monitors, in the order of their row ids, before it reads them. A monitor stands for its environments,
//! runs and incidents: no other transaction writes these meanwhile. Of a run that its id leads to under another monitor, only the place is read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::connection::PostgresTransaction;
use super::deleted::DELETED;
use super::parameter::{Parameter, micros, text, texts};
use super::rows::{self, ENVIRONMENT, INCIDENT, INCIDENT_COLUMNS, MONITOR, MONITOR_COLUMNS, StoredRow};
use super::statement::Statement;
use crate::domain::{BatchKeys, PROJECT, QuotaUsage, Snapshot, UnreadableKey};
use crate::store::error::StoreError;
use crate::store::loading::Loading;

impl PostgresTransaction<'_> {
    pub(super) fn load_batch(&self, keys: &BatchKeys) -> Result<Snapshot, StoreError> {
        loop {
            let set_aside = self.unreadable.count();
            let snapshot = self.load_once(keys)?;
            // The batch is loaded again if rows were set aside meanwhile, so that readable rows take their place.
            if self.unreadable.count() == set_aside {
                return Ok(snapshot);
            }
        }
    }

    fn load_once(&self, keys: &BatchKeys) -> Result<Snapshot, StoreError> {
        let mut loading = Loading::new(keys);
        self.load_due_deferred(&mut loading)?;
        let guids = self.load_named(&mut loading)?;
        self.load_due_environments(&mut loading)?;
        self.load_whole_monitors(&mut loading)?;
        self.load_deferred(&mut loading)?;
        self.load_quota_usage(&mut loading)?;
        self.load_runs(&mut loading, &guids)?;
        self.load_incident(&mut loading)?;
        self.load_withheld(&mut loading)?;
        self.load_history(&mut loading)?;
        Ok(loading.snapshot)
    }

    /// Loads the rows that the inputs name, by one round trip: monitors, environments and runs. Returns the ids of the runs.
    fn load_named(&self, loading: &mut Loading<'_>) -> Result<BTreeSet<Uuid>, StoreError> {
        let guids = loading.run_ids();
        let statements = [
            self.lock_named(loading)?,
            named(loading)?,
            Self::runs_of(&guids)?,
            Self::silences_of(loading.keys)?,
        ];
        let [_, named, runs, silences] = self.session()?.together(statements)?;
        self.add_named(loading, &named)?;
        if self.is_shared() && loading.makes_monitors() {
            return Err(StoreError::conflict("a monitor is new"));
        }
        self.add_silences(loading, &silences)?;
        let runs = self.read_runs(loading, &runs)?;
        self.add_named_runs(loading, runs)?;
        Ok(guids)
    }

    /// Adds the rows of the statement [`named`].
    fn add_named(&self, loading: &mut Loading<'_>, found: &[Row]) -> Result<(), StoreError> {
        for row in found {
            let monitor = match self.monitor_of_row(loading, row)? {
                Ok(monitor) => monitor,
                Err(reason) => {
                    let key = UnreadableKey::Monitor(rows::get(row, 3)?);
                    loading.snapshot.add_unreadable(key, reason);
                    continue;
                }
            };
            if row.integer(MONITOR_COLUMNS)?.is_none() {
                continue;
            }
            let decode = |row: &Row| rows::environment_from(row, MONITOR_COLUMNS);
            match self.unreadable.decode_row("environments", row, MONITOR_COLUMNS, decode) {
                Ok((id, environment)) => drop(loading.snapshot.add_environment(monitor, id, environment)),
                Err(error) => {
                    let key = UnreadableKey::Environment(monitor, rows::get(row, MONITOR_COLUMNS + 1)?);
                    loading.snapshot.add_unreadable(key, error.reason()?);
                }
            }
        }
        Ok(())
    }

    /// Loads environments by their row ids, with their monitors, in the order of the ids; one that cannot be read is left out.
    pub(super) fn load_environments(&self, loading: &mut Loading<'_>, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT {MONITOR}, {ENVIRONMENT} FROM environments e JOIN monitors m ON m.id = e.monitor_id
             WHERE e.id = ANY($1) AND m.id > $2 ORDER BY m.id, e.id"
        );
        let read = Statement::new(sql, &[&ids, &DELETED])?;
        let [_, rows] = self.session()?.together([self.lock_monitors_of(ids)?, Some(read)])?;
        let mut found = BTreeMap::new();
        for row in rows {
            found.insert(rows::get::<i64, _>(&row, MONITOR_COLUMNS)?, row);
        }
        for row in ids.iter().filter_map(|id| found.remove(id)) {
            if loading.snapshot.environment_of_row(rows::get(&row, MONITOR_COLUMNS)?).is_some() {
                continue;
            }
            let Ok(monitor) = self.monitor_of_row(loading, &row)? else { continue };
            let decode = |row: &Row| rows::environment_from(row, MONITOR_COLUMNS);
            match self.unreadable.decode_row("environments", &row, MONITOR_COLUMNS, decode) {
                Ok((id, environment)) => drop(loading.snapshot.add_environment(monitor, id, environment)),
                Err(error) => drop(error.reason()?),
            }
        }
        Ok(())
    }

    /// Loads the environments of rows that a statement finds. The rows themselves are read after that.
    pub(super) fn load_environments_of(
        &self,
        loading: &mut Loading<'_>,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<(), StoreError> {
        let found = self.session()?.query(sql, parameters)?;
        let ids: Vec<i64> = found.iter().map(|row| rows::get(row, 0)).collect::<Result<_, _>>()?;
        self.load_environments(loading, &ids)
    }

    /// The index of the monitor of a row that begins with the columns [`MONITOR`], or why it cannot be read.
    fn monitor_of_row(
        &self,
        loading: &mut Loading<'_>,
        row: &Row,
    ) -> Result<Result<usize, String>, StoreError> {
        if let Some(known) = loading.monitors.get(&rows::get(row, 0)?) {
            return Ok(Ok(*known));
        }
        let configs = &mut loading.configs;
        let decode = |row: &Row| rows::monitor_with(row, |text| configs.decode(text));
        match self.unreadable.decode_row("monitors", row, 0, decode) {
            Ok((id, monitor)) => {
                let index = loading.snapshot.add_monitor(id, monitor);
                loading.monitors.insert(id, index);
                Ok(Ok(index))
            }
            Err(error) => Ok(Err(error.reason()?)),
        }
    }

    fn load_due_environments(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let keys = loading.keys;
        self.load_environments(loading, &keys.missed)?;
        if keys.timed_out.is_empty() {
            return Ok(());
        }
        let sql = "SELECT DISTINCT environment_id FROM check_ins WHERE id = ANY($1)";
        self.load_environments_of(loading, sql, &[&keys.timed_out])?;
        let runs = self.find_runs(loading, "c.id = ANY($1)", &[&keys.timed_out])?;
        for (id, run, environment) in runs {
            match loading.snapshot.environment_of_row(environment) {
                Some(environment) => loading.snapshot.add_run(id, Ok(environment), run),
                // The row cannot be evaluated, and would be on each page of deadlines.
                None => self.unreadable.hide("check_ins", id),
            }
        }
        Ok(())
    }

    /// The environments of the monitors that a command is about, and those of their open runs that the command may change.
    fn load_whole_monitors(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let monitors = loading.whole_monitors();
        if monitors.is_empty() {
            return Ok(());
        }
        let sql = "SELECT e.id FROM unnest($1) WITH ORDINALITY AS k (id, place) JOIN environments e ON e.monitor_id = k.id
                   ORDER BY k.place, e.name";
        let found = self.session()?.query(sql, &[&monitors])?;
        let ids: Vec<i64> = found.iter().map(|row| rows::get(row, 0)).collect::<Result<_, _>>()?;
        self.load_environments(loading, &ids)?;
        let (until, all) = (loading.keys.as_of.unwrap_or(Timestamp::MIN), loading.keys.all_open_runs);
        let filter = "c.environment_id = ANY($1) AND c.status = 'in_progress' AND (c.timeout_at <= $2 OR c.unheard OR $3)";
        let runs = self.find_runs(loading, filter, &[&ids, &micros(until), &all])?;
        loading.add_runs(runs);
        Ok(())
    }

    fn load_quota_usage(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let session = self.session()?;
        if loading.counts_monitors() {
            let row = session.query_first("SELECT count(*) FROM monitors WHERE id > $1", &[&DELETED])?;
            let count = row.map(|row| rows::get(&row, 0)).transpose()?;
            loading.snapshot.set_monitor_count(count.unwrap_or_default());
        }
        let crowded: BTreeSet<i64> = loading.missing_environments().iter().map(|(id, _, _)| *id).collect();
        if crowded.is_empty() {
            return Ok(());
        }
        let sql = "SELECT e.monitor_id, count(*), bool_and(e.muted) FILTER (WHERE NOT (e.muted AND EXISTS (
                       SELECT FROM incidents i WHERE i.environment_id = e.id AND i.broken_muted_at IS NOT NULL)))
                   FROM environments e WHERE e.monitor_id = ANY($1) GROUP BY e.monitor_id";
        for row in &session.query(sql, &[&crowded.into_iter().collect::<Vec<_>>()])? {
            let usage = QuotaUsage {
                environments: rows::get(row, 1)?,
                all_muted: rows::maybe(row, 2)?,
                ..QuotaUsage::default()
            };
            if let Some(monitor) = loading.monitors.get(&rows::get(row, 0)?) {
                loading.snapshot.set_quota_usage(*monitor, usage);
            }
        }
        Ok(())
    }

    /// The incident that a command is about.
    fn load_incident(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let Some(guid) = loading.keys.incident else { return Ok(()) };
        let sql = "SELECT environment_id FROM incidents WHERE guid = $1";
        self.load_environments_of(loading, sql, &[&guid])?;
        let sql = format!("SELECT {INCIDENT}, i.id, i.environment_id FROM incidents i WHERE i.guid = $1");
        let Some(row) = self.session()?.query_first(&sql, &[&guid])? else { return Ok(()) };
        let incident = self.unreadable.decode_row("incidents", &row, INCIDENT_COLUMNS, rows::incident)?;
        let (id, environment) = (rows::get(&row, INCIDENT_COLUMNS)?, rows::get(&row, INCIDENT_COLUMNS + 1)?);
        if let Some(environment) = loading.snapshot.environment_of_row(environment) {
            loading.snapshot.add_incident(environment, id, incident);
        }
        Ok(())
    }
}

/// The statement that reads the monitors of a batch, each with the environments that check-ins name, or once without any; `None` without
/// monitors.
fn named(loading: &Loading<'_>) -> Result<Option<Statement>, StoreError> {
    let environments = loading.keys.check_ins.iter();
    let environments: BTreeSet<(&str, &str)> =
        environments.map(|key| (key.slug.as_str(), key.environment.as_str())).collect();
    let slugs = loading.slugs();
    let mut keys: Vec<(&str, Option<&str>)> = slugs.iter().map(|slug| (slug.as_str(), None)).collect();
    keys.retain(|(slug, _)| environments.range((*slug, "")..).next().is_none_or(|(other, _)| other != slug));
    keys.extend(environments.into_iter().map(|(slug, name)| (slug, Some(name))));
    if keys.is_empty() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {MONITOR}, {ENVIRONMENT} FROM unnest($2, $3) AS k (slug, name)
         JOIN monitors m ON m.project = $1 AND m.slug = k.slug
         LEFT JOIN environments e ON e.monitor_id = m.id AND e.name = k.name ORDER BY m.id, e.id"
    );
    let slugs = texts(keys.iter().map(|(slug, _)| *slug));
    let names: Vec<_> = keys.iter().map(|(_, name)| name.map(text)).collect();
    Statement::new(sql, &[&PROJECT.cast_signed(), &slugs, &names]).map(Some)
}
