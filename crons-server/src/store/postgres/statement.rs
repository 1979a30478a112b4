//! A statement with its values, and the way in which several are sent together.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use deadpool_postgres::Object;
use futures_util::future::{MaybeDone, maybe_done};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};
use tokio_postgres::{Row, Statement as Prepared};

use super::parameter::Parameter;
use crate::store::error::StoreError;

/// A statement that can be sent later: its values are encoded already.
#[derive(Debug)]
pub(super) struct Statement {
    sql: String,
    values: Vec<(Encoded, Type)>,
}

/// A value in the binary form of PostgreSQL; `None` is `NULL`.
#[derive(Debug)]
struct Encoded(Option<BytesMut>);

impl Statement {
    /// Encodes the values of a statement.
    ///
    /// # Errors
    /// If a value is too long for PostgreSQL.
    pub(super) fn new(sql: impl Into<String>, values: &[&dyn Parameter]) -> Result<Self, StoreError> {
        let encode = |value: &&dyn Parameter| {
            let (sql_type, mut bytes) = (value.sql_type(), BytesMut::new());
            let is_null =
                value.value().to_sql_checked(&sql_type, &mut bytes).map_err(StoreError::unavailable)?;
            let encoded = Encoded(matches!(is_null, IsNull::No).then_some(bytes));
            Ok((encoded, sql_type))
        };
        let values = values.iter().map(encode).collect::<Result<_, StoreError>>()?;
        Ok(Self { sql: sql.into(), values })
    }

    /// A statement that adds rows, a list of values for each column. `then` is what follows, such as `ON CONFLICT …`.
    ///
    /// # Errors
    /// If a value is too long for PostgreSQL.
    pub(super) fn insert(
        table: &str,
        columns: &[(&str, &dyn Parameter)],
        then: &str,
    ) -> Result<Self, StoreError> {
        let (names, lists, values) = lists(columns);
        Self::new(format!("INSERT INTO {table} ({names}) SELECT * FROM {lists} {then}"), &values)
    }

    /// A statement that changes rows, a list of values for each column. The first column is the row id, which stays.
    ///
    /// # Errors
    /// If a value is too long for PostgreSQL.
    pub(super) fn update(table: &str, columns: &[(&str, &dyn Parameter)]) -> Result<Self, StoreError> {
        let (names, lists, values) = lists(columns);
        let set = columns.iter().skip(1).map(|(name, _)| format!("{name} = n.{name}"));
        let set = set.collect::<Vec<_>>().join(", ");
        let sql = format!("UPDATE {table} AS o SET {set} FROM {lists} AS n ({names}) WHERE o.id = n.id");
        Self::new(sql, &values)
    }

    /// Returns the prepared form of the statement, which each connection makes once; `None` for one without values, such as `COMMIT`.
    async fn prepare(&self, client: &Object) -> Result<Option<Prepared>, tokio_postgres::Error> {
        if self.values.is_empty() {
            return Ok(None);
        }
        let types: Vec<Type> = self.values.iter().map(|(_, sql_type)| sql_type.clone()).collect();
        client.prepare_typed_cached(&self.sql, &types).await.map(Some)
    }

    async fn send(&self, client: &Object, prepared: Option<Prepared>) -> Answer {
        let values =
            self.values.iter().map(|(value, sql_type)| (value as &(dyn ToSql + Sync), sql_type.clone()));
        match prepared {
            Some(prepared) => {
                client.query(&prepared, &values.map(|(value, _)| value).collect::<Vec<_>>()).await
            }
            None => client.query_typed(&self.sql, &values.collect::<Vec<_>>()).await,
        }
    }
}

/// The names of columns, the lists of their values as a table, and the values.
fn lists<'a>(columns: &[(&str, &'a dyn Parameter)]) -> (String, String, Vec<&'a dyn Parameter>) {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let lists = columns.iter().zip(1..).map(|((_, value), number)| value.in_sql(&format!("${number}")));
    let lists = lists.collect::<Vec<_>>().join(", ");
    (names.join(", "), format!("unnest({lists})"), columns.iter().map(|(_, value)| *value).collect())
}

impl ToSql for Encoded {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(bytes) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// The rows of a statement.
pub(super) type Answer = Result<Vec<Row>, tokio_postgres::Error>;

/// Sends statements together, and waits for all answers. Returns the rows of each, or its error, in the order of the statements; of a
/// transaction, the statements behind one that fails fail, too. If they are to be `prepared`, those with values are, once for the connection.
///
/// # Errors
/// If a statement cannot be prepared.
pub(super) async fn send_all(
    client: &Object,
    statements: &[Statement],
    prepared: bool,
) -> Result<Vec<Answer>, tokio_postgres::Error> {
    let mut answers: Vec<Pin<Box<MaybeDone<_>>>> = Vec::with_capacity(statements.len());
    for statement in statements {
        let plan = if prepared { statement.prepare(client).await? } else { None };
        answers.push(Box::pin(maybe_done(statement.send(client, plan))));
    }
    // A statement is sent when the future of its answer is polled first, so these are polled in order.
    poll_fn(|context| {
        let waiting = answers.iter_mut().filter_map(|answer| match answer.as_mut().poll(context) {
            Poll::Pending => Some(()),
            Poll::Ready(()) => None,
        });
        if waiting.count() == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    Ok(answers.iter_mut().filter_map(|answer| answer.as_mut().take_output()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::cluster;
    use crate::settings::{Backend, Database};
    use crate::store::postgres::PostgresStore;
    use crate::store::postgres::connector::connection;
    use crate::store::postgres::parameter::text;
    use crate::store::postgres::rows;
    use crate::store::postgres::session::ROUND_TRIPS;

    /// Runs a test on a store of a new database, if this machine has PostgreSQL; a second time on one whose statements are prepared.
    fn on_stores(test: impl Fn(&PostgresStore)) {
        for prepared in [false, true] {
            let Some(url) = cluster::new_database() else { return };
            let database: Database = format!("{url}&prepared={prepared}").parse().unwrap();
            let Backend::Postgres(url) = database.backend() else {
                panic!("{database} is not of PostgreSQL")
            };
            test(&PostgresStore::open(url).unwrap());
        }
    }

    fn setting(name: &str) -> Statement {
        Statement::insert("settings", &[("name", &vec![text(name)]), ("value", &vec![text("1")])], "")
            .unwrap()
    }

    fn settings(store: &PostgresStore) -> Vec<String> {
        let transaction = store.begin_writing().unwrap();
        let rows = transaction.session().unwrap().query("SELECT name FROM settings ORDER BY 1", &[]).unwrap();
        rows.iter().map(|row| rows::get(row, 0).unwrap()).collect()
    }

    fn round_trips<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = ROUND_TRIPS.get();
        let result = work();
        (result, ROUND_TRIPS.get() - before)
    }

    #[test]
    fn answers_are_in_the_order_of_their_statements() {
        on_stores(|store| {
            let transaction = store.begin_writing().unwrap();
            let session = transaction.session().unwrap();
            let value =
                |number: i64| Statement::new("SELECT $1, pg_sleep(0.01 * (3 - $1))", &[&number]).unwrap();
            let statements = [Some(value(1)), None, Some(value(2)), Some(value(3))];
            let (rows, trips) = round_trips(|| session.together(statements).unwrap());
            let rows =
                rows.map(|rows| rows.iter().map(|row| rows::get(row, 0).unwrap()).collect::<Vec<i64>>());
            assert_eq!((rows, trips), ([vec![1], vec![], vec![2], vec![3]], 1));
        });
    }

    #[test]
    fn what_is_left_for_later_is_sent_with_the_commit_or_before_the_next_answer() {
        on_stores(|store| {
            let transaction = store.begin_writing().unwrap();
            for name in ["a", "b"] {
                transaction.later(setting(name));
            }
            let count = || {
                let rows =
                    transaction.session().unwrap().query("SELECT count(*) FROM settings", &[]).unwrap();
                rows::get::<i64, _>(&rows[0], 0).unwrap()
            };
            assert_eq!(round_trips(count), (2, 2));
            transaction.later(setting("c"));
            let ((), trips) = round_trips(|| transaction.commit_all().unwrap());
            assert_eq!((trips, settings(store)), (1, ["a", "b", "c"].map(ToOwned::to_owned).to_vec()));
        });
    }

    #[test]
    fn a_commit_whose_statements_fail_stores_nothing_and_has_the_error_of_the_first_of_them() {
        on_stores(|store| {
            let transaction = store.begin_writing().unwrap();
            for statement in
                [setting("a"), setting("a"), Statement::new("nonsense", &[]).unwrap(), setting("b")]
            {
                transaction.later(statement);
            }
            let error = transaction.commit_all().unwrap_err();
            assert!(matches!(error, StoreError::Refused(_)), "{error}");
            assert!(error.to_string().contains("settings_pkey"), "{error}");
            assert!(settings(store).is_empty());
            // A transaction that is dropped sends nothing of it.
            let transaction = store.begin_writing().unwrap();
            transaction.later(setting("a"));
            drop(transaction);
            assert!(settings(store).is_empty());
        });
    }

    #[test]
    fn a_transaction_waits_for_one_whose_connection_was_lost() {
        on_stores(|store| {
            // A connection that is at work for a client that is gone: it holds the lock of the transactions, and has not committed yet.
            let lost = store.begin_writing().unwrap();
            lost.session().unwrap().send(&[setting("a")]).unwrap();
            let other = store.connector.pool(1).unwrap();
            let sql = format!(
                "SELECT pg_try_advisory_xact_lock(hashtext('crons transactions of {}'))::int::bigint",
                store.connector.schema
            );
            let is_free = || {
                let row = store
                    .executor
                    .wait(async { Ok(connection(&other).await?.query_typed_one(&sql, &[]).await?) });
                rows::get::<i64, _>(&row.unwrap(), 0).unwrap()
            };
            assert_eq!(is_free(), 0);
            lost.commit_all().unwrap();
            assert_eq!((is_free(), settings(store)), (1, vec!["a".to_owned()]));
        });
    }
}
