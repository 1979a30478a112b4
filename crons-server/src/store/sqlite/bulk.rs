//! Many rows with one statement: SQLite then looks for their place in table and indexes once, not for each of them.
//!
//! `OR FAIL`, as a part of them never stays: whoever saves them has a mark to go back to. Otherwise SQLite would keep a copy
//! of each page that a statement touches, twice of what a storm writes.

use rusqlite::Transaction;
use rusqlite::types::ToSqlOutput;

use crate::store::error::StoreError;

/// Rows of one statement: more of them gain nothing.
const ROWS: usize = 50;

/// Adds rows; `into` names the table and its columns.
pub(super) fn insert<const COLUMNS: usize>(
    transaction: &Transaction<'_>,
    into: &str,
    rows: &[[ToSqlOutput<'_>; COLUMNS]],
) -> Result<(), StoreError> {
    let (many, rest) = rows.split_at(rows.len() - rows.len() % ROWS);
    run(transaction, into, many, ROWS)?;
    run(transaction, into, rest, 1)
}

fn run<const COLUMNS: usize>(
    transaction: &Transaction<'_>,
    into: &str,
    rows: &[[ToSqlOutput<'_>; COLUMNS]],
    at_once: usize,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let row = format!("({})", ["?"; COLUMNS].join(", "));
    let mut statement = transaction
        .prepare_cached(&format!("INSERT OR FAIL INTO {into} VALUES {}", vec![row; at_once].join(", ")))?;
    for rows in rows.chunks_exact(at_once) {
        for (number, value) in (1..).zip(rows.iter().flatten()) {
            statement.raw_bind_parameter(number, value)?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}
