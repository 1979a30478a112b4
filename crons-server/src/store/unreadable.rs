//! Rows that cannot be decoded. Each is left out of results, logged once with its table and id, and listed by the API.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::error::UnreadableRow;

/// The most rows that are listed; a damaged file may have millions.
const MAX_LISTED: usize = 100;

/// The rows that could not be decoded since the database was opened.
#[derive(Debug, Default)]
pub(super) struct UnreadableRows(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    known: HashSet<(&'static str, i64)>,
    listed: Vec<(Timestamp, UnreadableRow)>,
}

impl UnreadableRows {
    /// Logs and lists a row, unless that was done before.
    pub(super) fn note(&self, row: &UnreadableRow) {
        let mut found = self.found();
        if !found.known.insert((row.table, row.id)) {
            return;
        }
        tracing::error!(table = row.table, id = row.id, "{row}");
        if found.listed.len() < MAX_LISTED {
            found.listed.push((Timestamp::now(), row.clone()));
        }
    }

    /// Marks a readable row that belongs to an unreadable one, so that [`contains`](Self::contains) returns `true` for it.
    pub(super) fn hide(&self, table: &'static str, id: i64) {
        self.found().known.insert((table, id));
    }

    pub(super) fn contains(&self, table: &'static str, id: i64) -> bool {
        self.found().known.contains(&(table, id))
    }

    /// The number of rows that are left out.
    pub(super) fn count(&self) -> usize {
        self.found().known.len()
    }

    /// The ids of the unreadable rows of a table.
    pub(super) fn ids(&self, table: &str) -> Vec<i64> {
        self.found().known.iter().filter(|(of, _)| *of == table).map(|(_, id)| *id).collect()
    }

    /// The noted rows, each with the time when it was found.
    pub(super) fn listed(&self) -> Vec<(Timestamp, UnreadableRow)> {
        self.found().listed.clone()
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
