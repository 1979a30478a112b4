//! The database file of a test, for what no API of the server can do or show: faults (damaged rows, triggers that refuse, locks), rows of
//! a year that are put there in a moment, and the number of rows that were ever stored.
//!
//! Tests name the driver in this file only, and ask the API for anything that it answers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// A connection of its own to the file, beside the server's.
pub struct File(Connection);

impl File {
    pub fn open(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        // The server may be writing.
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        Self(connection)
    }

    /// Executes statements.
    pub fn execute(&self, statements: &str) {
        self.0.execute_batch(statements).unwrap();
    }

    /// Executes one statement, and returns the number of rows that it changed.
    pub fn change(&self, statement: &str) -> usize {
        self.0.execute(statement, []).unwrap()
    }

    /// The number that a query returns.
    pub fn number(&self, query: &str) -> i64 {
        self.0.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The text that a query returns.
    pub fn text(&self, query: &str) -> String {
        self.0.query_row(query, [], |row| row.get(0)).unwrap()
    }
}

/// The number of rows that refer to no row; `None` if the file cannot be read.
pub fn dangling_rows(path: &Path) -> Option<i64> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).ok()
}
