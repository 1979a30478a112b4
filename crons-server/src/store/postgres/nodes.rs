//! The table `nodes`, which lists the servers that run on a schema, and what each of them tells the others.

use std::time::Duration;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, SimpleQueryMessage};

use super::connector::connection;
use crate::store::error::StoreError;
use crate::store::node::{Duty, Node};

/// The row of `settings` with the last heartbeat, in microseconds.
pub(super) const LAST_SEEN: &str = "heard_until";
/// The later one of two heartbeats, in SQL, of the row `s` and the row that is to be written: servers write in any order. One that is over a minute ahead is left
/// from a clock that was ahead.
pub(super) const LATER_HEARTBEAT: &str =
    "CASE WHEN s.value::bigint BETWEEN excluded.value::bigint AND excluded.value::bigint + 60000000
     THEN s.value ELSE excluded.value END";
/// The interval at which a server says that it is there, and until when all that it received is stored.
pub(super) const PUBLISH_INTERVAL: Duration = Duration::from_millis(250);
/// The time after which a server is deleted that says nothing, in SQL.
const EXPIRES_AFTER: &str = "INTERVAL '4 s'";

/// The time for which it counts that a server has said that it is there, in SQL.
const RECENT: &str = "INTERVAL '2 s'";

/// The time after which a program that says nothing may have been killed, in SQL: it says something four times a second.
const SILENT: &str = "INTERVAL '1 s'";

/// A program in the list beside which another one cannot run.
pub(super) struct OtherProgram {
    pub(super) name: String,
    /// Whether the program has said nothing for a while. If it was killed, it is deleted from the list in some seconds.
    pub(super) is_silent: bool,
}

/// The servers of a schema.
pub(super) struct Nodes {
    pub(super) pool: Pool,
    pub(super) schema: String,
}

/// The answer to a server that has said how far it is.
pub(super) struct Published {
    /// The servers in the list. If this one is not among them, it has to join again.
    pub(super) nodes: Vec<Node>,
    pub(super) evaluated_through: Option<Timestamp>,
    /// Whether a duty is nobody's.
    pub(super) has_vacancy: bool,
    /// The clock of the database; `None` if no server is in the list.
    pub(super) clock: Option<Timestamp>,
}

impl Nodes {
    /// Adds this server to the list. Returns its row id, or the program beside which it cannot run. A transfer runs beside no server.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn join(
        &self,
        name: &str,
        is_transfer: bool,
        watermark: Option<Timestamp>,
    ) -> Result<Result<i64, OtherProgram>, StoreError> {
        let guard = CloseOnDrop::new(&self.pool).await?;
        let client = guard.client()?;
        client.batch_execute(&format!("{}; {}", self.begin(), remove_nodes(None))).await?;
        let row = client
            .query_typed_opt(
                &format!(
                    "SELECT name, expires_at - {EXPIRES_AFTER} < clock_timestamp() - {SILENT} FROM nodes WHERE is_transfer OR $1
                     ORDER BY id LIMIT 1"
                ),
                &[(&is_transfer, Type::BOOL)],
            )
            .await?;
        if let Some(row) = row {
            let other = OtherProgram { name: row.try_get(0)?, is_silent: row.try_get(1)? };
            client.batch_execute("COMMIT").await?;
            guard.ended();
            return Ok(Err(other));
        }
        let sql = format!(
            "INSERT INTO nodes (name, expires_at, is_transfer, watermark, takes_targets)
             VALUES ($1, clock_timestamp() + {EXPIRES_AFTER}, $2, $3, TRUE)
             RETURNING id"
        );
        let watermark = watermark.map(Timestamp::as_microsecond);
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&name, Type::TEXT), (&is_transfer, Type::BOOL), (&watermark, Type::INT8)];
        let added = client.query_typed(&sql, &values).await?;
        let row = added.first().ok_or_else(|| StoreError::unavailable("a row that was added is missing"))?;
        let id: i64 = row.try_get(0)?;
        client.batch_execute("COMMIT").await?;
        guard.ended();
        Ok(Ok(id))
    }

    /// Tells the others the watermark of this server; and that it is there, unless it `hangs`.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn publish(
        &self,
        id: i64,
        watermark: Option<Timestamp>,
        was_cut: bool,
        hangs: bool,
    ) -> Result<Published, StoreError> {
        let guard = CloseOnDrop::new(&self.pool).await?;
        let client = guard.client()?;
        let schema = &self.schema;
        let sql = format!(
            "WITH this AS (
                UPDATE {schema}.nodes SET watermark = greatest(watermark, $2), was_cut = $3,
                    expires_at = CASE WHEN $4 THEN expires_at ELSE clock_timestamp() + {EXPIRES_AFTER} END
                WHERE id = $1
             )
             SELECT n.id, n.name, (extract(epoch FROM n.started_at) * 1000000)::bigint, n.watermark,
                n.id <> $1 AND n.expires_at < clock_timestamp(),
                n.watermark IS NOT NULL AND NOT n.was_cut AND n.expires_at - {EXPIRES_AFTER} > clock_timestamp() - {RECENT},
                ARRAY(SELECT d.name FROM {schema}.duties d WHERE d.node = n.id),
                ARRAY(SELECT t.target FROM {schema}.target_leases t WHERE t.node = n.id ORDER BY 1),
                (SELECT evaluated_through FROM {schema}.evaluation),
                EXISTS (SELECT FROM {schema}.duties WHERE node IS NULL OR node NOT IN (SELECT id FROM {schema}.nodes)),
                (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
             FROM {schema}.nodes n ORDER BY n.id"
        );
        let watermark = watermark.map(Timestamp::as_microsecond);
        let values: [(&(dyn ToSql + Sync), Type); 4] =
            [(&id, Type::INT8), (&watermark, Type::INT8), (&was_cut, Type::BOOL), (&hangs, Type::BOOL)];
        let found = client.query_typed(&sql, &values).await?;
        guard.ended();
        let nodes = found.iter().map(|row| node(row, id)).collect::<Result<_, StoreError>>()?;
        let Some(first) = found.first() else {
            return Ok(Published { nodes, evaluated_through: None, has_vacancy: false, clock: None });
        };
        Ok(Published {
            nodes,
            evaluated_through: first.try_get::<_, Option<i64>>(8)?.and_then(instant),
            has_vacancy: first.try_get(9)?,
            clock: instant(first.try_get(10)?),
        })
    }

    /// Deletes servers that have not said for a while that they are there, and gives this one the duties that are nobody's, `most` at most.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn upkeep(&self, id: i64, most: i64) -> Result<(), StoreError> {
        self.run(&format!("{}; {}", remove_nodes(None), take_duties(id, most))).await
    }

    /// Stores that the deadlines of all minutes up to this one are evaluated, if that is still this server's duty.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn store_evaluated(&self, id: i64, minute: Timestamp) -> Result<(), StoreError> {
        let guard = CloseOnDrop::new(&self.pool).await?;
        let schema = &self.schema;
        let sql = format!(
            "INSERT INTO {schema}.evaluation (evaluated_through)
             SELECT $2 WHERE EXISTS (SELECT FROM {schema}.duties WHERE name = 'deadlines' AND node = $1)
             ON CONFLICT (id) DO UPDATE SET evaluated_through = excluded.evaluated_through"
        );
        let values: [(&(dyn ToSql + Sync), Type); 2] =
            [(&id, Type::INT8), (&minute.as_microsecond(), Type::INT8)];
        guard.client()?.execute_typed(&sql, &values).await?;
        guard.ended();
        Ok(())
    }

    /// Deletes this server from the list.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn leave(&self, id: i64) -> Result<(), StoreError> {
        self.run(&remove_nodes(Some(id))).await
    }

    /// Runs statements in a transaction.
    async fn run(&self, statements: &str) -> Result<(), StoreError> {
        let guard = CloseOnDrop::new(&self.pool).await?;
        guard.client()?.batch_execute(&format!("{}; {statements}; COMMIT", self.begin())).await?;
        guard.ended();
        Ok(())
    }

    fn begin(&self) -> String {
        format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path TO {}; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '30s';
             SET LOCAL idle_in_transaction_session_timeout = '3s'; {}",
            self.schema,
            Lock::Exclusive.statement(&self.schema)
        )
    }
}

/// A connection that is closed unless it has [answered](Self::ended): after a wait that was given up, or within a transaction, it is of no use to others.
struct CloseOnDrop(Option<deadpool_postgres::Object>);

impl CloseOnDrop {
    async fn new(pool: &Pool) -> Result<Self, StoreError> {
        Ok(Self(Some(connection(pool).await?)))
    }

    fn client(&self) -> Result<&Client, StoreError> {
        let client = self.0.as_ref().map(|client| &***client);
        client.ok_or_else(|| StoreError::unavailable("the connection is closed"))
    }

    /// Keeps the connection.
    fn ended(mut self) {
        drop(self.0.take());
    }
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(deadpool_postgres::Object::take(client));
        }
    }
}

/// The lock of a schema, which each transaction has until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// No other transaction runs meanwhile.
    Exclusive,
    /// Others with a shared lock run meanwhile: they lock the monitors whose rows they read and write.
    Shared,
}

impl Lock {
    /// The statement that takes the lock. It waits for all transactions that have it or have asked for it before, unless both locks are shared.
    pub(super) fn statement(self, schema: &str) -> String {
        let suffix = if self == Self::Shared { "_shared" } else { "" };
        format!("SELECT pg_advisory_xact_lock{suffix}(hashtext('crons transactions of {schema}'))")
    }
}

/// Finds out whether a server is in the list, from the answers to a transaction's first statements, of which the last one asks for its row.
pub(super) fn is_listed(answers: &[SimpleQueryMessage]) -> bool {
    let last = answers.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).is_some_and(|id| !id.is_empty())),
        _ => None,
    });
    last.unwrap_or(false)
}

/// The statement that deletes the servers that have not said for a while that they are there, and the row `also`, and stores their newest watermark as the last
/// heartbeat.
fn remove_nodes(also: Option<i64>) -> String {
    let also = also.map(|id| format!("OR id = {id}")).unwrap_or_default();
    format!(
        "WITH gone AS (DELETE FROM nodes WHERE expires_at < clock_timestamp() {also} RETURNING watermark)
         INSERT INTO settings AS s (name, value)
         SELECT '{LAST_SEEN}', max(watermark)::text FROM gone HAVING max(watermark) IS NOT NULL
         ON CONFLICT (name) DO UPDATE SET value = {LATER_HEARTBEAT}"
    )
}

/// The statement that gives a server some of the duties that are nobody's, if it is in the list. The duty `alerts` is one of servers of schema 2, which send
/// all messages if they have it; a newer one takes it and does nothing for it.
fn take_duties(id: i64, limit: i64) -> String {
    format!(
        "UPDATE duties SET node = {id} WHERE EXISTS (SELECT FROM nodes WHERE id = {id}) AND name IN
            (SELECT name FROM duties WHERE node IS NULL OR node NOT IN (SELECT id FROM nodes) ORDER BY name LIMIT {limit})"
    )
}

/// Reads a row of [`Nodes::publish`]; `this` is the row id of this server.
fn node(row: &Row, this: i64) -> Result<Node, StoreError> {
    let names: Vec<&str> = row.try_get(6)?;
    Ok(Node {
        name: row.try_get(1)?,
        started: instant(row.try_get(2)?).unwrap_or(Timestamp::MIN),
        watermark: row.try_get::<_, Option<i64>>(3)?.and_then(instant),
        duties: Duty::ALL.into_iter().filter(|duty| names.contains(&duty.name())).collect(),
        targets: row.try_get(7)?,
        is_this: row.try_get::<_, i64>(0)? == this,
        is_gone: row.try_get(4)?,
        is_receiving: row.try_get(5)?,
    })
}

fn instant(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds).ok()
}
