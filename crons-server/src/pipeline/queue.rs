//! The senders' end of the one queue for check-ins and minutes: what goes in is stamped with the time, in order of time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::clock::Clock;
use crate::domain::{ReceivedCheckIn, Verdict};
use crate::store::{Records, StoreError};

/// Messages that may wait for the database; beyond it their senders do.
const QUEUE: usize = 4_096;

/// Why a message got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The database failed: nothing was stored.
    Database,
    /// The server is shutting down.
    Closing,
}

pub(crate) type Reply = oneshot::Sender<Result<Verdict, Unavailable>>;
/// Something that reads and writes, given the time.
pub(crate) type Work = Box<dyn FnOnce(&mut dyn Records, Timestamp) -> Result<(), StoreError> + Send>;

/// What is put in.
pub(crate) enum Message {
    CheckIn(Box<ReceivedCheckIn>, Reply),
    /// The time, and who waits until its minute is judged.
    Time(Timestamp, Option<oneshot::Sender<bool>>),
    /// Anything else that reads and writes, in its turn.
    Work(Option<Work>, Timestamp, oneshot::Sender<bool>),
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
    /// Whether the last thing that was to be stored was.
    well: Arc<AtomicBool>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Inbox {
    /// The other end gets what is put in; `alerts` is told when there are some to send.
    pub(crate) fn new(
        clock: Clock,
        alerts: Arc<Notify>,
        well: Arc<AtomicBool>,
    ) -> (Self, mpsc::Receiver<Message>) {
        let (messages, queue) = mpsc::channel(QUEUE);
        let (latest, deleted) = (Mutex::new(Timestamp::MIN), Notify::new());
        (Self { messages, clock, latest, alerts, deleted, well }, queue)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the last thing that was to be stored was.
    pub(crate) fn is_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// Stamps what has arrived with the time and waits until it is durable.
    pub(crate) async fn check_in(&self, mut arrival: ReceivedCheckIn) -> Result<Verdict, Unavailable> {
        let (reply, verdict) = oneshot::channel();
        let permit = self.messages.reserve().await.map_err(|_| Unavailable::Closing)?;
        self.stamp(|now| {
            arrival.stamp(now);
            permit.send(Message::CheckIn(Box::new(arrival), reply));
        });
        verdict.await.unwrap_or(Err(Unavailable::Closing))
    }

    /// Says what time it is, so that what is due is judged; does not wait for that.
    pub(crate) async fn time(&self) {
        // An error means that the server is shutting down.
        if let Ok(permit) = self.messages.reserve().await {
            self.stamp(|now| permit.send(Message::Time(now, None)));
        }
    }

    /// Has the minute that it is now judged, and those before it that were not. Whether that is durable; if not, the
    /// next minute makes up for it.
    pub(crate) async fn minute(&self) -> bool {
        let (done, judged) = oneshot::channel();
        let Ok(permit) = self.messages.reserve().await else { return false };
        self.stamp(|now| permit.send(Message::Time(now, Some(done))));
        // An error means that the server is shutting down.
        judged.await.unwrap_or(false)
    }

    /// Does something with the database in its turn, and waits until that is durable.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Records, Timestamp) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, done) = oneshot::channel();
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let work: Work = Box::new(move |records, now| {
            let value = work(records, now)?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        });
        let permit = self.messages.reserve().await.map_err(|_| Unavailable::Closing)?;
        self.stamp(|now| permit.send(Message::Work(Some(work), now, reply)));
        if !done.await.map_err(|_| Unavailable::Closing)? {
            return Err(Unavailable::Database);
        }
        let value = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or(Unavailable::Database)
    }

    /// Told when there are alerts to send, or when the clock was moved.
    pub(crate) fn alerts(&self) -> &Notify {
        &self.alerts
    }

    /// Told when something was deleted, so that what is stored of it can go.
    pub(crate) fn deleted(&self) -> &Notify {
        &self.deleted
    }

    /// Waits until the thread that owns the database has ended, of itself or because it was told to.
    pub(crate) async fn ended(&self) {
        self.messages.closed().await;
    }

    /// Has the thread end after what is queued now; what comes later is turned away.
    pub(crate) async fn stop(&self) {
        // An error means that it has ended already.
        let _ = self.messages.send(Message::Stop).await;
    }

    fn stamp(&self, send: impl FnOnce(Timestamp)) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that is set back makes time stand still, not run backwards.
        *latest = self.clock.now().max(*latest);
        send(*latest);
    }
}
