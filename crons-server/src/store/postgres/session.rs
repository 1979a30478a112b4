//! Statements of an open transaction, by blocking calls.

use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::Row;

use super::executor::Executor;
use super::parameter::Parameter;
use super::statement::{Answer, Statement, send_all};
use crate::store::error::StoreError;

#[cfg(test)]
thread_local! {
    /// The number of statements that this thread has sent in transactions.
    pub(super) static STATEMENTS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    /// The number of times that it has waited for the answers of such statements.
    pub(super) static ROUND_TRIPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A connection that is in a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(super) executor: &'a Executor,
    pub(super) client: &'a Object,
    /// Whether statements with values that are sent together are prepared once for the connection.
    pub(super) prepared: bool,
}

impl Session<'_> {
    /// The rows of a statement.
    pub(super) fn query(&self, sql: &str, parameters: &[&dyn Parameter]) -> Result<Vec<Row>, StoreError> {
        let parameters: Vec<_> = parameters.iter().map(|value| (value.value(), value.sql_type())).collect();
        count(1);
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
        count(1);
        self.executor.wait(async { Ok(self.client.execute_typed(sql, &parameters).await?) })
    }

    /// Adds rows by one statement, a list of values for each column. `then` is what follows, such as `ON CONFLICT …`.
    pub(super) fn insert(
        &self,
        table: &str,
        columns: &[(&str, &dyn Parameter)],
        then: &str,
    ) -> Result<(), StoreError> {
        self.send(&[Statement::insert(table, columns, then)?])?;
        Ok(())
    }

    /// The rows of statements that do not need one another's answers: they are sent together, and executed in order. `None` has no rows.
    ///
    /// # Errors
    /// The error of the first one that fails.
    pub(super) fn together<const N: usize>(
        &self,
        statements: [Option<Statement>; N],
    ) -> Result<[Vec<Row>; N], StoreError> {
        let is_sent = statements.each_ref().map(Option::is_some);
        let sent: Vec<Statement> = statements.into_iter().flatten().collect();
        let mut answers = self.send(&sent)?.into_iter();
        Ok(is_sent.map(|is_sent| is_sent.then(|| answers.next()).flatten().unwrap_or_default()))
    }

    /// Sends statements together. Returns the rows of each.
    ///
    /// # Errors
    /// The error of the first one that fails.
    pub(super) fn send(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.answers(self.executor.answer_limit(), statements)?;
        Ok(answers.into_iter().collect::<Result<_, _>>()?)
    }

    /// Sends statements together. Returns the rows of each, or its error.
    ///
    /// # Errors
    /// If there is no answer within the limit, or a statement cannot be prepared.
    pub(super) fn answers(
        &self,
        limit: Duration,
        statements: &[Statement],
    ) -> Result<Vec<Answer>, StoreError> {
        count(statements.len());
        self.executor.wait_for(limit, async { Ok(send_all(self.client, statements, self.prepared).await?) })
    }
}

/// The values of a column of rows.
pub(super) fn column<T, V>(rows: &[T], value: impl Fn(&T) -> V) -> Vec<V> {
    rows.iter().map(value).collect()
}

/// Counts statements that are sent together, in tests.
fn count(statements: usize) {
    #[cfg(test)]
    {
        STATEMENTS.set(STATEMENTS.get() + statements);
        ROUND_TRIPS.set(ROUND_TRIPS.get() + 1);
    }
    #[cfg(not(test))]
    let _ = statements;
}
