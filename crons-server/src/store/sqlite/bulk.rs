//! Writes of many rows with one statement: SQLite then looks for their place in table and indexes once, not for each of them.
//!
//! `OR FAIL` lets a rejected row end the statement and leaves the rows before it, which the rollback of the transaction undoes.
//! Otherwise SQLite would keep a copy of each page that a statement touches, twice of what a storm writes.

use rusqlite::Transaction;
use rusqlite::types::ToSqlOutput;

use crate::store::error::StoreError;

/// Rows of one statement, at most: a check-in of a batch of 512 may add two. Fewer are written by statements of 512, 256, … 1 rows, so
/// that there are not more than ten of them.
const MAX_ROWS: usize = 1_024;

/// Adds rows. `into` names the table and its columns; `then` is what follows the values, such as `ON CONFLICT …`.
pub(super) fn insert<const COLUMNS: usize>(
    transaction: &Transaction<'_>,
    into: &str,
    then: &str,
    mut rows: &[[ToSqlOutput<'_>; COLUMNS]],
) -> Result<(), StoreError> {
    let row = format!("({})", ["?"; COLUMNS].join(","));
    while !rows.is_empty() {
        let size = (1 << rows.len().ilog2()).min(MAX_ROWS);
        let (part, rest) = rows.split_at(size);
        let values = vec![row.as_str(); size].join(",");
        let mut statement =
            transaction.prepare_cached(&format!("INSERT OR FAIL INTO {into} VALUES {values} {then}"))?;
        for (number, value) in (1..).zip(part.iter().flatten()) {
            statement.raw_bind_parameter(number, value)?;
        }
        statement.raw_execute()?;
        rows = rest;
    }
    Ok(())
}

/// The row id after the largest one of a table.
pub(super) fn next_id(transaction: &Transaction<'_>, table: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
    Ok(transaction.prepare_cached(&sql)?.query_row([], |row| row.get(0))?)
}
