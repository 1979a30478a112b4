//! The rows of a batch, read from SQLite by sets: the number of statements does not depend on the number of inputs.
//!
//! Keys are bound as JSON. `CROSS JOIN` keeps them in the outer loop: otherwise SQLite may read a whole table and look for each row among
//! the keys. The rows that a statement finds decide what the next one asks for.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::connection::SqliteTransaction;
use super::deletion::DELETED;
use super::rows::{
    self, CHECK_IN, ENVIRONMENT, ENVIRONMENT_COLUMNS, INCIDENT, INCIDENT_COLUMNS, MONITOR, MONITOR_COLUMNS,
    Micros,
};
use super::unreadable::reason_of;
use crate::domain::{BatchKeys, QuotaUsage, Snapshot, UnreadableKey};
use crate::store::error::StoreError;
use crate::store::loading::Loading;

impl SqliteTransaction<'_> {
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
        self.load_monitors(&mut loading)?;
        self.load_due_environments(&mut loading)?;
        self.load_named_environments(&mut loading)?;
        self.load_whole_monitors(&mut loading)?;
        self.load_deferred(&mut loading)?;
        self.load_quota_usage(&mut loading)?;
        self.load_runs(&mut loading)?;
        self.load_incident(&mut loading)?;
        self.load_withheld(&mut loading)?;
        self.load_history(&mut loading)?;
        self.load_silences(&mut loading)?;
        Ok(loading.snapshot)
    }

    fn load_monitors(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let slugs = loading.slugs();
        if slugs.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {MONITOR}, k.value FROM json_each(?2) k CROSS JOIN monitors m ON m.project = ?1 AND m.slug = k.value"
        ))?;
        let mut found = statement.query(params![crate::PROJECT.cast_signed(), json(&slugs)?])?;
        while let Some(row) = found.next()? {
            let configs = &mut loading.configs;
            let monitor = self
                .unreadable
                .decode("monitors", row, 0, |row| rows::monitor_with(row, |text| configs.decode(text)));
            match monitor {
                Ok((id, monitor)) => {
                    loading.monitors.insert(id, loading.snapshot.add_monitor(id, monitor));
                }
                Err(error) => {
                    let key = UnreadableKey::Monitor(row.get(MONITOR_COLUMNS)?);
                    loading.snapshot.add_unreadable(key, reason_of(error)?);
                }
            }
        }
        Ok(())
    }

    fn load_named_environments(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let named = loading.missing_environments();
        if named.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {ENVIRONMENT}, k.value ->> 1, k.value ->> 2 FROM json_each(?1) k
             CROSS JOIN environments e ON e.monitor_id = k.value ->> 0 AND e.name = k.value ->> 2"
        ))?;
        let mut found = statement.query([json(&named)?])?;
        while let Some(row) = found.next()? {
            let monitor: i64 = row.get(ENVIRONMENT_COLUMNS)?;
            let monitor = usize::try_from(monitor).unwrap_or_default();
            match self.unreadable.decode("environments", row, 0, rows::environment) {
                Ok((id, environment)) => drop(loading.snapshot.add_environment(monitor, id, environment)),
                Err(error) => {
                    let key = UnreadableKey::Environment(monitor, row.get(ENVIRONMENT_COLUMNS + 1)?);
                    loading.snapshot.add_unreadable(key, reason_of(error)?);
                }
            }
        }
        Ok(())
    }

    /// Loads environments by their row ids, with their monitors; one that cannot be read is left out.
    pub(super) fn load_environments(&self, loading: &mut Loading<'_>, ids: &[i64]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {MONITOR}, {ENVIRONMENT} FROM json_each(?1) k CROSS JOIN environments e ON e.id = k.value
             JOIN monitors m ON m.id = e.monitor_id WHERE m.id > ?2"
        ))?;
        let mut found = statement.query(params![json(ids)?, DELETED])?;
        while let Some(row) = found.next()? {
            let id = row.get(MONITOR_COLUMNS)?;
            if loading.snapshot.environment_of_row(id).is_some() {
                continue;
            }
            let Some(monitor) = self.monitor_of_row(loading, row)? else { continue };
            let decoded = self.unreadable.decode("environments", row, MONITOR_COLUMNS, |row| {
                rows::environment_from(row, MONITOR_COLUMNS)
            });
            match decoded {
                Ok((id, environment)) => drop(loading.snapshot.add_environment(monitor, id, environment)),
                Err(error) => drop(reason_of(error)?),
            }
        }
        Ok(())
    }

    /// The index of the monitor of a row that begins with the columns [`MONITOR`]; `None` if it cannot be read.
    fn monitor_of_row(&self, loading: &mut Loading<'_>, row: &Row<'_>) -> Result<Option<usize>, StoreError> {
        if let Some(known) = loading.monitors.get(&row.get(0)?) {
            return Ok(Some(*known));
        }
        let configs = &mut loading.configs;
        let decoded = self
            .unreadable
            .decode("monitors", row, 0, |row| rows::monitor_with(row, |text| configs.decode(text)));
        match decoded {
            Ok((id, monitor)) => {
                let index = loading.snapshot.add_monitor(id, monitor);
                loading.monitors.insert(id, index);
                Ok(Some(index))
            }
            Err(error) => reason_of(error).map(|_| None),
        }
    }

    fn load_due_environments(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        self.load_environments(loading, &loading.keys.missed)?;
        if loading.keys.timed_out.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) t CROSS JOIN check_ins c ON c.id = t.value
             JOIN configs k ON k.id = c.config_id"
        ))?;
        let runs = self.decode_runs(loading, &mut statement, params![json(&loading.keys.timed_out)?])?;
        let environments: BTreeSet<i64> = runs.iter().map(|(_, _, environment)| *environment).collect();
        let environments: Vec<i64> = environments.into_iter().collect();
        self.load_environments(loading, &environments)?;
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
        let ids = self
            .transaction
            .prepare_cached(
                "SELECT e.id FROM json_each(?1) m CROSS JOIN environments e ON e.monitor_id = m.value ORDER BY m.key, e.name",
            )?
            .query_map([json(&monitors)?], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        self.load_environments(loading, &ids)?;
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) e
             CROSS JOIN check_ins c ON c.environment_id = e.value AND c.status = 'in_progress'
             JOIN configs k ON k.id = c.config_id WHERE c.timeout_at <= ?2 OR c.unheard OR ?3"
        ))?;
        let (until, all) = (Micros(loading.keys.as_of.unwrap_or(Timestamp::MIN)), loading.keys.all_open_runs);
        let runs = self.decode_runs(loading, &mut statement, params![json(&ids)?, until, all])?;
        loading.add_runs(runs);
        Ok(())
    }

    fn load_quota_usage(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        if loading.counts_monitors() {
            let mut statement =
                self.transaction.prepare_cached("SELECT count(*) FROM monitors WHERE id > ?1")?;
            loading.snapshot.set_monitor_count(statement.query_row([DELETED], |row| row.get(0))?);
        }
        let new = loading.missing_environments().into_iter();
        let crowded: BTreeSet<(i64, usize)> = new.map(|(id, monitor, _)| (id, monitor)).collect();
        if crowded.is_empty() {
            return Ok(());
        }
        let mut statement = self.transaction.prepare_cached(
            "SELECT k.value ->> 1, count(*), min(CASE WHEN e.muted AND EXISTS (
                 SELECT 1 FROM incidents i WHERE i.environment_id = e.id AND i.broken_muted_at IS NOT NULL
             ) THEN NULL ELSE e.muted END)
             FROM json_each(?1) k CROSS JOIN environments e ON e.monitor_id = k.value ->> 0 GROUP BY 1",
        )?;
        let mut found = statement.query([json(&crowded)?])?;
        while let Some(row) = found.next()? {
            let monitor: i64 = row.get(0)?;
            let usage =
                QuotaUsage { environments: row.get(1)?, all_muted: row.get(2)?, ..QuotaUsage::default() };
            loading.snapshot.set_quota_usage(usize::try_from(monitor).unwrap_or_default(), usage);
        }
        Ok(())
    }

    /// The incident that a command is about.
    fn load_incident(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let Some(guid) = loading.keys.incident else { return Ok(()) };
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {INCIDENT}, i.id, i.environment_id FROM incidents i WHERE i.guid = ?1"
        ))?;
        let mut found = statement.query([guid.as_bytes()])?;
        let Some(row) = found.next()? else { return Ok(()) };
        let incident = self.unreadable.decode("incidents", row, INCIDENT_COLUMNS, rows::incident)?;
        let (id, environment) = (row.get(INCIDENT_COLUMNS)?, row.get(INCIDENT_COLUMNS + 1)?);
        self.load_environments(loading, &[environment])?;
        if let Some(environment) = loading.snapshot.environment_of_row(environment) {
            loading.snapshot.add_incident(environment, id, incident);
        }
        Ok(())
    }
}

pub(super) fn json(keys: &(impl serde::Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(keys).map_err(StoreError::unavailable)
}
