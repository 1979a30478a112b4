//! The runs of a batch, read from PostgreSQL by sets.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Row;
use uuid::Uuid;

use super::connection::PostgresTransaction;
use super::deleted::DELETED;
use super::parameter::{Parameter, micros};
use super::rows::{self, CHECK_IN, CHECK_IN_COLUMNS};
use super::statement::Statement;
use crate::domain::{UnreadableKey, environment_in_words};
use crate::store::error::StoreError;
use crate::store::loading::{Loading, Nameless, Run};

impl PostgresTransaction<'_> {
    /// The statement that reads runs by their ids; `None` without any.
    pub(super) fn runs_of(guids: &BTreeSet<Uuid>) -> Result<Option<Statement>, StoreError> {
        let guids: Vec<Uuid> = guids.iter().copied().collect();
        if guids.is_empty() {
            return Ok(None);
        }
        Statement::new(runs("c.guid = ANY($1)"), &[&guids]).map(Some)
    }

    /// Loads, of the environment of a check-in that names no run, the open ones that began last, and the runs of deferred ends. `loaded` are
    /// the ids of runs that were looked for already.
    pub(super) fn load_runs(
        &self,
        loading: &mut Loading<'_>,
        loaded: &BTreeSet<Uuid>,
    ) -> Result<(), StoreError> {
        let of_deferred: Vec<Uuid> = loading.run_ids().difference(loaded).copied().collect();
        if !of_deferred.is_empty() {
            let runs = self.find_runs(loading, "c.guid = ANY($1)", &[&of_deferred])?;
            self.add_named_runs(loading, runs)?;
        }
        let Nameless { environments, most } = loading.nameless();
        if !environments.is_empty() {
            let filter = "c.id = ANY(ARRAY(SELECT o.id FROM unnest($1) AS e (id) CROSS JOIN LATERAL (
                     SELECT o.id FROM check_ins o WHERE o.environment_id = e.id AND o.status = 'in_progress'
                     AND o.id <> ALL($3) ORDER BY o.date_added DESC, o.id DESC LIMIT $2) AS o))";
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let left_out = self.unreadable.ids("check_ins");
            let runs = self.find_runs(loading, filter, &[&environments, &most, &left_out])?;
            loading.add_runs(runs);
        }
        let environments: Vec<i64> = loading.environments().into_iter().collect();
        if let Some(until) = loading.keys.overdue_until
            && !environments.is_empty()
        {
            let filter = "c.environment_id = ANY($1) AND c.status = 'in_progress' AND c.timeout_at <= $2";
            let runs = self.find_runs(loading, filter, &[&environments, &micros(until)])?;
            loading.add_runs(runs);
        }
        Ok(())
    }

    /// Adds runs that were found by their ids, wherever they are. One of a deleted environment is deleted: else its id could not be used
    /// again.
    pub(super) fn add_named_runs(&self, loading: &mut Loading<'_>, runs: Vec<Run>) -> Result<(), StoreError> {
        let elsewhere = loading.elsewhere(&runs);
        let mut places: HashMap<i64, Result<String, String>> = HashMap::new();
        if !elsewhere.is_empty() {
            let sql = "SELECT e.id, m.slug, e.name FROM environments e JOIN monitors m ON m.id = e.monitor_id
                       WHERE e.id = ANY($1) AND m.id > $2";
            for row in &self.session()?.query(sql, &[&elsewhere, &DELETED])? {
                let place = self.unreadable.decode_row("environments", row, 0, |row| {
                    Ok(environment_in_words(rows::text(row, 1)?, rows::text(row, 2)?))
                });
                let place = match place {
                    Ok(place) => Ok(place),
                    Err(error) => Err(error.reason()?),
                };
                places.insert(rows::get(row, 0)?, place);
            }
        }
        self.forget_runs(&loading.add_named_runs(runs, &places))
    }

    /// Reads the runs `c` that pass a filter. Rows that cannot be read are left out.
    pub(super) fn find_runs(
        &self,
        loading: &mut Loading<'_>,
        filter: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<Vec<Run>, StoreError> {
        let found = self.session()?.query(&runs(filter), parameters)?;
        self.read_runs(loading, &found)
    }

    /// Reads the runs that the statement [`runs`] has found. Rows that cannot be read are left out.
    pub(super) fn read_runs(&self, loading: &mut Loading<'_>, found: &[Row]) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        for row in found {
            let configs = &mut loading.configs;
            let decode = |row: &Row| Ok((configs.check_in(row)?, rows::get(row, CHECK_IN_COLUMNS)?));
            match self.unreadable.decode_row("check_ins", row, 0, decode) {
                Ok(((id, run), environment)) => runs.push((id, run, environment)),
                Err(error) => {
                    let reason = error.reason()?;
                    if let Ok(guid) = rows::get(row, 1) {
                        loading.snapshot.add_unreadable(UnreadableKey::Run(guid), reason);
                    }
                }
            }
        }
        Ok(runs)
    }
}

/// The statement that reads the runs `c` that pass a filter.
fn runs(filter: &str) -> String {
    format!(
        "SELECT {CHECK_IN}, c.environment_id FROM check_ins c JOIN configs k ON k.id = c.config_id WHERE {filter}"
    )
}
