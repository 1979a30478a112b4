//! The connection that writes, and its transactions.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use jiff::Timestamp;

use super::connector::{Connector, connection};
use super::executor::{Executor, PROGRAM_LIMIT, ROLLBACK_LIMIT, SERVER_LIMIT};
use super::membership::Membership;
use super::migrations::{MIGRATIONS, Migration};
use super::nodes::Lock;
use super::parameter::Parameter;
use super::schema;
use super::schema_checks::refuse_newer;
use super::session::Session;
#[cfg(test)]
use super::session::{ROUND_TRIPS, STATEMENTS};
use super::statement::Statement;
use crate::settings::PostgresUrl;
use crate::store::error::StoreError;
use crate::store::group::Group;
use crate::store::pass::Progress;
use crate::store::transaction::{Store, Transaction};
use crate::store::unreadable::UnreadableRows;

/// Settings of a transaction that writes: a statement that hangs, a lock that is not released and a server that is stopped in the middle
/// of a transaction end after a while.
///
/// Rows are found by indexes. Else PostgreSQL reads a small table whole for each batch, and a plan that was made for a small table is kept
/// while it grows. Compiling plans (`jit`) takes longer than such statements do.
const LIMITS: &str = "SET LOCAL lock_timeout = '10s';
    SET LOCAL idle_in_transaction_session_timeout = '3s'; SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

/// A store of check-ins in a schema of PostgreSQL; a change is durable when its transaction returns.
pub(crate) struct PostgresStore {
    pub(super) executor: Arc<Executor>,
    pub(super) connector: Connector,
    /// A pool of a single connection, which writes.
    pool: Pool,
    membership: Membership,
    /// Rows that are left out, of this connection and of those that read.
    pub(super) unreadable: Arc<UnreadableRows>,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("schema", &self.connector.schema).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects, makes or migrates the schema, and joins the servers that run on it; a transfer that is under way is waited for.
    ///
    /// # Errors
    /// If the database cannot be used, or its schema is that of another program or of a newer version.
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, StoreError> {
        Self::open_as(url, SERVER_LIMIT, MIGRATIONS, Membership::join)
    }

    /// Opens the store as a program does that knows these migrations.
    #[cfg(test)]
    pub(super) fn open_knowing(url: &PostgresUrl, known: &[Migration]) -> Result<Self, StoreError> {
        Self::open_as(url, SERVER_LIMIT, known, Membership::join)
    }

    /// Opens the store for a transfer, beside which no server may run.
    ///
    /// # Errors
    /// The cases of `open`, a database that a server serves, and a schema that is newer, whose rows cannot be copied whole.
    pub(crate) fn open_unserved(url: &PostgresUrl) -> Result<Self, StoreError> {
        let store = Self::open_as(url, PROGRAM_LIMIT, MIGRATIONS, Membership::join_alone)?;
        refuse_newer(&store.executor, &store.connector, &store.pool)?;
        Ok(store)
    }

    fn open_as(
        url: &PostgresUrl,
        answer_limit: Duration,
        known: &[Migration],
        join: impl FnOnce(&Arc<Executor>, Pool, &str) -> Result<Membership, StoreError>,
    ) -> Result<Self, StoreError> {
        let executor = Arc::new(Executor::new(answer_limit)?);
        let connector = Connector::new(url)?;
        let pool = connector.pool(1)?;
        schema::migrate(&executor, &connector, &pool, known)?;
        // The pool has three connections: for the thread that asks how far the others are, for publications in the background, and for the
        // upkeep of the list.
        let membership = join(&executor, connector.pool(3)?, &connector.schema)?;
        Ok(Self { executor, connector, pool, membership, unreadable: Arc::default() })
    }

    /// The number of statements that `work` executes, beside those that begin its transactions.
    #[cfg(test)]
    pub(crate) fn count_statements(&mut self, work: impl FnOnce(&mut Self)) -> usize {
        let before = STATEMENTS.get();
        work(self);
        STATEMENTS.get() - before
    }

    /// The number of times that `work` waits for answers to statements, beside those that begin its transactions.
    #[cfg(test)]
    pub(crate) fn count_round_trips(&mut self, work: impl FnOnce(&mut Self)) -> usize {
        let before = ROUND_TRIPS.get();
        work(self);
        ROUND_TRIPS.get() - before
    }

    /// Begins a transaction beside which no other one runs.
    pub(super) fn begin_writing(&self) -> Result<PostgresTransaction<'_>, StoreError> {
        self.begin_with(Lock::Exclusive)
    }

    fn begin_with(&self, lock: Lock) -> Result<PostgresTransaction<'_>, StoreError> {
        // A server whose own connection fails does not join again: the others would wait for it.
        let client = self.executor.wait(connection(&self.pool))?;
        self.membership.join_again_if_expelled()?;
        // The transaction exists from here on, so that it is rolled back whatever follows.
        let transaction = PostgresTransaction {
            client: Some(client),
            waiting: RefCell::default(),
            executor: &self.executor,
            prepared: self.connector.prepared,
            unreadable: &self.unreadable,
            membership: &self.membership,
            lock,
        };
        // A transaction whose connection was lost may still be at work, and the next one must see what it commits: it waits for the lock of the schema,
        // or for those of its monitors.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL search_path TO {}; {}; {LIMITS}; {}",
            self.connector.schema,
            self.executor.statement_timeout(),
            self.membership.look(lock)
        );
        let session = transaction.session()?;
        let answer = self.executor.wait(async { Ok(session.client.simple_query(&begin).await?) })?;
        self.membership.check(&answer)?;
        Ok(transaction)
    }
}

impl Store for PostgresStore {
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(self.begin_writing()?))
    }

    fn begin_shared(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        Ok(Box::new(self.begin_with(Lock::Shared)?))
    }

    fn group(&self) -> Group {
        self.membership.group()
    }

    fn synchronize(&mut self, watermark: Timestamp) -> Result<Option<Progress>, StoreError> {
        if !self.membership.is_listed() {
            // As in `begin_with`.
            drop(self.executor.wait(connection(&self.pool))?);
        }
        self.membership.synchronize(watermark).map(Some)
    }

    fn evaluated(&mut self, minute: Timestamp) -> Result<(), StoreError> {
        self.membership.evaluated(minute)
    }
}

/// A transaction of the connection that writes. Dropped without a commit it is rolled back.
pub(super) struct PostgresTransaction<'store> {
    /// `None` once it is committed.
    client: Option<Object>,
    /// Statements that nothing waits for: they are sent with the next one that is waited for, at the latest with the commit.
    waiting: RefCell<Vec<Statement>>,
    executor: &'store Executor,
    prepared: bool,
    pub(super) unreadable: &'store UnreadableRows,
    pub(super) membership: &'store Membership,
    lock: Lock,
}

impl PostgresTransaction<'_> {
    /// Returns whether transactions of other servers may run at the same time.
    pub(super) fn is_shared(&self) -> bool {
        self.lock == Lock::Shared
    }

    /// Sends what was left to be sent [later](Self::later), and returns the session for statements with answers.
    ///
    /// # Errors
    /// If one of the statements fails.
    pub(super) fn session(&self) -> Result<Session<'_>, StoreError> {
        let client =
            self.client.as_ref().ok_or_else(|| StoreError::unavailable("the transaction is over"))?;
        let session = Session { executor: self.executor, client, prepared: self.prepared };
        session.send(&self.waiting.take())?;
        Ok(session)
    }

    /// Leaves a statement without an answer to be sent later, in order, so that nothing waits for it alone. Its error is that of the call
    /// that sends it.
    pub(super) fn later(&self, statement: Statement) {
        self.waiting.borrow_mut().push(statement);
    }

    /// Adds rows [later](Self::later), as [`Statement::insert`] does.
    pub(super) fn insert_later(
        &self,
        table: &str,
        columns: &[(&str, &dyn Parameter)],
        then: &str,
    ) -> Result<(), StoreError> {
        self.later(Statement::insert(table, columns, then)?);
        Ok(())
    }

    /// Changes rows [later](Self::later), as [`Statement::update`] does.
    pub(super) fn update_later(
        &self,
        table: &str,
        columns: &[(&str, &dyn Parameter)],
    ) -> Result<(), StoreError> {
        self.later(Statement::update(table, columns)?);
        Ok(())
    }

    /// Makes all durable that was written.
    pub(super) fn commit_all(mut self) -> Result<(), StoreError> {
        let (limit, membership) = (self.executor.answer_limit(), self.membership);
        self.end("COMMIT", limit)?;
        membership.note_progress();
        Ok(())
    }

    /// Ends the transaction, by the same round trip as the statements that wait: if one of them fails, PostgreSQL rolls back instead of a
    /// commit, and its error is returned.
    fn end(&mut self, how: &str, limit: Duration) -> Result<(), StoreError> {
        let Some(client) = self.client.take() else { return Ok(()) };
        let mut statements = self.waiting.take();
        statements.push(Statement::new(how, &[])?);
        let session = Session { executor: self.executor, client: &client, prepared: self.prepared };
        let answers = session.answers(limit, &statements);
        if answers.as_ref().map_or(true, |answers| answers.last().is_none_or(Result::is_err)) {
            // The state of the connection is not known.
            drop(Object::take(client));
        }
        for answer in answers? {
            answer?;
        }
        Ok(())
    }
}

impl Drop for PostgresTransaction<'_> {
    fn drop(&mut self) {
        self.waiting.take();
        if let Err(error) = self.end("ROLLBACK", ROLLBACK_LIMIT) {
            tracing::debug!(%error, "a transaction was not rolled back; PostgreSQL does it at the end of the connection");
        }
    }
}
