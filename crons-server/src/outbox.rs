//! Where the sender of alerts finds them, and where it says what became of them.

use crate::alerts::{Attempt, DueAlert, Outbox};
use crate::http::App;
use crate::store::Reader;

impl Outbox for App {
    async fn changed(&self) {
        self.inbox.alerts().notified().await;
    }

    async fn waiting(&self, without: Vec<i64>) -> Option<Vec<DueAlert>> {
        let next = self.probe(move |reader: &Reader| reader.next_alerts(&without)).await;
        next.inspect_err(|error| tracing::error!(%error, "alerts cannot be read; they are tried again")).ok()
    }

    async fn record(&self, attempt: &Attempt) -> bool {
        let attempt = attempt.clone();
        self.inbox.work(move |records, _| records.save_attempt(&attempt)).await.is_ok()
    }
}
