//! Configurations by their text, each parsed once: most rows of a batch or a page share theirs with others.

use std::collections::HashMap;

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
    pub(super) fn check_in<R: StoredRow>(&mut self, row: &R) -> Result<(i64, CheckIn), R::Error> {
        let column = CHECK_IN_COLUMNS - 1;
        let config = self.decode(rows::text(row, column)?);
        rows::check_in_with(row, config.map_err(|error| R::corrupt(column, error))?)
    }
}
