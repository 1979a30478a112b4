//! The tables of an SQLite file, row by row, for copies to and from other databases.

use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, params, params_from_iter};
use uuid::Uuid;

use super::connection::SqliteStore;
use super::rows::StoredRow;
use crate::store::error::StoreError;
use crate::store::tables::{Kind, Table, Tables, Value};

impl Tables for SqliteStore {
    fn rows_after(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let (columns, key) = (table.all_names(), table.names(table.key));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let behind = match after {
            Some(_) => format!("WHERE ({key}) > ({})", vec!["?"; table.key].join(", ")),
            None => String::new(),
        };
        let sql = format!("SELECT {columns} FROM {} {behind} ORDER BY {key} LIMIT {limit}", table.name);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let key = after.unwrap_or_default().iter().map(bound);
        let found = statement.query_map(params_from_iter(key), |row| read(table, row))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError> {
        let key = table.names(table.key);
        let descending = key.replace(", ", " DESC, ");
        let sql =
            format!("SELECT {} FROM {} ORDER BY {descending} DESC LIMIT 1", table.all_names(), table.name);
        let last = self.connection.query_row(&sql, [], |row| read(table, row)).optional()?;
        Ok(last.map(|mut row| {
            row.truncate(table.key);
            row
        }))
    }

    fn add(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            let values = row.iter().zip(table.columns).map(|(value, (_, kind))| match kind {
                Kind::Trace if Some(value) == row.get(1) => ToSqlOutput::Borrowed(ValueRef::Blob(&[])),
                _ => bound(value),
            });
            let places = vec!["?"; table.columns.len()].join(", ");
            let sql = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, table.all_names());
            transaction.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        }
        Ok(transaction.commit()?)
    }

    fn stored_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT value FROM settings WHERE name = ?1";
        Ok(self.connection.query_row(sql, [name], |row| row.get(0)).optional()?)
    }

    fn store_setting(&mut self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        match value {
            Some(value) => {
                let sql = "INSERT INTO settings (name, value) VALUES (?1, ?2)
                           ON CONFLICT DO UPDATE SET value = excluded.value";
                self.connection.execute(sql, params![name, value])?
            }
            None => self.connection.execute("DELETE FROM settings WHERE name = ?1", [name])?,
        };
        Ok(())
    }

    /// Does nothing: a new row has the id behind the largest one.
    fn continue_ids(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn read(table: &Table, row: &Row<'_>) -> rusqlite::Result<Vec<Value>> {
    let mut values: Vec<Value> = Vec::with_capacity(table.columns.len());
    for (column, (_, kind)) in table.columns.iter().enumerate() {
        let value = match kind {
            Kind::Integer => row.integer(column)?.map(Value::Integer),
            Kind::Boolean => row.boolean(column)?.map(Value::Boolean),
            Kind::Text => row.text(column)?.map(Value::text),
            Kind::Id => StoredRow::uuid(row, column)?.map(Value::Id),
            Kind::Trace => {
                let run = if let Some(Value::Id(run)) = values.get(1) { *run } else { Uuid::nil() };
                row.trace(column, run)?.map(Value::Id)
            }
            Kind::Bytes => row.get::<_, Option<Vec<u8>>>(column)?.map(Value::Bytes),
        };
        values.push(value.unwrap_or(Value::Null));
    }
    Ok(values)
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null => Null.into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Id(id) => id.as_bytes().as_slice().into(),
        Value::Bytes(bytes) => bytes.as_slice().into(),
    }
}

#[cfg(test)]
impl SqliteStore {
    /// Executes statements.
    pub(crate) fn execute(&self, statements: &str) {
        self.connection.execute_batch(statements).unwrap();
    }

    /// The columns of all tables that are not `known`.
    pub(crate) fn columns_beside(&self, known: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let sql = "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name) c
                   WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'";
        let mut statement = self.connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        let columns = rows.unwrap().map(Result::unwrap);
        columns
            .filter(|(table, column)| !known(table, column))
            .map(|(table, column)| format!("{table}.{column}"))
            .collect()
    }
}
