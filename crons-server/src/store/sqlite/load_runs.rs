//! The runs of a batch, read from SQLite by sets.

use std::collections::{BTreeSet, HashMap};

use crons_types::CheckInId;
use rusqlite::{Statement, params};

use super::connection::SqliteTransaction;
use super::deletion::DELETED;
use super::load::{Loading, Run, json};
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS, Micros};
use super::unreadable::reason_of;
use crate::domain::{UnreadableKey, environment_in_words};
use crate::store::error::StoreError;

impl SqliteTransaction<'_> {
    /// Loads the runs that check-ins name, and of the environment of a check-in that names none, the open ones that began last.
    pub(super) fn load_runs(&self, loading: &mut Loading<'_>) -> Result<(), StoreError> {
        let keys = loading.keys;
        let mut guids: BTreeSet<String> = BTreeSet::new();
        let named = keys.check_ins.iter().map(|key| key.id);
        let waiting = loading.snapshot.deferred.values().flatten().map(|row| row.event.check_in_id);
        guids.extend(named.chain(waiting).filter(|id| *id != CheckInId::NIL).map(|id| id.to_string()));
        if !guids.is_empty() {
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) g CROSS JOIN check_ins c ON c.guid = unhex(g.value)
                 JOIN configs k ON k.id = c.config_id"
            ))?;
            let runs = self.decode_runs(loading, &mut statement, params![json(&guids)?])?;
            self.add_named_runs(loading, runs)?;
        }
        let mut nameless: HashMap<i64, usize> = HashMap::new();
        let mut all: BTreeSet<i64> = BTreeSet::new();
        let mut per_environment: HashMap<i64, usize> = HashMap::new();
        for key in &keys.check_ins {
            let snapshot = &loading.snapshot;
            let environment = snapshot
                .monitor_index(&key.slug)
                .and_then(|monitor| snapshot.environment_index(monitor, &key.environment))
                .and_then(|index| snapshot.environments[index].row.id);
            let Some(environment) = environment else { continue };
            all.insert(environment);
            *per_environment.entry(environment).or_default() += 1;
            if key.id == CheckInId::NIL {
                nameless.insert(environment, 0);
            }
        }
        if !nameless.is_empty() {
            // The check-ins of the environment may each end an open run, so as many runs are loaded as there are check-ins.
            let most = nameless.keys().filter_map(|id| per_environment.get(id)).max().copied();
            let ids: Vec<i64> = nameless.into_keys().collect();
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) e CROSS JOIN check_ins c ON c.id IN (
                     SELECT o.id FROM check_ins o WHERE o.environment_id = e.value AND o.status = 'in_progress'
                     AND o.id NOT IN (SELECT value FROM json_each(?3)) ORDER BY o.date_added DESC, o.id DESC LIMIT ?2)
                 JOIN configs k ON k.id = c.config_id"
            ))?;
            let left_out = self.unreadable.ids_in_json("check_ins", &[]);
            let most = i64::try_from(most.unwrap_or_default()).unwrap_or(i64::MAX);
            let runs = self.decode_runs(loading, &mut statement, params![json(&ids)?, most, left_out])?;
            loading.add_runs(runs);
        }
        if let Some(until) = keys.overdue_until
            && !all.is_empty()
        {
            let mut statement = self.transaction.prepare_cached(&format!(
                "SELECT {CHECK_IN}, c.environment_id FROM json_each(?1) e
                 CROSS JOIN check_ins c ON c.environment_id = e.value AND c.status = 'in_progress'
                 JOIN configs k ON k.id = c.config_id WHERE c.timeout_at <= ?2"
            ))?;
            let runs = self.decode_runs(loading, &mut statement, params![json(&all)?, Micros(until)])?;
            loading.add_runs(runs);
        }
        Ok(())
    }

    /// Adds runs that were found by their ids, wherever they are. One of a deleted environment is deleted: else its id could not be used
    /// again.
    fn add_named_runs(&self, loading: &mut Loading<'_>, runs: Vec<Run>) -> Result<(), StoreError> {
        let elsewhere: BTreeSet<i64> = runs
            .iter()
            .map(|(_, _, environment)| *environment)
            .filter(|environment| loading.snapshot.environment_of_row(*environment).is_none())
            .collect();
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
        for (id, run, environment) in runs {
            let snapshot = &mut loading.snapshot;
            match (snapshot.environment_of_row(environment), places.get(&environment)) {
                (Some(index), _) => snapshot.add_run(id, Ok(index), run),
                (None, Some(Ok(place))) => snapshot.add_run(id, Err(place.clone()), run),
                (None, Some(Err(reason))) => {
                    snapshot.add_unreadable(UnreadableKey::Run(run.guid), reason.clone());
                }
                (None, None) => self.forget_run(id)?,
            }
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
