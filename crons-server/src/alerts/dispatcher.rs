//! Sends messages from the outbox to their targets: each at least once, to one target in order, until the target accepts the message or
//! the message expires.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use uuid::Uuid;

use super::attempt::{Attempt, DeliveryOutcome, DueAlert};
use super::group::{self, Outgoing};
use super::group_size::GroupSize;
use super::rules::Alerts;
use super::target::{
    AddressPolicy, DeliveryError, PrivateTargets, Pulse, PulseClient, Target, TargetClient, TargetResponse,
    Trust,
};
use super::unrecorded::Unrecorded;
use crate::clock::Clock;
use crate::log_throttle::LogThrottle;

/// The number of messages that are sent at the same time, each to another target.
const MAX_IN_FLIGHT: usize = 16;
/// The wait after the first failed attempt. Each further one doubles it.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The longest wait that a target can ask for by `Retry-After`.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// The age at which a message expires, if there were [`MIN_ATTEMPTS`]: a server that was off for a day has made none.
const EXPIRES_AFTER: SignedDuration = SignedDuration::from_hours(24);
const MIN_ATTEMPTS: u32 = 10;
/// The wait after the database has failed.
const DATABASE_BACKOFF: Duration = Duration::from_secs(5);
/// The longest sleep of the dispatcher. A timer does not notice that the clock of the machine was set; so this limits the delay.
const MAX_SLEEP: Duration = Duration::from_secs(60);
/// The time in which messages in flight must end when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The stored messages that are not delivered yet.
pub(crate) trait Outbox: Send + Sync + 'static {
    /// Waits until there may be new messages.
    fn changed(&self) -> impl Future<Output = ()> + Send;
    /// The next message of each target. Messages with an id in `without` are passed over.
    ///
    /// # Errors
    /// The reason why the database cannot be read now.
    fn waiting(&self, without: Vec<i64>) -> impl Future<Output = Result<Vec<DueAlert>, String>> + Send;
    /// The messages to the target of `head` that come after it and before its wait is over, in their order, at most `limit`; those that the
    /// target has refused if it has refused `head`, otherwise the others. Messages with an id in `without` are passed over. Empty if the database cannot be read.
    fn behind(
        &self,
        head: &DueAlert,
        without: Vec<i64>,
        limit: usize,
    ) -> impl Future<Output = Vec<DueAlert>> + Send;
    /// Stores the outcome of an attempt. Returns whether the outcome is durable.
    fn record(&self, attempt: &Attempt) -> impl Future<Output = bool> + Send;
}

/// The dispatcher: the connections to the targets, and the outcomes that are not stored yet.
pub(crate) struct Sender {
    targets: BTreeMap<String, Connection>,
    policy: Arc<AddressPolicy>,
    clock: Clock,
    unrecorded: Unrecorded,
}

/// A target with its connection.
struct Connection {
    client: TargetClient,
    group_size: GroupSize,
}

impl Sender {
    /// # Errors
    /// If a target needs TLS and the certificate authorities cannot be read.
    pub(crate) fn new(alerts: &Alerts, private: PrivateTargets, clock: Clock) -> Result<Self, DeliveryError> {
        let policy = Arc::new(AddressPolicy::new(private));
        let mut trust = Trust::default();
        let connect = |(name, target): (&str, &Target)| {
            let client = TargetClient::new(target, &policy, &mut trust)?;
            Ok((name.to_owned(), Connection { client, group_size: GroupSize::new(target.max_members()) }))
        };
        let targets = alerts.targets().map(connect).collect::<Result<_, _>>()?;
        Ok(Self { targets, policy, clock, unrecorded: Unrecorded::default() })
    }

    /// Allows targets on this machine: the server itself listens on loopback only.
    pub(crate) fn allow_loopback(&self) {
        self.policy.allow_loopback();
    }

    /// Prepares the pulse, which is sent under the same rules as messages.
    ///
    /// # Errors
    /// If its address needs TLS and the certificate authorities cannot be read.
    pub(crate) fn pulse_client(&self, pulse: &Pulse) -> Result<PulseClient, DeliveryError> {
        PulseClient::new(pulse, &self.policy)
    }

    /// Sends messages that are due until `stop` is true or its sender is dropped.
    pub(crate) async fn run(self, outbox: Arc<impl Outbox>, mut stop: watch::Receiver<bool>) {
        let sender = Arc::new(self);
        let mut in_flight = JoinSet::new();
        // The targets with a message in flight. Each gets one message at a time, so a slow target delays no other, and the order is kept.
        let mut busy: HashMap<task::Id, String> = HashMap::new();
        // Tasks that store outcomes which the database has refused at first. They end with this task.
        let mut recording = JoinSet::new();
        let mut unread = LogThrottle::default();
        loop {
            let mut wait = None;
            let unrecorded = sender.unrecorded.snapshot();
            let waiting = outbox.waiting(unrecorded.passed_over()).await;
            // Where there are other servers, the outbox changes a few times a second. On a manual clock nothing else ends a wait.
            let is_patient = waiting.is_err() && sender.clock.runs();
            match waiting {
                Err(error) => {
                    if unread.is_due() {
                        tracing::error!(%error, "alerts cannot be read; they are tried again");
                    }
                    wait = Some(DATABASE_BACKOFF);
                }
                Ok(_) if unrecorded.is_full() => wait = Some(DATABASE_BACKOFF),
                Ok(waiting) => {
                    for mut alert in waiting {
                        unrecorded.amend(&mut alert);
                        if busy.values().any(|target| *target == alert.target) {
                            continue;
                        }
                        let now = sender.clock.now();
                        let due_at = alert.due_at(now);
                        if due_at > now {
                            let until = due_at.duration_since(now).unsigned_abs();
                            wait = Some(wait.map_or(until, |wait: Duration| wait.min(until)));
                        } else if in_flight.len() < MAX_IN_FLIGHT {
                            let target = alert.target.clone();
                            let attempt = Arc::clone(&sender).deliver(Arc::clone(&outbox), alert);
                            busy.insert(in_flight.spawn(attempt).id(), target);
                        }
                    }
                }
            }
            tokio::select! {
                () = outbox.changed(), if !is_patient => {}
                Some(ended) = in_flight.join_next_with_id() => {
                    let (id, unrecorded) = match ended {
                        Ok((id, unrecorded)) => (id, unrecorded),
                        Err(panicked) => (panicked.id(), None),
                    };
                    busy.remove(&id);
                    if let Some(attempt) = unrecorded {
                        recording.spawn(Arc::clone(&sender).record(Arc::clone(&outbox), attempt));
                    }
                }
                Some(_) = recording.join_next() => {}
                () = sender.sleep(wait) => {}
                // Also ends with an error if the server was dropped, and with it the sender.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        let all_ended = async { while in_flight.join_next().await.is_some() {} };
        // A message that has not ended by then is sent again at the next start.
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, all_ended).await;
    }

    /// Sends one message, with others if they are a group, and stores the outcome. Returns the attempt if its outcome cannot be stored.
    async fn deliver(self: Arc<Self>, outbox: Arc<impl Outbox>, alert: DueAlert) -> Option<Attempt> {
        let message = self.message(&*outbox, &alert).await;
        let response = match self.targets.get(&alert.target) {
            Some(Connection { client, group_size }) => {
                let response = client.send(message.key, self.clock.now(), &message.body).await;
                group_size.learn(message.ids.len(), &response);
                response
            }
            None => Err(DeliveryError::unknown(&alert.target)),
        };
        let attempt = alert.after(&response, message.ids, self.clock.now(), random_jitter());
        alert.log(message.key, &attempt);
        if outbox.record(&attempt).await {
            for id in &attempt.ids {
                self.unrecorded.forget(*id, alert.attempts);
            }
            return None;
        }
        // Kept before this target gets its next message, so that a full disk does not make the server send a message twice.
        self.unrecorded.keep(&attempt);
        tracing::error!(
            target_name = alert.target, key = %message.key,
            "the outcome of an alert cannot be stored; it is kept in memory and stored later; after a restart the alert may be sent \
             again"
        );
        Some(attempt)
    }

    /// Returns the message with which `head` is sent.
    async fn message(&self, outbox: &impl Outbox, head: &DueAlert) -> Outgoing {
        let most = self.targets.get(&head.target).map_or(1, |target| target.group_size.limit());
        if head.group_until.is_none() || most <= 1 {
            return group::outgoing(head, &[], 1);
        }
        // Read before the outbox, as in `run`.
        let unrecorded = self.unrecorded.snapshot();
        let mut behind = outbox.behind(head, unrecorded.passed_over(), most - 1).await;
        for alert in &mut behind {
            unrecorded.amend(alert);
        }
        // The messages of a storm are megabytes of JSON.
        let first = head.clone();
        let outgoing = task::spawn_blocking(move || group::outgoing(&first, &behind, most));
        outgoing.await.unwrap_or_else(|_| group::outgoing(head, &[], 1))
    }

    /// Tries to store an outcome, at least every [`DATABASE_BACKOFF`], until it is stored or a newer one has replaced it.
    async fn record(self: Arc<Self>, outbox: Arc<impl Outbox>, mut attempt: Attempt) {
        for tries in 1.. {
            tokio::time::sleep(backoff(tries, random_jitter()).min(DATABASE_BACKOFF)).await;
            attempt.ids.retain(|id| self.unrecorded.is_newest(*id, attempt.number));
            if attempt.ids.is_empty() {
                return;
            }
            if outbox.record(&attempt).await {
                for id in &attempt.ids {
                    self.unrecorded.forget(*id, attempt.number);
                }
                return;
            }
        }
    }

    /// Sleeps for this time; for ever without one, or on a manual clock.
    async fn sleep(&self, wait: Option<Duration>) {
        match wait {
            Some(wait) if self.clock.runs() => tokio::time::sleep(wait.min(MAX_SLEEP)).await,
            // `Server::advance_to` moves a manual clock and notifies the outbox.
            _ => std::future::pending().await,
        }
    }
}

impl DueAlert {
    /// The time of the next attempt. A message that was created in the future, as the clock was set back since, waits no longer than it
    /// would have from now on.
    fn due_at(&self, now: Timestamp) -> Timestamp {
        let ahead =
            if self.attempts == 0 { self.created_at.duration_since(now) } else { SignedDuration::ZERO };
        let due_at = self.next_attempt_at.saturating_sub(ahead.max(SignedDuration::ZERO));
        due_at.unwrap_or(self.next_attempt_at)
    }

    /// The outcome of one more attempt, with the messages `ids`, that got this response.
    fn after(
        &self,
        response: &Result<TargetResponse, DeliveryError>,
        ids: Vec<i64>,
        at: Timestamp,
        jitter: u16,
    ) -> Attempt {
        let number = self.attempts.saturating_add(1);
        let (success, refused, retry_after) = match response {
            Ok(answer) => (answer.is_success(), answer.is_refusal(), answer.retry_after()),
            Err(_) => (false, false, None),
        };
        let outcome = if success {
            DeliveryOutcome::Delivered
        } else if at.duration_since(self.created_at) >= EXPIRES_AFTER && number >= MIN_ATTEMPTS {
            DeliveryOutcome::Expired
        } else {
            let asked = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
            let wait = backoff(number, jitter).max(asked);
            DeliveryOutcome::Failed { next: at.saturating_add(wait).unwrap_or(Timestamp::MAX), refused }
        };
        let answer = match response {
            Ok(answer) => answer.summary(),
            Err(error) => error.to_string(),
        };
        Attempt { number, ids, target: self.target.clone(), at, outcome, answer, is_drill: self.is_drill }
    }

    /// Logs an attempt to send it in the message `key`.
    fn log(&self, key: Uuid, attempt: &Attempt) {
        let target = &self.target;
        let (events, attempts, answer) = (attempt.ids.len(), attempt.number, attempt.answer.as_str());
        match attempt.outcome {
            DeliveryOutcome::Delivered => {
                tracing::info!(target_name = target, %key, events, attempts, answer, "alert delivered");
            }
            DeliveryOutcome::Failed { next, .. } => {
                tracing::warn!(target_name = target, %key, events, attempts, answer, %next, "alert not delivered; the server tries again");
            }
            DeliveryOutcome::Expired => {
                tracing::error!(target_name = target, %key, events, attempts, answer, "alert expired: the server has given up, and the target did not get the message");
            }
        }
    }
}

/// The wait after so many attempts: 1 s, 2 s, 4 s, … 1 min, less up to half of it by `jitter`, so that attempts to several targets spread.
fn backoff(attempts: u32, jitter: u16) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = MIN_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF);
    whole.saturating_sub(whole / 2 * u32::from(jitter) / (u32::from(u16::MAX) + 1))
}

/// A random number, taken from a random UUID.
fn random_jitter() -> u16 {
    let [low, high, ..] = Uuid::new_v4().into_bytes();
    u16::from_le_bytes([low, high])
}
