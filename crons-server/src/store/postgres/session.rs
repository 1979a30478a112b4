//! Statements of an open transaction, by blocking calls.

use deadpool_postgres::tokio_postgres::Client;
use tokio_postgres::Row;

use super::executor::Executor;
use super::parameter::Parameter;
use crate::store::error::StoreError;

#[cfg(test)]
thread_local! {
    /// The number of statements that this thread has sent in transactions.
    pub(super) static STATEMENTS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A connection that is in a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(super) executor: &'a Executor,
    pub(super) client: &'a Client,
}

impl Session<'_> {
    /// The rows of a statement.
    pub(super) fn query(&self, sql: &str, parameters: &[&dyn Parameter]) -> Result<Vec<Row>, StoreError> {
        let parameters: Vec<_> = parameters.iter().map(|value| (value.value(), value.sql_type())).collect();
        count_statement();
        self.executor.wait(async { Ok(self.client.query_typed(sql, &parameters).await?) })
    }

    /// The first row of a statement; `None` if it has none.
    pub(super) fn query_first(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, parameters)?.into_iter().next())
    }

    /// Executes a statement. Returns the number of rows that it has changed.
    pub(super) fn execute(&self, sql: &str, parameters: &[&dyn Parameter]) -> Result<u64, StoreError> {
        let parameters: Vec<_> = parameters.iter().map(|value| (value.value(), value.sql_type())).collect();
        count_statement();
        self.executor.wait(async { Ok(self.client.execute_typed(sql, &parameters).await?) })
    }

    /// Adds rows by one statement, a list of values for each column. `then` is what follows, such as `ON CONFLICT …`.
    pub(super) fn insert(
        &self,
        table: &str,
        columns: &[(&str, &dyn Parameter)],
        then: &str,
    ) -> Result<u64, StoreError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let places: Vec<String> = (1..=columns.len()).map(|number| format!("${number}")).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT * FROM unnest({}) {then}",
            names.join(", "),
            places.join(", ")
        );
        let values: Vec<&dyn Parameter> = columns.iter().map(|(_, value)| *value).collect();
        self.execute(&sql, &values)
    }
}

/// The values of a column of rows.
pub(super) fn column<T, V>(rows: &[T], value: impl Fn(&T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

/// Counts a statement in tests.
fn count_statement() {
    #[cfg(test)]
    STATEMENTS.set(STATEMENTS.get() + 1);
}
