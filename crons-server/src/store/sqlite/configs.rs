//! Configurations by their text, each parsed once: most rows of a batch or a page share theirs with others.

use std::collections::HashMap;

use rusqlite::Row;

use super::rows::{self, CHECK_IN_COLUMNS, StoredRow};
use crate::domain::{CheckIn, Config};

/// The configurations that were parsed.
#[derive(Default)]
pub(super) struct Configs(HashMap<String, Config>);

impl Configs {
    pub(super) fn decode(&mut self, text: &str) -> serde_json::Result<Config> {
        if let Some(known) = self.0.get(text) {
            return Ok(known.clone());
        }
        let config: Config = serde_json::from_str(text)?;
        self.0.insert(text.to_owned(), config.clone());
        Ok(config)
    }

    /// Decodes the columns [`CHECK_IN`](rows::CHECK_IN): row id and check-in.
    pub(super) fn check_in(&mut self, row: &Row<'_>) -> rusqlite::Result<(i64, CheckIn)> {
        let column = CHECK_IN_COLUMNS - 1;
        let config = self.decode(row.get_ref(column)?.as_str()?);
        rows::check_in_with(row, config.map_err(|error| Row::corrupt(column, error))?)
    }
}
