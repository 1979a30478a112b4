//! The lease of a database: of all servers that were started on it, the one that holds the lease serves, and the others stand by.
//!
//! The holder extends its lease a few times within its length, by the clock of the database. Each of its transactions also locks the key of
//! the row, which a takeover changes: so a server that was stopped for a while and goes on cannot commit after another has taken over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Object, Pool};
use tokio::task::AbortHandle;
use tokio_postgres::types::Type;

use super::connector::connection;
use super::executor::Executor;
use crate::store::error::StoreError;

/// The time for which a lease lasts that is not extended: others may take over after it.
const LENGTH: Duration = Duration::from_secs(5);
/// The end of a lease that begins now, in SQL.
const END: &str = "clock_timestamp() + INTERVAL '5 s'";
/// The time between two extensions, and between two looks of a server that stands by.
const INTERVAL: Duration = Duration::from_secs(1);
/// The time between two lines of the log of a server that stands by.
const LINE_EVERY: u32 = 600;

/// The held lease. Its drop gives it back.
pub(super) struct Lease {
    /// The number of takeovers before this one, and one more.
    epoch: i64,
    pool: Pool,
    executor: Arc<Executor>,
    /// The name of the table with its schema.
    table: String,
    is_over: Arc<AtomicBool>,
    /// The task that extends it; `None` if there is no runtime any more.
    extends: Option<AbortHandle>,
}

impl Lease {
    /// Waits until no other server holds the lease, and takes it. A database that fails meanwhile is asked again.
    ///
    /// # Errors
    /// If the database fails at the first look.
    pub(super) fn acquire(executor: &Arc<Executor>, pool: Pool, schema: &str) -> Result<Self, StoreError> {
        let (table, holder) = (format!("{schema}.lease"), holder());
        let mut looks = 0_u32;
        let epoch = loop {
            match executor.wait(take(&pool, &table, &holder)) {
                Ok(Ok(epoch)) => break epoch,
                Ok(Err(other)) if looks.is_multiple_of(LINE_EVERY) => {
                    tracing::info!(%other, "another server serves this database; this one stands by");
                }
                Ok(Err(_)) => {}
                Err(error) if looks == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "the database fails while this server stands by; asked again");
                }
            }
            looks = looks.saturating_add(1);
            std::thread::sleep(INTERVAL);
        };
        if looks > 0 {
            tracing::info!("this server takes over");
        }
        Ok(Self::hold(executor, pool, table, epoch))
    }

    /// Takes the lease if no other server holds it.
    ///
    /// # Errors
    /// If another server does, or the database fails.
    pub(super) fn try_acquire(
        executor: &Arc<Executor>,
        pool: Pool,
        schema: &str,
    ) -> Result<Self, StoreError> {
        let table = format!("{schema}.lease");
        match executor.wait(take(&pool, &table, &holder()))? {
            Ok(epoch) => Ok(Self::hold(executor, pool, table, epoch)),
            Err(other) => Err(StoreError::refused(format!("it is served by {other}; end that server first"))),
        }
    }

    fn hold(executor: &Arc<Executor>, pool: Pool, table: String, epoch: i64) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let extending = extend(pool.clone(), table.clone(), epoch, Arc::clone(&is_over));
        let extends = executor.handle().map(|runtime| runtime.spawn(extending).abort_handle());
        Self { epoch, pool, executor: Arc::clone(executor), table, is_over, extends }
    }

    /// The statement that a transaction begins with: it locks the lease. The answer goes to [`check`](Self::check).
    pub(super) fn lock(&self) -> String {
        format!("SELECT epoch FROM {} FOR KEY SHARE", self.table)
    }

    /// Checks the answer to [`lock`](Self::lock).
    ///
    /// # Errors
    /// [`StoreError::TakenOver`] if another server has the lease.
    pub(super) fn check(&self, epoch: Option<&str>) -> Result<(), StoreError> {
        if epoch.and_then(|epoch| epoch.parse().ok()) == Some(self.epoch) {
            return Ok(());
        }
        self.is_over.store(true, Ordering::Relaxed);
        Err(StoreError::TakenOver)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(extends) = &self.extends {
            extends.abort();
        }
        if self.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        let sql = format!("UPDATE {} SET expires_at = clock_timestamp() WHERE epoch = $1", self.table);
        let given_back = self.executor.wait(async {
            let client = connection(&self.pool).await?;
            Ok(client.execute_typed(&sql, &[(&self.epoch, Type::INT8)]).await?)
        });
        if let Err(error) = given_back {
            tracing::debug!(%error, "the lease was not given back; it ends by itself");
        }
    }
}

/// Takes the lease. Returns its epoch, or the name of the server that holds it.
async fn take(pool: &Pool, table: &str, holder: &str) -> Result<Result<i64, String>, StoreError> {
    let client = connection(pool).await?;
    let sql = format!(
        "INSERT INTO {table} (epoch, holder, expires_at) SELECT 0, $1, '-infinity'::timestamptz WHERE NOT EXISTS (SELECT FROM {table})
         ON CONFLICT DO NOTHING"
    );
    client.execute_typed(&sql, &[(&holder, Type::TEXT)]).await?;
    let sql = format!(
        "UPDATE {table} SET epoch = epoch + 1, holder = $1, expires_at = {END}
         WHERE expires_at <= clock_timestamp() RETURNING epoch"
    );
    if let Some(row) = client.query_typed_opt(&sql, &[(&holder, Type::TEXT)]).await? {
        return Ok(Ok(row.try_get(0)?));
    }
    let row = client.query_typed_opt(&format!("SELECT holder FROM {table}"), &[]).await?;
    Ok(Err(row.map_or(Ok(String::new()), |row| row.try_get(0))?))
}

/// Extends the lease until it is over. A database that does not answer is asked again: its clock says whether the lease has ended.
async fn extend(pool: Pool, table: String, epoch: i64, is_over: Arc<AtomicBool>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !is_over.load(Ordering::Relaxed) {
        ticks.tick().await;
        match tokio::time::timeout(LENGTH, extend_once(&pool, &table, epoch)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => is_over.store(true, Ordering::Relaxed),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the lease of the database was not extended; tried again");
            }
            Err(_late) => tracing::warn!(
                "the lease of the database was not extended, as it does not answer; tried again"
            ),
        }
    }
}

async fn extend_once(pool: &Pool, table: &str, epoch: i64) -> Result<bool, StoreError> {
    let client: Object = connection(pool).await?;
    let sql = format!("UPDATE {table} SET expires_at = {END} WHERE epoch = $1");
    Ok(client.execute_typed(&sql, &[(&epoch, Type::INT8)]).await? > 0)
}

/// The name by which other servers call this one.
fn holder() -> String {
    format!("process {} on {}", std::process::id(), host())
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "a host without a name".to_owned())
}
