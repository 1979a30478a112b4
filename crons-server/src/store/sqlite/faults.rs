//! Faults of a database file, for tests above the store.

use std::path::Path;

use rusqlite::Connection;

/// Executes statements by a connection of its own, such as a trigger that refuses rows.
pub(crate) fn execute(path: &Path, statements: &str) {
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
}
