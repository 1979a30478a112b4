//! Deletes what need not be kept any more, a little at a time, so that check-ins never wait for it.

use std::sync::Arc;
use std::time::Duration;

use crate::http;
use crate::pipeline::{Inbox, Unavailable};
use crate::settings::Retention;
use crate::store::{Reader, Sweep};

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);
/// After the start, when there is more to do.
const AT_FIRST: Duration = Duration::from_secs(60);

/// Deletes what is old from time to time, until the server stops.
pub(crate) async fn keep(inbox: Arc<Inbox>, reader: Arc<Reader>, retention: Retention) {
    let mut wait = AT_FIRST;
    loop {
        tokio::time::sleep(wait).await;
        match sweep(&inbox, &reader, retention).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "old check-ins were deleted"),
            Err(Unavailable::Database) => {
                tracing::error!("old check-ins could not be deleted; tried again later");
            }
            Err(Unavailable::Closing) => return,
        }
        wait = EVERY;
    }
}

/// Deletes what is stored of deleted monitors, whenever some were, until the server stops.
pub(crate) async fn purge(inbox: Arc<Inbox>) {
    loop {
        inbox.deleted().notified().await;
        while let Err(failed) = purge_all(&inbox).await {
            if failed == Unavailable::Closing {
                return;
            }
            tracing::error!(
                "what is stored of deleted monitors could not be deleted; tried again in a minute"
            );
            tokio::time::sleep(AT_FIRST).await;
        }
    }
}

/// A few rows at a time, with check-ins between them.
async fn purge_all(inbox: &Inbox) -> Result<(), Unavailable> {
    while inbox.work(|records, _| records.purge_deleted()).await? {}
    while inbox.work(|records, _| records.give_back()).await? {}
    Ok(())
}

/// Sweeps once, and returns how many check-ins were deleted.
///
/// What is to go is looked for by `reader`, beside the thread that takes check-ins; that thread only deletes, a few rows at a
/// time.
pub(crate) async fn sweep(
    inbox: &Inbox,
    reader: &Arc<Reader>,
    retention: Retention,
) -> Result<usize, Unavailable> {
    let mut sweep = Sweep::new(inbox.clock().now(), retention);
    loop {
        let plan = http::on(Arc::clone(reader), move |reader| {
            let expired = reader.plan_sweep(&mut sweep)?;
            Ok((sweep, expired))
        });
        let (planned, expired) = plan.await.map_err(|error| {
            tracing::error!(%error, "the search for what retention does not keep failed");
            Unavailable::Database
        })?;
        sweep = planned;
        let Some(expired) = expired else { break };
        if expired.rows() > 0 {
            // A storm goes first: what is old is not urgent. If it cannot be stored, neither can the next step.
            inbox.minute().await;
            sweep.deleted += inbox.work(move |records, _| records.delete_expired(&expired)).await?;
        }
    }
    while inbox.work(|records, _| records.give_back()).await? {}
    Ok(sweep.deleted)
}
