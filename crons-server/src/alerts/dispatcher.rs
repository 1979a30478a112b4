//! Takes messages from the outbox to their targets: at least once, in order, however long a target is down.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use uuid::Uuid;

use super::attempt::{Attempt, DeliveryOutcome, DueAlert};
use super::rules::Alerts;
use super::target::{DeliveryError, Trust, Webhook, WebhookClient, WebhookResponse};
use super::unrecorded::Unrecorded;
use crate::clock::Clock;

/// Messages under way at a time, each to another target.
const MOST: usize = 16;
/// The wait after a first attempt that failed; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest that a target can ask for.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// When a message is given up, if it was tried often enough: a server that was off has not tried at all.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);
const LEAST_ATTEMPTS: u32 = 10;
/// Until the next try when the database fails.
const DATABASE_WAIT: Duration = Duration::from_secs(5);
/// What is left of a timer when the machine's clock is set; it is noticed within that.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long messages that are under way may take when the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Where messages wait.
pub(crate) trait Outbox: Send + Sync + 'static {
    /// Waits until there may be more to send than there was.
    fn changed(&self) -> impl Future<Output = ()> + Send;
    /// Of each target the message that is its next, those with the ids in `without` left out; `None` if that cannot be read now.
    fn waiting(&self, without: Vec<i64>) -> impl Future<Output = Option<Vec<DueAlert>>> + Send;
    /// Writes down what came of an attempt. Whether it is durable.
    fn record(&self, attempt: &Attempt) -> impl Future<Output = bool> + Send;
}

/// The targets, and the clock by which they are tried again.
pub(crate) struct Sender {
    targets: BTreeMap<String, WebhookClient>,
    clock: Clock,
    unrecorded: Unrecorded,
}

impl Sender {
    pub(crate) fn new(alerts: &Alerts, clock: Clock) -> Result<Self, DeliveryError> {
        let mut trust = Trust::default();
        let connect = |(name, webhook): (&str, &Webhook)| {
            Ok((name.to_owned(), WebhookClient::new(webhook, &mut trust)?))
        };
        let targets = alerts.webhooks().map(connect).collect::<Result<_, _>>()?;
        Ok(Self { targets, clock, unrecorded: Unrecorded::default() })
    }

    /// Sends what is due, until it is told to stop.
    pub(crate) async fn run(self, outbox: Arc<impl Outbox>, mut stop: watch::Receiver<bool>) {
        let sender = Arc::new(self);
        let mut in_flight = JoinSet::new();
        // One at a time to each target: a slow one holds up nobody else, and gets its messages in order.
        let mut busy: HashMap<task::Id, String> = HashMap::new();
        // Outcomes that the database did not take. They end with this task.
        let mut recording = JoinSet::new();
        loop {
            let mut wait = None;
            let unrecorded = sender.unrecorded.snapshot();
            match outbox.waiting(unrecorded.passed_over()).await {
                None => wait = Some(DATABASE_WAIT),
                Some(_) if unrecorded.is_full() => wait = Some(DATABASE_WAIT),
                Some(waiting) => {
                    for mut alert in waiting {
                        unrecorded.amend(&mut alert);
                        if busy.values().any(|target| *target == alert.target) {
                            continue;
                        }
                        let now = sender.clock.now();
                        if alert.next_attempt_at > now {
                            let until = alert.next_attempt_at.duration_since(now).unsigned_abs();
                            wait = Some(wait.map_or(until, |wait: Duration| wait.min(until)));
                        } else if in_flight.len() < MOST {
                            let target = alert.target.clone();
                            let attempt = Arc::clone(&sender).deliver(Arc::clone(&outbox), alert);
                            busy.insert(in_flight.spawn(attempt).id(), target);
                        }
                    }
                }
            }
            tokio::select! {
                () = outbox.changed() => {}
                Some(ended) = in_flight.join_next_with_id() => {
                    let (id, unrecorded) = match ended {
                        Ok((id, unrecorded)) => (id, unrecorded),
                        Err(panicked) => (panicked.id(), None),
                    };
                    busy.remove(&id);
                    if let Some((attempts, attempt)) = unrecorded {
                        recording.spawn(Arc::clone(&sender).record(Arc::clone(&outbox), attempts, attempt));
                    }
                }
                Some(_) = recording.join_next() => {}
                () = sender.sleep(wait) => {}
                // The sender is gone if the server was dropped: that is an end, too.
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        let heard = async { while in_flight.join_next().await.is_some() {} };
        // What is not heard of by then is sent again at the next start.
        let _ = tokio::time::timeout(GRACE, heard).await;
    }

    /// Sends one message and records the outcome; returns what could not be recorded, and the number of the attempt.
    async fn deliver(self: Arc<Self>, outbox: Arc<impl Outbox>, alert: DueAlert) -> Option<(u32, Attempt)> {
        let said = match self.targets.get(&alert.target) {
            Some(target) => target.post(alert.key, self.clock.now(), alert.body.clone()).await,
            None => Err(DeliveryError::unknown(&alert.target)),
        };
        let attempt = alert.after(&said, self.clock.now(), random_jitter());
        alert.log(&attempt);
        let attempts = alert.attempts.saturating_add(1);
        if outbox.record(&attempt).await {
            self.unrecorded.forget(alert.id, alert.attempts);
            return None;
        }
        // In memory it is known before anything else goes to this target, so that nothing is sent twice for want of a disk.
        self.unrecorded.keep(attempts, &attempt);
        tracing::error!(
            target_name = alert.target, key = %alert.key,
            "what came of an alert cannot be stored; it is kept in memory and stored later, and the alert may come again after a \
             restart"
        );
        Some((attempts, attempt))
    }

    /// Records an outcome that was not taken at first, once that is possible; at least every [`DATABASE_WAIT`] until then.
    async fn record(self: Arc<Self>, outbox: Arc<impl Outbox>, attempts: u32, attempt: Attempt) {
        for tries in 1.. {
            tokio::time::sleep(backoff(tries, random_jitter()).min(DATABASE_WAIT)).await;
            if !self.unrecorded.is_newest(attempt.id, attempts) {
                return;
            }
            if outbox.record(&attempt).await {
                self.unrecorded.forget(attempt.id, attempts);
                return;
            }
        }
    }

    async fn sleep(&self, wait: Option<Duration>) {
        match (wait, &self.clock) {
            (Some(wait), Clock::System) => tokio::time::sleep(wait.min(LONGEST_SLEEP)).await,
            // Whoever moves the clock says so.
            (None, _) | (_, Clock::Manual(_)) => std::future::pending().await,
        }
    }
}

impl DueAlert {
    /// What one more attempt has come to.
    fn after(&self, said: &Result<WebhookResponse, DeliveryError>, at: Timestamp, jitter: u16) -> Attempt {
        let attempts = self.attempts.saturating_add(1);
        let (success, refused, retry_after) = match said {
            Ok(answer) => (answer.is_success(), answer.is_refusal(), answer.retry_after),
            Err(_) => (false, false, None),
        };
        let outcome = if success {
            DeliveryOutcome::Delivered
        } else if at.duration_since(self.created_at) >= GIVEN_UP_AFTER && attempts >= LEAST_ATTEMPTS {
            DeliveryOutcome::Expired
        } else {
            let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
            let wait = backoff(attempts, jitter).max(asked);
            DeliveryOutcome::Failed { next: at.saturating_add(wait).unwrap_or(Timestamp::MAX), refused }
        };
        let answer = match said {
            Ok(WebhookResponse { status, body, .. }) => format!("HTTP {status}: {}", body.trim()),
            Err(error) => error.to_string(),
        };
        Attempt { id: self.id, at, outcome, answer }
    }

    fn log(&self, attempt: &Attempt) {
        let Self { key, target, attempts, .. } = self;
        let (attempts, answer) = (attempts.saturating_add(1), attempt.answer.as_str());
        match attempt.outcome {
            DeliveryOutcome::Delivered => {
                tracing::info!(target_name = target, %key, attempts, "alert delivered");
            }
            DeliveryOutcome::Failed { next, .. } => {
                tracing::warn!(target_name = target, %key, attempts, answer, %next, "alert not delivered; it is tried again");
            }
            DeliveryOutcome::Expired => {
                tracing::error!(target_name = target, %key, attempts, answer, "alert given up: nobody was told");
            }
        }
    }
}

/// 1 s, 2 s, 4 s, … 1 min, of which up to half is left off by `jitter`, so that targets are not tried in step.
fn backoff(attempts: u32, jitter: u16) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    let whole = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    whole.saturating_sub(whole / 2 * u32::from(jitter) / (u32::from(u16::MAX) + 1))
}

/// Any number: ids are random, too.
fn random_jitter() -> u16 {
    let [low, high, ..] = Uuid::new_v4().into_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(attempts: u32) -> DueAlert {
        let begin = Timestamp::UNIX_EPOCH;
        DueAlert {
            id: 7,
            key: Uuid::nil(),
            target: "ops".to_owned(),
            body: "{}".to_owned(),
            created_at: begin,
            attempts,
            next_attempt_at: begin,
        }
    }

    fn answer(status: u16, retry_after: Option<u64>) -> WebhookResponse {
        let body = " teapot\n".to_owned();
        WebhookResponse {
            status,
            body,
            elapsed: Duration::ZERO,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn seconds(number: i64) -> Timestamp {
        Timestamp::from_second(number).unwrap()
    }

    #[test]
    fn the_wait_doubles_up_to_a_minute_and_is_never_less_than_half() {
        let whole: Vec<u64> = (1..=12).map(|attempts| backoff(attempts, 0).as_secs()).collect();
        assert_eq!(whole, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]);
        assert_eq!(backoff(u32::MAX, 0), LONGEST_WAIT);
        assert_eq!(backoff(3, 1 << 15), Duration::from_secs(3));
        assert!((Duration::from_secs(30)..Duration::from_secs(31)).contains(&backoff(20, u16::MAX)));
    }

    #[test]
    fn only_2xx_is_delivered() {
        let outcome =
            |said: Result<WebhookResponse, DeliveryError>| waiting(0).after(&said, seconds(10), 0).outcome;
        let failed = |refused, next| DeliveryOutcome::Failed { next: seconds(next), refused };
        assert_eq!(outcome(Ok(answer(204, None))), DeliveryOutcome::Delivered);
        assert_eq!(outcome(Ok(answer(302, None))), failed(false, 11));
        assert_eq!(outcome(Ok(answer(400, None))), failed(true, 11));
        assert_eq!(outcome(Ok(answer(429, Some(30)))), failed(false, 40));
        assert_eq!(outcome(Ok(answer(503, Some(1 << 40)))), failed(false, 10 + 3600));
        assert_eq!(outcome(Err(DeliveryError::unknown("ops"))), failed(false, 11));
        assert_eq!(waiting(0).after(&Ok(answer(500, None)), seconds(10), 0).answer, "HTTP 500: teapot");
    }

    #[test]
    fn a_message_is_given_up_after_a_day_in_which_it_was_tried() {
        const DAY: i64 = 24 * 60 * 60;
        let outcome = |attempts, at| waiting(attempts).after(&Ok(answer(500, None)), seconds(at), 0).outcome;
        assert!(matches!(outcome(150, DAY - 1), DeliveryOutcome::Failed { .. }));
        assert_eq!(outcome(150, DAY), DeliveryOutcome::Expired);
        assert!(matches!(outcome(8, 7 * DAY), DeliveryOutcome::Failed { .. }), "the server was off");
        assert_eq!(outcome(9, 7 * DAY), DeliveryOutcome::Expired);
    }
}
