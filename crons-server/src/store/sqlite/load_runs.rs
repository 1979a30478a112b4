//! The runs of a batch, read from SQLite by sets.

use std::collections::HashMap;

use rusqlite::{Statement, params};

use super::connection::SqliteTransaction;
use super::deletion::DELETED;
use super::load::json;
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, Micros};
use super::unreadable::reason_of;
use crate::domain::{UnreadableKey, environment_in_words};
use crate::store::error::StoreError;
use crate::store::loading::{Loading, Nameless, Run};

impl SqliteTransaction<'_> {
    /// Loads the runs that check-ins name, and of the environment of a check-in that names none, the open ones that began last.
    pub(super) fn load_runs(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let guids: Vec<String> = loading.run_ids().iter().map(|id| id.simple().to_string()).collect();
        if !guids.is_empty() {
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) g CROSS JOIN check_ins c ON c.guid = unhex(g.value)
                 JOIN configs k ON k.id = c.config_id"
            ))?;
            let runs = self.decode_runs(loading, &mut statement, params![json(&guids)?])?;
            self.add_named_runs(loading, runs)?;
        }
        let Nameless { environments, most } = loading.nameless();
        if !environments.is_empty() {
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) e CROSS JOIN check_ins c ON c.id IN (
                     SELECT o.id FROM check_ins o WHERE o.environment_id = e.value AND o.status = 'in_progress'
                     AND o.id NOT IN (SELECT value FROM json_each(?3)) ORDER BY o.date_added DESC, o.id DESC LIMIT ?2)
                 JOIN configs k ON k.id = c.config_id"
            ))?;
            let left_out = self.unreadable.ids_in_json("check_ins", &[]);
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let runs =
                self.decode_runs(loading, &mut statement, params![json(&environments)?, most, left_out])?;
            loading.add_runs(runs);
        }
        let environments = loading.environments();
        if let Some(until) = loading.keys.overdue_until
            && !environments.is_empty()
        {
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) e
                 CROSS JOIN check_ins c ON c.environment_id = e.value AND c.status = 'in_progress'
                 JOIN configs k ON k.id = c.config_id WHERE c.timeout_at <= ?2"
            ))?;
            let runs =
                self.decode_runs(loading, &mut statement, params![json(&environments)?, Micros(until)])?;
            loading.add_runs(runs);
        }
        Ok(())
    }

    /// Adds runs that were found by their ids, wherever they are. One of a deleted environment is deleted: else its id could not be used
    /// again.
    fn add_named_runs(&self, loading: &mut Loading<'_>, runs: Vec<Run>) -> Result<(), StoreError> {
        let elsewhere = loading.elsewhere(&runs);
        let mut places: HashMap<i64, Result<String, String>> = HashMap::new();
        if !elsewhere.is_empty() {
            let mut statement = self.transaction.prepare_cached(
                "SELECT e.id, m.slug, e.name FROM json_each(?1) k CROSS JOIN environments e ON e.id = k.value
                 JOIN monitors m ON m.id = e.monitor_id WHERE m.id > ?2",
            )?;
            let mut found = statement.query(params![json(&elsewhere)?, DELETED])?;
            while let Some(row) = found.next()? {
                let place = self.unreadable.decode("environments", row, 0, |row| {
                    Ok(environment_in_words(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?))
                });
                let place = match place {
                    Ok(place) => Ok(place),
                    Err(error) => Err(reason_of(error)?),
                };
                places.insert(row.get(0)?, place);
            }
        }
        for id in loading.add_named_runs(runs, &places) {
            self.forget_run(id)?;
        }
        Ok(())
    }

    /// Decodes rows with the columns [`CHECK_IN`] and the row id of the environment. Rows that cannot be read are left out.
    pub(super) fn decode_runs(
        &self,
        loading: &mut Loading<'_>,
        statement: &mut Statement<'_>,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        let mut found = statement.query(params)?;
        while let Some(row) = found.next()? {
            let configs = &mut loading.configs;
            let decoded = self.unreadable.decode("check_ins", row, 0, |row| configs.check_in(row));
            match decoded {
                Ok((id, run)) => runs.push((id, run, row.get(CHECK_IN_COLUMNS)?)),
                Err(error) => {
                    let reason = reason_of(error)?;
                    if let Ok(guid) = rows::get(row, 1) {
                        loading.snapshot.add_unreadable(UnreadableKey::Run(guid), reason);
                    }
                }
            }
        }
        Ok(runs)
    }
}
