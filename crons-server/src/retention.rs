//! The job that deletes what need not be kept any more, a little at a time, so that check-ins never wait for it.

use std::sync::Arc;
use std::time::Duration;

use crate::blocking;
use crate::pipeline::{Inbox, Task, Unavailable};
use crate::settings::Retention;
use crate::store::{Duty, Group, Queries};

/// The pause between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3_600);
/// The pause before the first sweep of a server, when there is most to delete; also the pause before a failed purge is tried again.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// Sweeps from time to time, until the server stops.
pub(crate) async fn sweep_hourly(
    inbox: Arc<Inbox>,
    queries: Arc<dyn Queries>,
    retention: Retention,
    group: Group,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = SWEEP_INTERVAL;
        if !group.has(Duty::Housekeeping) {
            continue;
        }
        // The server that deleted a monitor may be gone.
        match blocking::read(&queries, |queries| queries.has_deleted()).await {
            Ok(true) => inbox.deleted().notify_one(),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "what is left of deleted monitors cannot be read; tried again later");
            }
        }
        match sweep(&inbox, &queries, retention).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "old check-ins were deleted"),
            Err(Unavailable::Database) => {
                tracing::error!("old check-ins could not be deleted; tried again later");
            }
            Err(Unavailable::Closing) => return,
        }
    }
}

/// Deletes the rows of deleted monitors whenever some were deleted, until the server stops.
pub(crate) async fn purge_deleted(inbox: Arc<Inbox>) {
    loop {
        inbox.deleted().notified().await;
        while let Err(failed) = purge_all(&inbox).await {
            if failed == Unavailable::Closing {
                return;
            }
            tracing::error!(
                "what is stored of deleted monitors could not be deleted; tried again in a minute"
            );
            tokio::time::sleep(FIRST_PAUSE).await;
        }
    }
}

/// Deletes a few rows at a time, with check-ins between them.
async fn purge_all(inbox: &Inbox) -> Result<(), Unavailable> {
    while inbox.task(Task::PurgeDeleted).await?.more {}
    while inbox.task(Task::ReclaimSpace).await?.more {}
    Ok(())
}

/// Sweeps once, and returns how many check-ins were deleted.
///
/// The reads of the walk run beside the thread that takes check-ins; that thread only deletes, a few rows at a time.
pub(crate) async fn sweep(
    inbox: &Inbox,
    queries: &Arc<dyn Queries>,
    retention: Retention,
) -> Result<usize, Unavailable> {
    let mut sweep = Arc::clone(queries).sweep(inbox.clock().now(), retention);
    let mut deleted = 0;
    loop {
        let step = blocking::run(move || {
            let expired = sweep.advance()?;
            Ok((sweep, expired))
        });
        let (advanced, expired) = step.await.map_err(|error| {
            tracing::error!(%error, "the search for what retention does not keep failed");
            Unavailable::Database
        })?;
        sweep = advanced;
        let Some(expired) = expired else { break };
        if expired.rows() > 0 {
            // Deadlines that are due are evaluated first: deletion is not urgent, and fails, too, if they cannot be stored.
            inbox.tick_and_wait().await;
            deleted += inbox.task(Task::DeleteExpired(expired)).await?.check_ins;
        }
    }
    while inbox.task(Task::ReclaimSpace).await?.more {}
    Ok(deleted)
}
