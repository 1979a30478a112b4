//! The new and the changed runs of a batch, written to PostgreSQL by sets.

use std::collections::{BTreeMap, HashMap};

use ring::digest::{SHA256, digest};
use tokio_postgres::types::{ToSql, Type};

use super::connection::PostgresTransaction;
use super::parameter::{Parameter, maybe_micros, micros, text, texts};
use super::session::column;
use super::statement::Statement;
use super::write::json;
use crate::domain::{CheckIn, Config, Snapshot, Status};
use crate::store::error::StoreError;

/// The hashes of configurations, one for each row. The statement writes the row ids of the configurations instead.
struct ConfigIds(Vec<Vec<u8>>);

impl Parameter for ConfigIds {
    fn sql_type(&self) -> Type {
        self.0.sql_type()
    }

    fn value(&self) -> &(dyn ToSql + Sync) {
        &self.0
    }

    fn in_sql(&self, place: &str) -> String {
        format!(
            "ARRAY(SELECT k.id FROM unnest({place}) WITH ORDINALITY AS h (hash, place)
             LEFT JOIN configs k ON k.hash = h.hash ORDER BY h.place)"
        )
    }
}

impl PostgresTransaction<'_> {
    /// Writes the runs of a snapshot; `environments` are the row ids of its environments, by their index. New runs get their row ids in
    /// their order in the snapshot, which is that of their arrival.
    pub(super) fn write_check_ins(
        &self,
        snapshot: &Snapshot,
        environments: &[i64],
    ) -> Result<(), StoreError> {
        let (mut known, mut new) = (Vec::new(), Vec::new());
        for run in snapshot.runs.iter().filter(|run| run.row.changed) {
            let Ok(environment) = run.environment else { continue };
            match run.row.id {
                Some(id) => known.push((&run.row.value, id)),
                None => new.push((&run.row.value, environments[environment])),
            }
        }
        let all = known.iter().chain(&new).map(|(run, _)| &run.config);
        let configs = self.write_configs(all)?;
        self.update_check_ins(&known, &configs)?;
        self.insert_check_ins(&new, &configs)
    }

    /// Adds the configurations that are missing. Returns the hash of each.
    fn write_configs<'a>(
        &self,
        configs: impl Iterator<Item = &'a Config>,
    ) -> Result<HashMap<&'a Config, Vec<u8>>, StoreError> {
        let mut hashes: HashMap<&Config, Vec<u8>> = configs.map(|config| (config, Vec::new())).collect();
        // Configurations that are equal as JSON are written once.
        let mut by_hash = BTreeMap::new();
        for (config, hash) in &mut hashes {
            let text = json(*config)?;
            *hash = digest(&SHA256, text.as_bytes()).as_ref().to_vec();
            by_hash.insert(hash.clone(), text);
        }
        if !by_hash.is_empty() {
            self.later(Statement::new(
                "INSERT INTO configs (config) SELECT n.config FROM unnest($1, $2) AS n (hash, config)
                 WHERE NOT EXISTS (SELECT FROM configs k WHERE k.hash = n.hash) ON CONFLICT DO NOTHING",
                &[&by_hash.keys().cloned().collect::<Vec<_>>(), &texts(by_hash.values())],
            )?);
        }
        Ok(hashes)
    }

    fn insert_check_ins(
        &self,
        rows: &[(&CheckIn, i64)],
        configs: &HashMap<&Config, Vec<u8>>,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let (guids, environments) =
            (column(rows, |(run, _)| run.guid), column(rows, |(_, environment)| *environment));
        let added = column(rows, |(run, _)| micros(run.date_added));
        let clocks = column(rows, |(run, _)| micros(run.date_clock));
        let expected = column(rows, |(run, _)| maybe_micros(run.expected_time));
        let decisions = decisions(rows)?;
        let changing = changing_columns(rows, configs, &decisions);
        let mut columns: Vec<(&str, &dyn Parameter)> = vec![
            ("guid", &guids),
            ("environment_id", &environments),
            ("date_added", &added),
            ("date_clock", &clocks),
            ("expected_time", &expected),
        ];
        columns.extend(changing.iter().map(|(name, values)| (*name, &**values)));
        self.insert_later("check_ins", &columns, "")
    }

    fn update_check_ins(
        &self,
        rows: &[(&CheckIn, i64)],
        configs: &HashMap<&Config, Vec<u8>>,
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let ids = column(rows, |(_, id)| *id);
        let decisions = decisions(rows)?;
        let changing = changing_columns(rows, configs, &decisions);
        let mut columns: Vec<(&str, &dyn Parameter)> = vec![("id", &ids)];
        columns.extend(changing.iter().map(|(name, values)| (*name, &**values)));
        self.update_later("check_ins", &columns)
    }
}

/// The columns that change while a run goes on, each with a list of values.
fn changing_columns<'a>(
    rows: &[(&'a CheckIn, i64)],
    configs: &HashMap<&Config, Vec<u8>>,
    decisions: &'a [Option<String>],
) -> Vec<(&'static str, Box<dyn Parameter + 'a>)> {
    vec![
        ("status", Box::new(column(rows, |(run, _)| text(run.status.as_str())))),
        ("duration_ms", Box::new(column(rows, |(run, _)| run.duration_ms))),
        ("date_updated", Box::new(column(rows, |(run, _)| micros(run.date_updated)))),
        ("date_in_progress", Box::new(column(rows, |(run, _)| maybe_micros(run.date_in_progress)))),
        ("timeout_at", Box::new(column(rows, |(run, _)| maybe_micros(run.timeout_at)))),
        ("config_id", Box::new(ConfigIds(column(rows, |(run, _)| configs[&run.config].clone())))),
        ("reported", Box::new(column(rows, |(run, _)| run.reported.map(Status::as_str).map(text)))),
        ("unheard", Box::new(column(rows, |(run, _)| run.unheard))),
        ("decision", Box::new(decisions.iter().map(|json| json.as_deref().map(text)).collect::<Vec<_>>())),
        ("trace", Box::new(column(rows, |(run, _)| run.trace))),
        ("note", Box::new(column(rows, |(run, _)| run.note.as_deref().map(text)))),
    ]
}

/// The decisions about runs, as JSON.
fn decisions(rows: &[(&CheckIn, i64)]) -> Result<Vec<Option<String>>, StoreError> {
    rows.iter().map(|(run, _)| run.decision.as_ref().map(json).transpose()).collect()
}
