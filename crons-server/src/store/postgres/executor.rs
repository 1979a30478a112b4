//! The thread that drives the connections, and the wait for it.

use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::store::error::StoreError;

/// The time that PostgreSQL has for the answer to one statement of a server. A statement ends itself earlier; this is for a network that swallows
/// packets. Clients of the server wait for 30 s.
pub(super) const SERVER_LIMIT: Duration = Duration::from_secs(14);
/// The time for an answer to a program that nobody waits for, such as `crons simulate` with all that is stored.
pub(super) const PROGRAM_LIMIT: Duration = Duration::from_secs(35);
/// The time by which a statement ends itself before nobody waits for its answer any more.
const ENDS_BEFORE: Duration = Duration::from_secs(2);

/// The time for a rollback: PostgreSQL does it by itself at the end of the connection.
pub(super) const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);

/// A runtime with one thread, on which the connections of a database live.
#[derive(Debug)]
pub(super) struct Executor {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    answer_limit: Duration,
}

impl Executor {
    /// Starts the thread. An answer may take as long as `answer_limit`.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub(super) fn new(answer_limit: Duration) -> Result<Self, StoreError> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("crons-postgres").enable_all().build();
        Ok(Self { runtime: Some(runtime.map_err(StoreError::unavailable)?), answer_limit })
    }

    /// Waits for an answer on the calling thread, which may be one of another runtime.
    ///
    /// # Errors
    /// The failures of the future, and no answer within the limit.
    pub(super) fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.wait_for(self.answer_limit, answer)
    }

    /// Does the same as [`wait`](Self::wait), with another limit.
    pub(super) fn wait_for<T>(
        &self,
        limit: Duration,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let _runtime = self.handle().map(|handle| handle.enter());
        pollster::block_on(async {
            let late =
                || StoreError::unavailable(format!("PostgreSQL has not answered for {} s", limit.as_secs()));
            tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))
        })
    }

    /// The time for an answer.
    pub(super) fn answer_limit(&self) -> Duration {
        self.answer_limit
    }

    /// The setting that ends a statement, in SQL.
    pub(super) fn statement_timeout(&self) -> String {
        let limit = self.answer_limit.saturating_sub(ENDS_BEFORE);
        format!("SET LOCAL statement_timeout = '{}s'", limit.as_secs())
    }

    /// The runtime; `None` only while it is dropped.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.runtime.as_ref().map(Runtime::handle)
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime that is dropped on a thread of another one panics, as it waits for its own threads.
            runtime.shutdown_background();
        }
    }
}
