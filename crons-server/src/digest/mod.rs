//! The digest: once a day, a message about what failed, was slow, never ran or is muted.

mod survey;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::alerts::Digest;
use crate::blocking;
use crate::domain::{Maintenance, next_minute};
use crate::pipeline::{DigestTimes, Inbox, NewDigest, Task};
use crate::store::{Duty, Group, Queries};

/// The time that the first digest tells of.
const FIRST: SignedDuration = SignedDuration::from_hours(24);
/// The longest time that a digest tells of.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The longest pause between two looks at the clock, which may be set.
const LOOK_INTERVAL: Duration = Duration::from_secs(20);

/// The digest of a server: its times, and the parts that it reads and writes by.
pub(crate) struct Digester {
    digest: Digest,
    inbox: Arc<Inbox>,
    /// Reads for which no page waits.
    queries: Arc<dyn Queries>,
    windows: Arc<[Maintenance]>,
    times: Mutex<DigestTimes>,
    group: Group,
}

impl Digester {
    /// A digest whose `times` are those that the database knows.
    pub(crate) fn new(
        digest: Digest,
        inbox: Arc<Inbox>,
        queries: Arc<dyn Queries>,
        windows: Arc<[Maintenance]>,
        times: DigestTimes,
        group: Group,
    ) -> Self {
        Self { digest, inbox, queries, windows, times: Mutex::new(times), group }
    }

    /// Sends each digest at its time, until the server stops.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            self.send_if_due().await;
            let now = self.inbox.clock().now();
            let wait = next_minute(now).duration_since(now).unsigned_abs();
            tokio::time::sleep(wait.min(LOOK_INTERVAL)).await;
        }
    }

    /// Sends a digest if one is due; after an error it is due again in the next minute.
    pub(crate) async fn send_if_due(&self) {
        let now = self.inbox.clock().now();
        let times = *self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(time) = self.digest.last_time(now) else { return };
        if !self.group.has(Duty::Housekeeping)
            || time < times.enabled_at
            || times.last.is_some_and(|last| last >= time)
        {
            return;
        }
        // Everything that came before is stored, and the deadlines until now are evaluated: a digest misses nothing of its time.
        if !self.inbox.tick_and_wait().await {
            return;
        }
        let earliest = |length| now.saturating_sub(length).unwrap_or(Timestamp::MIN);
        let since = times.last.map_or(earliest(FIRST), |last| last.max(earliest(LONGEST)));
        let windows = Arc::clone(&self.windows);
        let read = move |queries: &dyn Queries| survey::survey(queries, windows, since, now);
        let facts = match blocking::read(&self.queries, read).await {
            Ok(facts) => facts,
            Err(error) => {
                tracing::error!(%error, "the digest cannot be read from the database; tried again in a minute");
                return;
            }
        };
        let digest = NewDigest { time, enabled_at: times.enabled_at, facts };
        let Ok(stored) = self.inbox.task(Task::StoreDigest(Box::new(digest))).await else {
            tracing::error!("the digest was not stored; tried again in a minute");
            return;
        };
        // Another server of the database may have stored this digest with an end of its own, from which the next one goes on.
        self.times.lock().unwrap_or_else(PoisonError::into_inner).last = stored.digest_until;
        if stored.new_alerts > 0 {
            tracing::info!(%since, until = %now, targets = stored.new_alerts, "the digest is sent");
        }
    }
}
