//! The alert dispatcher's access to the database.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::alerts::{Attempt, DeliveryOutcome, DueAlert, Outbox};
use crate::blocking;
use crate::http::AppState;
use crate::pipeline::Task;
use crate::store::{Queries, StoreError, TargetSender};

/// The alerts among which the last delivery is looked for.
const NEWEST_ALERTS: u32 = 100;
/// The time that a message is due until a server sends it whose configuration lacks the target: another server may know the target.
const LEFT_TO_OTHERS: SignedDuration = SignedDuration::from_secs(10);

/// Reads the time of the last delivery of an alert, by any server; `None` if there was none lately.
///
/// # Errors
/// If the database fails.
pub(crate) fn last_delivered(queries: &dyn Queries) -> Result<Option<Timestamp>, StoreError> {
    Ok(queries.alerts(NEWEST_ALERTS)?.iter().filter_map(|alert| alert.delivered).max())
}

impl Outbox for AppState {
    async fn changed(&self) {
        self.inbox.alerts().notified().await;
    }

    async fn waiting(&self, without: Vec<i64>) -> Result<Vec<DueAlert>, String> {
        let due = blocking::read(&self.probe, move |queries| queries.due_alerts(&without)).await;
        let due = due.map_err(|error| error.to_string())?;
        self.lease_free_targets(&due);
        let is_own = |alert: &DueAlert| self.group.sender_of(&alert.target) == TargetSender::ThisServer;
        Ok(due.into_iter().filter(is_own).collect())
    }

    async fn behind(&self, head: &DueAlert, without: Vec<i64>, limit: usize) -> Vec<DueAlert> {
        let (head, limit) = (head.clone(), u32::try_from(limit).unwrap_or(u32::MAX));
        let behind =
            blocking::read(&self.probe, move |queries| queries.alerts_behind(&head, &without, limit)).await;
        behind
            .inspect_err(
                |error| tracing::error!(%error, "alerts of a group cannot be read; one is sent alone"),
            )
            .unwrap_or_default()
    }

    async fn record(&self, attempt: &Attempt) -> bool {
        let is_stored = self.inbox.task(Task::RecordAttempt(attempt.clone())).await.is_ok();
        if is_stored && attempt.outcome == DeliveryOutcome::Delivered && attempt.is_drill {
            match blocking::read(&self.probe, |queries| queries.last_proof()).await {
                Ok(proof) => self.inbox.vitals().proved(proof),
                Err(error) => {
                    tracing::error!(%error, "the result of a drill cannot be read; pages show the one before");
                }
            }
        }
        is_stored
    }
}

impl AppState {
    /// Has this server send the messages of those targets for which no server does, if it has them in its configuration. Nothing waits for that: the
    /// list of servers says it in a moment, and the next look finds them.
    fn lease_free_targets(&self, due: &[DueAlert]) {
        let is_free = |alert: &&DueAlert| self.group.sender_of(&alert.target) == TargetSender::Nobody;
        let free: Vec<&DueAlert> = due.iter().filter(is_free).collect();
        if free.is_empty() {
            return;
        }
        let (known, now) = (self.inbox.vitals().figures().targets, self.inbox.clock().now());
        let is_mine = |alert: &&DueAlert| {
            known.contains_key(&alert.target)
                || !self.group.has_others()
                || now.duration_since(alert.next_attempt_at) > LEFT_TO_OTHERS
        };
        let targets: Vec<String> =
            free.into_iter().filter(is_mine).map(|alert| alert.target.clone()).collect();
        let Ok(leasing) = Arc::clone(&self.leasing).try_lock_owned() else { return };
        if !targets.is_empty() {
            let inbox = Arc::clone(&self.inbox);
            tokio::spawn(async move {
                // A failure is logged where it happens, and the next look tries again.
                let _ = inbox.task(Task::LeaseTargets(targets)).await;
                drop(leasing);
            });
        }
    }
}
