//! The transfer of all rows from one database to another, which can be run again after a break, and ends with a comparison.

use std::fmt::Write as _;

use ring::digest::{Context, SHA256};

use super::backend::open_tables;
use super::error::StoreError;
use super::tables::{MOVING_FROM, TABLES, Table, Tables, Value};
use crate::settings::Database;

/// Rows that are copied in one transaction.
const CHUNK: usize = 5_000;

/// A table whose rows are the same in both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the doc of the struct names each field")]
pub struct MovedTable {
    pub name: &'static str,
    pub rows: u64,
    /// The SHA-256 of all rows, in hexadecimal digits.
    pub checksum: String,
}

/// Copies all rows of the database `from` to the new database `to`, and compares them. No server may use either; a transfer that was
/// interrupted goes on where it was. `progress` is told the table and the rows that have been copied by this call.
///
/// # Errors
/// If a database cannot be used or is served, if `to` has rows of its own, or if the rows differ at the end, as the source was changed
/// after a break.
pub fn move_database(
    from: &Database,
    to: &Database,
    mut progress: impl FnMut(&'static str, u64),
) -> Result<Vec<MovedTable>, StoreError> {
    if from == to {
        return Err(StoreError::refused("source and target are the same database; name two"));
    }
    let named = |database: &Database, error: StoreError| match error {
        StoreError::Refused(cause) => StoreError::refused(format!("{database}: {cause}")),
        error => error,
    };
    let mut source = open_tables(from).map_err(|error| named(from, error))?;
    if let Some(unfinished) = source.stored_setting(MOVING_FROM)? {
        return Err(StoreError::refused(format!(
            "{from} is itself an unfinished copy of {unfinished}; finish that first"
        )));
    }
    if !has_rows(&mut *source)? {
        return Err(StoreError::refused(format!("{from} has no rows; name the database of a server")));
    }
    let mut target = open_tables(to).map_err(|error| named(to, error))?;
    let proceed = |table, rows| {
        progress(table, rows);
        Ok(())
    };
    transfer(&mut *source, &mut *target, &from.to_string(), CHUNK, proceed).map_err(|error| named(to, error))
}

/// Returns whether a database has rows of its own. Each new one has the monitor of deleted environments, whose row id is 0.
fn has_rows(tables: &mut dyn Tables) -> Result<bool, StoreError> {
    for table in TABLES {
        if tables.last_key(table)?.is_some_and(|key| key != [Value::Integer(0)]) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Copies in steps of `chunk` rows. `progress` may end it.
fn transfer(
    source: &mut dyn Tables,
    target: &mut dyn Tables,
    name: &str,
    chunk: usize,
    mut progress: impl FnMut(&'static str, u64) -> Result<(), StoreError>,
) -> Result<Vec<MovedTable>, StoreError> {
    match target.stored_setting(MOVING_FROM)? {
        Some(other) if other == name => {}
        Some(other) => {
            return Err(StoreError::refused(format!(
                "it has a part of {other}; go on with that one, or name a new database"
            )));
        }
        None => {
            refuse_filled(target)?;
            target.store_setting(MOVING_FROM, Some(name))?;
        }
    }
    for table in TABLES {
        copy(source, target, table, chunk, &mut progress)?;
    }
    target.continue_ids()?;
    let mut moved = Vec::new();
    for table in TABLES {
        let (of_source, of_target) = (sum(source, table, chunk)?, sum(target, table, chunk)?);
        if of_source != of_target {
            return Err(StoreError::refused(format!(
                "the table {} differs: {} rows in the source, {} here; the source was changed after a break, so delete this database and \
                 begin again",
                table.name, of_source.rows, of_target.rows
            )));
        }
        moved.push(of_source);
    }
    target.store_setting(MOVING_FROM, None)?;
    Ok(moved)
}

/// Refuses a target that has rows of its own. Each new database has the monitor of deleted environments, whose row id is 0.
fn refuse_filled(target: &mut dyn Tables) -> Result<(), StoreError> {
    for table in TABLES {
        let last = target.last_key(table)?;
        if last.is_some_and(|key| key != [Value::Integer(0)]) {
            return Err(StoreError::refused(format!(
                "it is not empty: the table {} has rows; name a new database",
                table.name
            )));
        }
    }
    Ok(())
}

fn copy(
    source: &mut dyn Tables,
    target: &mut dyn Tables,
    table: &Table,
    chunk: usize,
    progress: &mut impl FnMut(&'static str, u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let is_settings = table.name == "settings";
    // The mark of this transfer is among the settings, so their last key says nothing. They are few, and copied at once.
    let mut last = if is_settings { None } else { target.last_key(table)? };
    let mut copied = 0;
    loop {
        let mut rows = source.rows_after(table, last.as_deref(), chunk)?;
        let Some(row) = rows.last() else { return Ok(()) };
        last = Some(row[..table.key].to_vec());
        if is_settings {
            let there = target.rows_after(table, None, usize::MAX)?;
            rows.retain(|row| there.iter().all(|other| other[0] != row[0]));
        }
        target.add(table, &rows)?;
        copied += rows.len() as u64;
        progress(table.name, copied)?;
    }
}

/// Counts and sums up the rows of a table, without the mark of a transfer.
fn sum(tables: &mut dyn Tables, table: &Table, chunk: usize) -> Result<MovedTable, StoreError> {
    let (mut count, mut digest, mut last) = (0, Context::new(&SHA256), None::<Vec<Value>>);
    loop {
        let rows = tables.rows_after(table, last.as_deref(), chunk)?;
        let Some(row) = rows.last() else { break };
        last = Some(row[..table.key].to_vec());
        for row in rows {
            if table.name == "settings" && row[0] == Value::text(MOVING_FROM) {
                continue;
            }
            count += 1;
            for value in &row {
                let (kind, bytes) = value.encoded();
                digest.update(&[kind]);
                digest.update(&(bytes.len() as u64).to_be_bytes());
                digest.update(&bytes);
            }
        }
    }
    let mut checksum = String::new();
    for byte in digest.finish().as_ref() {
        let _ = write!(checksum, "{byte:02x}");
    }
    Ok(MovedTable { name: table.name, rows: count, checksum })
}

#[cfg(test)]
mod tests {
    use super::super::SqliteStore;
    use super::*;

    /// A database with as many outages.
    fn filled(outages: i64) -> SqliteStore {
        let mut store = SqliteStore::in_memory().unwrap();
        let outages: Vec<_> = (1..=outages).map(|id| vec![Value::Integer(id); 3]).collect();
        store.add(table("outages"), &outages).unwrap();
        store
    }

    fn table(name: &str) -> &'static Table {
        TABLES.iter().find(|table| table.name == name).unwrap()
    }

    /// Copies in steps of two rows, and fails after as many steps.
    fn interrupted_after(
        steps: u32,
        source: &mut SqliteStore,
        target: &mut SqliteStore,
    ) -> Result<Vec<MovedTable>, StoreError> {
        let mut done = 0;
        transfer(source, target, "sqlite:source.db", 2, |_, _| {
            done += 1;
            if done == steps { Err(StoreError::refused("interrupted")) } else { Ok(()) }
        })
    }

    #[test]
    fn a_transfer_that_was_interrupted_goes_on() {
        for steps in 1..=4 {
            let (mut source, mut target) = (filled(7), SqliteStore::in_memory().unwrap());
            interrupted_after(steps, &mut source, &mut target).unwrap_err();
            assert!(
                target.stored_setting(MOVING_FROM).unwrap().is_some(),
                "no server takes it for a whole one"
            );
            let moved = interrupted_after(0, &mut source, &mut target).unwrap();
            let outages = moved.iter().find(|table| table.name == "outages").unwrap();
            assert_eq!(outages.rows, 7, "interrupted after {steps} steps");
            assert_eq!(target.stored_setting(MOVING_FROM).unwrap(), None);
        }
    }

    #[test]
    fn a_source_that_was_changed_after_a_break_is_noticed() {
        let (mut source, mut target) = (filled(7), SqliteStore::in_memory().unwrap());
        interrupted_after(2, &mut source, &mut target).unwrap_err();
        source.execute("UPDATE outages SET until = 100 WHERE id = 1");
        let refused = interrupted_after(0, &mut source, &mut target).unwrap_err().to_string();
        assert!(refused.starts_with("the table outages differs: 7 rows in the source, 7 here"), "{refused}");
    }

    #[test]
    fn a_target_with_rows_of_its_own_or_of_another_transfer_is_refused() {
        let (mut source, mut target) = (filled(3), filled(1));
        let refused = interrupted_after(0, &mut source, &mut target).unwrap_err().to_string();
        assert_eq!(refused, "it is not empty: the table outages has rows; name a new database");
        let mut target = SqliteStore::in_memory().unwrap();
        target.store_setting(MOVING_FROM, Some("sqlite:other.db")).unwrap();
        let refused = interrupted_after(0, &mut source, &mut target).unwrap_err().to_string();
        assert_eq!(refused, "it has a part of sqlite:other.db; go on with that one, or name a new database");
    }

    #[test]
    fn all_columns_of_all_tables_are_copied() {
        let store = SqliteStore::in_memory().unwrap();
        let not_copied = store.columns_beside(|table, column| {
            TABLES
                .iter()
                .any(|known| known.name == table && known.columns.iter().any(|(name, _)| *name == column))
        });
        assert_eq!(not_copied, Vec::<String>::new());
    }
}
