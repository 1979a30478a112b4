//! One queue for check-ins and minutes: a deadline is never judged before a check-in that had already arrived.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::judge::{self, Said};
use crate::lifecycle::{CheckInEvent, Verdict, truncate_to_minute};
use crate::store::{Records, Store, StoreError};

/// Check-ins that may wait for the database; beyond it their senders do.
const QUEUE: usize = 4_096;
/// Check-ins in one commit, at most.
const BATCH: usize = 512;
/// Minutes that are made up for when the clock jumps forward; a machine that slept longer starts afresh.
const MOST_MINUTES: usize = 24 * 60;

/// Why a check-in got no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The database failed: nothing was stored.
    Database,
    /// The server is shutting down.
    Closing,
}

type Reply = oneshot::Sender<Result<Verdict, Unavailable>>;

enum Message {
    CheckIn(Box<CheckInEvent>, Reply),
    Minute(Timestamp, oneshot::Sender<bool>),
    Stop,
}

/// The senders' end of the queue.
pub(crate) struct Inbox {
    messages: mpsc::Sender<Message>,
    clock: Clock,
    /// The latest time that was stamped. Held while stamping and queueing, so that the queue is in order of time.
    latest: Mutex<Timestamp>,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Inbox {
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Stamps a check-in with the time of its arrival and waits until it is durable.
    pub(crate) async fn check_in(&self, mut event: CheckInEvent) -> Result<Verdict, Unavailable> {
        let (reply, verdict) = oneshot::channel();
        let permit = self.messages.reserve().await.map_err(|_| Unavailable::Closing)?;
        self.stamp(|now| {
            event.received = now;
            permit.send(Message::CheckIn(Box::new(event), reply));
        });
        verdict.await.unwrap_or(Err(Unavailable::Closing))
    }

    /// Has the minute that it is now judged, and those before it that were not. Whether that is durable; if not, the
    /// next minute makes up for it.
    pub(crate) async fn minute(&self) -> bool {
        let (done, judged) = oneshot::channel();
        let Ok(permit) = self.messages.reserve().await else { return false };
        self.stamp(|now| permit.send(Message::Minute(truncate_to_minute(now), done)));
        // An error means that the server is shutting down.
        judged.await.unwrap_or(false)
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

/// Starts the thread that owns the database. It ends when it is told to, or when the inbox is gone.
pub(crate) fn start(
    store: Box<dyn Store>,
    clock: Clock,
) -> std::io::Result<(Inbox, std::thread::JoinHandle<()>)> {
    let (messages, queue) = mpsc::channel(QUEUE);
    let last_minute = truncate_to_minute(clock.now());
    let consumer = Consumer { store, last_minute };
    let thread =
        std::thread::Builder::new().name("crons-consumer".to_owned()).spawn(move || consumer.run(queue))?;
    Ok((Inbox { messages, clock, latest: Mutex::new(Timestamp::MIN) }, thread))
}

struct Consumer {
    store: Box<dyn Store>,
    /// The last minute that was judged. At the start: the current one, since nobody could be heard before.
    last_minute: Timestamp,
}

impl Consumer {
    fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
            let last = batch.iter().position(|message| matches!(message, Message::Stop));
            batch.truncate(last.unwrap_or(batch.len()));
            self.apply(&mut batch);
            if last.is_some() {
                return;
            }
        }
    }

    /// One commit for all of a batch, and only then the answers.
    fn apply(&mut self, batch: &mut Vec<Message>) {
        let (mut verdicts, mut said) = (Vec::new(), Vec::new());
        let mut last_minute = self.last_minute;
        let result = self.store.transaction(&mut |records| {
            for message in &*batch {
                match message {
                    Message::CheckIn(event, _) => {
                        advance(records, &mut last_minute, truncate_to_minute(event.received), &mut said)?;
                        // One that fails by itself fails alone.
                        let verdict =
                            judge::apart(records, |records| judge::check_in(records, event, &mut said))?;
                        verdicts.push(verdict.ok_or(Unavailable::Database));
                    }
                    Message::Minute(minute, _) => advance(records, &mut last_minute, *minute, &mut said)?,
                    Message::Stop => {}
                }
            }
            Ok(())
        });
        match result {
            Ok(()) => {
                self.last_minute = last_minute;
                said.iter().for_each(Said::log);
            }
            Err(error) => {
                tracing::error!(%error, messages = batch.len(), "nothing of this batch was stored; clients are told so");
                verdicts.clear();
            }
        }
        let mut verdicts = verdicts.into_iter();
        // A client that is gone needs no answer.
        for message in batch.drain(..) {
            match message {
                Message::CheckIn(_, reply) => {
                    let _ = reply.send(verdicts.next().unwrap_or(Err(Unavailable::Database)));
                }
                Message::Minute(minute, done) => {
                    let _ = done.send(self.last_minute >= minute);
                }
                Message::Stop => {}
            }
        }
    }
}

/// Judges each minute up to `now` that has not been judged yet.
fn advance(
    records: &mut dyn Records,
    last: &mut Timestamp,
    now: Timestamp,
    said: &mut Vec<Said>,
) -> Result<(), StoreError> {
    const MINUTE: SignedDuration = SignedDuration::from_mins(1);
    let skipped = now.duration_since(*last).as_mins();
    if usize::try_from(skipped).is_ok_and(|minutes| minutes > MOST_MINUTES) {
        tracing::warn!(
            minutes = skipped,
            "the clock jumped forward; what was due meanwhile is judged as of now"
        );
        *last = now - MINUTE;
    }
    while *last < now {
        *last = last.saturating_add(MINUTE).unwrap_or(now);
        judge::tick(records, *last, said)?;
    }
    Ok(())
}
