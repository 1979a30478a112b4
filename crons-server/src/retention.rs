//! Deletes what need not be kept any more, a little at a time, so that check-ins never wait for it.

use std::sync::Arc;
use std::time::Duration;

use crate::pipeline::{Inbox, Unavailable};
use crate::settings::Retention;
use crate::store::Sweep;

/// How often.
const EVERY: Duration = Duration::from_secs(3_600);
/// After the start, when there is more to do.
const AT_FIRST: Duration = Duration::from_secs(60);

/// Deletes what is old from time to time, until the server stops.
pub(crate) async fn keep(inbox: Arc<Inbox>, retention: Retention) {
    let mut wait = AT_FIRST;
    loop {
        tokio::time::sleep(wait).await;
        match sweep(&inbox, retention).await {
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

/// Does it once; how many check-ins were deleted.
pub(crate) async fn sweep(inbox: &Inbox, retention: Retention) -> Result<usize, Unavailable> {
    let mut sweep = Sweep::new(inbox.clock().now(), retention);
    loop {
        // A storm goes first: what is old is not urgent. If it cannot be stored, neither can the next step.
        inbox.minute().await;
        let (done, more) = inbox
            .work(move |records, _| {
                let more = records.sweep(&mut sweep)?;
                Ok((sweep, more))
            })
            .await?;
        sweep = done;
        if !more {
            break;
        }
    }
    while inbox.work(|records, _| records.give_back()).await? {}
    Ok(sweep.deleted)
}
