//! The tables of a schema of PostgreSQL, row by row, for copies to and from other databases.

use tokio_postgres::Row;

use super::connection::{PostgresStore, PostgresTransaction};
use super::parameter::{Parameter, Text, text};
use super::rows::{self, Fault, StoredRow};
use super::session::column;
use crate::store::error::StoreError;
use crate::store::tables::{Kind, TABLES, Table, Tables, Value};

impl Tables for PostgresStore {
    fn rows_after(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let (columns, key) = (table.all_names(), table.names(table.key));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let places: Vec<String> = (1..=table.key).map(|number| format!("${number}")).collect();
        let behind = match after {
            Some(_) => format!("WHERE ({key}) > ({})", places.join(", ")),
            None => String::new(),
        };
        let sql = format!("SELECT {columns} FROM {} {behind} ORDER BY {key} LIMIT {limit}", table.name);
        let key: Vec<Box<dyn Parameter + '_>> = after.unwrap_or_default().iter().map(parameter).collect();
        let key: Vec<&dyn Parameter> = key.iter().map(|value| &**value).collect();
        let found = self.begin_writing()?.session()?.query(&sql, &key)?;
        Ok(found.iter().map(|row| read(table, row)).collect::<Result<_, _>>()?)
    }

    fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError> {
        let descending = table.names(table.key).replace(", ", " DESC, ");
        let sql =
            format!("SELECT {} FROM {} ORDER BY {descending} DESC LIMIT 1", table.all_names(), table.name);
        let last = self.begin_writing()?.session()?.query_first(&sql, &[])?;
        let last = last.map(|row| read(table, &row)).transpose()?;
        Ok(last.map(|mut row| {
            row.truncate(table.key);
            row
        }))
    }

    fn add(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        self.change(|transaction| {
            let lists: Vec<_> = (0..table.columns.len()).map(|place| list(table, rows, place)).collect();
            let columns = table.columns.iter().zip(&lists);
            let columns: Vec<(&str, &dyn Parameter)> =
                columns.map(|((name, _), list)| (*name, &**list)).collect();
            transaction.session()?.insert(table.name, &columns, "")?;
            Ok(())
        })
    }

    fn stored_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let transaction = self.begin_writing()?;
        let sql = "SELECT value FROM settings WHERE name = $1";
        let row = transaction.session()?.query_first(sql, &[&text(name)])?;
        Ok(row.map(|row| rows::get(&row, 0)).transpose()?)
    }

    fn store_setting(&mut self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.change(|transaction| {
            let session = transaction.session()?;
            match value {
                Some(value) => {
                    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2)
                               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
                    session.execute(sql, &[&text(name), &text(value)])?
                }
                None => session.execute("DELETE FROM settings WHERE name = $1", &[&text(name)])?,
            };
            Ok(())
        })
    }

    fn continue_ids(&mut self) -> Result<(), StoreError> {
        self.change(|transaction| {
            for table in TABLES.iter().filter(|table| table.columns[0].0 == "id") {
                let name = table.name;
                let sql = format!(
                    "SELECT setval(pg_get_serial_sequence('{name}', 'id'), greatest(max(id), 1)) FROM {name}"
                );
                transaction.session()?.query(&sql, &[])?;
            }
            Ok(())
        })
    }
}

impl PostgresStore {
    /// Runs `work` in a transaction of its own.
    fn change(
        &self,
        work: impl FnOnce(&PostgresTransaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let transaction = self.begin_writing()?;
        work(&transaction)?;
        transaction.commit_all()
    }
}

fn read(table: &Table, row: &Row) -> Result<Vec<Value>, Fault> {
    let kinds = table.columns.iter().map(|(_, kind)| *kind).enumerate();
    let values = kinds.map(|(column, kind)| {
        let value = match kind {
            Kind::Integer => row.integer(column)?.map(Value::Integer),
            Kind::Boolean => row.boolean(column)?.map(Value::Boolean),
            Kind::Text => row.text(column)?.map(Value::text),
            Kind::Id | Kind::Trace => row.uuid(column)?.map(Value::Id),
            Kind::Bytes => row.bytes(column)?.map(|bytes| Value::Bytes(bytes.to_vec())),
        };
        Ok(value.unwrap_or(Value::Null))
    });
    values.collect()
}

fn parameter(value: &Value) -> Box<dyn Parameter + '_> {
    match value {
        Value::Null => Box::new(None::<i64>),
        Value::Integer(number) => Box::new(*number),
        Value::Boolean(value) => Box::new(*value),
        Value::Text(value) => Box::new(text(value)),
        Value::Id(id) => Box::new(*id),
        Value::Bytes(bytes) => Box::new(bytes.clone()),
    }
}

/// The values of a column as one parameter.
fn list<'a>(table: &Table, rows: &'a [Vec<Value>], place: usize) -> Box<dyn Parameter + 'a> {
    match table.columns[place].1 {
        Kind::Integer => Box::new(column(rows, |row| match row[place] {
            Value::Integer(number) => Some(number),
            _ => None,
        })),
        Kind::Boolean => Box::new(column(rows, |row| match row[place] {
            Value::Boolean(value) => Some(value),
            _ => None,
        })),
        Kind::Text => {
            let texts = rows.iter().map(|row| match &row[place] {
                Value::Text(value) => Some(text(value)),
                _ => None,
            });
            Box::new(texts.collect::<Vec<Option<Text<'a>>>>())
        }
        Kind::Id | Kind::Trace => Box::new(column(rows, |row| match row[place] {
            Value::Id(id) => Some(id),
            _ => None,
        })),
        Kind::Bytes => Box::new(column(rows, |row| match &row[place] {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        })),
    }
}
