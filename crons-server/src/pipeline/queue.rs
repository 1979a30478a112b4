//! The senders' end of the one queue for check-ins, minutes and commands: inputs are stamped with the time, in order of time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use crate::alerts::{Attempt, FailingTarget};
use crate::clock::Clock;
use crate::domain::{Command, CommandError, CommandOutcome, ReceivedCheckIn, Verdict};
use crate::pipeline::changes::Changes;
use crate::pipeline::digest::NewDigest;
use crate::pipeline::vitals::{TargetHealth, Vitals};
use crate::store::{Expired, TokenChange};

/// Messages that may wait for the database; beyond it their senders do.
const QUEUE: usize = 4_096;

/// The reason why a message got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The database failed: nothing was stored.
    Database,
    /// The server is shutting down.
    Closing,
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Unavailable>>;

/// A step of housekeeping, which no rule has to decide on.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    /// Deletes some of the rows of deleted monitors and environments.
    PurgeDeleted,
    /// Deletes what a sweep has found to be too old or too many.
    DeleteExpired(Expired),
    /// Returns some unused space to the file system.
    ReclaimSpace,
    /// Stores the outcome of an attempt to deliver an alert.
    RecordAttempt(Attempt),
    /// Has this server send the messages of these targets, unless other servers do.
    LeaseTargets(Vec<String>),
    /// Reads the health of targets, which another server may have changed.
    ReadTargets,
    /// Starts a drill with this id.
    Drill(Uuid),
    /// Stores the messages of a digest.
    StoreDigest(Box<NewDigest>),
    /// Creates or revokes an API token.
    ChangeToken(TokenChange),
}

/// The result of a [`Task`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TaskOutcome {
    /// Check-ins that were deleted as expired.
    pub(crate) check_ins: usize,
    /// Whether more of the kind is left to do.
    pub(crate) more: bool,
    /// The target of an attempt with its health, which is `None` if it accepts messages.
    pub(crate) target: Option<(String, Option<FailingTarget>)>,
    /// The health of all targets.
    pub(crate) targets: Option<TargetHealth>,
    /// The number of new alerts.
    pub(crate) new_alerts: usize,
    /// The time until which the stored digest tells; `None` for other tasks.
    pub(crate) digest_until: Option<Timestamp>,
}

/// An input of the pipeline.
pub(crate) enum Message {
    CheckIn(Box<ReceivedCheckIn>, Reply<Verdict>),
    /// The time, and the sender who waits until its minute is evaluated.
    Tick(Timestamp, Option<oneshot::Sender<bool>>),
    Command(Command, Timestamp, Reply<Result<CommandOutcome, CommandError>>),
    Task(Task, Timestamp, Reply<TaskOutcome>),
    Stop,
}

/// The senders' end of the queue.
pub(crate) struct Inbox {
    messages: mpsc::Sender<Message>,
    clock: Clock,
    /// The latest time that was stamped. Held while stamping and queueing, so that the queue is in order of time.
    latest: Mutex<Timestamp>,
    alerts: Arc<Notify>,
    deleted: Notify,
    /// Whether the last transaction was stored.
    healthy: Arc<AtomicBool>,
    vitals: Arc<Vitals>,
    changes: Arc<Changes>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Inbox {
    /// Returns both ends of the queue. `alerts` is notified when there are some to send.
    pub(crate) fn new(
        clock: Clock,
        alerts: Arc<Notify>,
        healthy: Arc<AtomicBool>,
        vitals: Arc<Vitals>,
        changes: Arc<Changes>,
    ) -> (Self, mpsc::Receiver<Message>) {
        let (messages, queue) = mpsc::channel(QUEUE);
        let (latest, deleted) = (Mutex::new(Timestamp::MIN), Notify::new());
        (Self { messages, clock, latest, alerts, deleted, healthy, vitals, changes }, queue)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns whether the last transaction was stored.
    pub(crate) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// The monitors that have changed.
    pub(crate) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The figures of the server since its start.
    pub(crate) fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// The number of messages that wait for the database.
    pub(crate) fn queued(&self) -> usize {
        self.messages.max_capacity() - self.messages.capacity()
    }

    /// Stamps a check-in with the time, and waits until it is durable.
    pub(crate) async fn check_in(&self, mut received: ReceivedCheckIn) -> Result<Verdict, Unavailable> {
        self.send(|now, reply| {
            received.stamp(now);
            Message::CheckIn(Box::new(received), reply)
        })
        .await
    }

    /// Carries out a command of a person in its turn, and waits until it is durable.
    pub(crate) async fn command(
        &self,
        command: Command,
    ) -> Result<Result<CommandOutcome, CommandError>, Unavailable> {
        self.send(|now, reply| Message::Command(command, now, reply)).await
    }

    /// Does a step of housekeeping in its turn, and waits until it is durable.
    pub(crate) async fn task(&self, task: Task) -> Result<TaskOutcome, Unavailable> {
        self.send(|now, reply| Message::Task(task, now, reply)).await
    }

    /// Announces the time, so that deadlines are evaluated; does not wait for that.
    pub(crate) async fn tick(&self) {
        // An error means that the server is shutting down.
        if let Ok(permit) = self.messages.reserve().await {
            self.stamp(|now| permit.send(Message::Tick(now, None)));
        }
    }

    /// Has the deadlines of this minute evaluated, and those of earlier ones that were not. Returns whether that is durable; if not,
    /// the next minute makes up for it.
    pub(crate) async fn tick_and_wait(&self) -> bool {
        let (done, evaluated) = oneshot::channel();
        let Ok(permit) = self.messages.reserve().await else { return false };
        self.stamp(|now| permit.send(Message::Tick(now, Some(done))));
        // An error means that the server is shutting down.
        evaluated.await.unwrap_or(false)
    }

    /// Notified when there are alerts to send, or when the clock was moved.
    pub(crate) fn alerts(&self) -> &Notify {
        &self.alerts
    }

    /// Notified when something was deleted, so that its rows can be purged.
    pub(crate) fn deleted(&self) -> &Notify {
        &self.deleted
    }

    /// Waits until the thread that owns the database has ended, of itself or because it was told to.
    pub(crate) async fn closed(&self) {
        self.messages.closed().await;
    }

    /// Has the thread end after the messages that are queued now; later ones are turned away.
    pub(crate) async fn stop(&self) {
        // An error means that it has ended already.
        let _ = self.messages.send(Message::Stop).await;
    }

    async fn send<T>(&self, message: impl FnOnce(Timestamp, Reply<T>) -> Message) -> Result<T, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let permit = self.messages.reserve().await.map_err(|_| Unavailable::Closing)?;
        self.stamp(|now| permit.send(message(now, reply)));
        answer.await.unwrap_or(Err(Unavailable::Closing))
    }

    fn stamp(&self, send: impl FnOnce(Timestamp)) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that is set back makes time stand still, not run backwards.
        *latest = self.clock.now().max(*latest);
        send(*latest);
    }
}
