//! The alert dispatcher's access to the database.

use crate::alerts::{Attempt, DueAlert, Outbox};
use crate::blocking;
use crate::http::AppState;
use crate::pipeline::Task;

impl Outbox for AppState {
    async fn changed(&self) {
        self.inbox.alerts().notified().await;
    }

    async fn waiting(&self, without: Vec<i64>) -> Option<Vec<DueAlert>> {
        let due = blocking::read(&self.probe, move |queries| queries.due_alerts(&without)).await;
        due.inspect_err(|error| tracing::error!(%error, "alerts cannot be read; they are tried again")).ok()
    }

    async fn record(&self, attempt: &Attempt) -> bool {
        let attempt = attempt.clone();
        self.inbox.task(Task::RecordAttempt(attempt)).await.is_ok()
    }
}
