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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use crons_types::{CheckInId, CheckInStatus, Schedule, Slug};

    use super::*;
    use crate::clock::ManualClock;
    use crate::lifecycle::{ConfigPatch, ConfigUpdate};
    use crate::store::{Reader, SqliteStore};

    /// A real database that fails when it is told to, at the very end of a transaction.
    struct Failing(SqliteStore, Arc<AtomicBool>);

    impl Store for Failing {
        fn transaction(
            &mut self,
            work: &mut dyn FnMut(&mut dyn Records) -> Result<(), StoreError>,
        ) -> Result<(), StoreError> {
            self.0.transaction(&mut |records| {
                work(records)?;
                if self.1.load(Ordering::SeqCst) { Err(StoreError::new("the disk is full")) } else { Ok(()) }
            })
        }
    }

    /// The end of a run of a monitor that is expected every minute.
    fn event(id: u8) -> CheckInEvent {
        let patch = ConfigPatch {
            schedule: Schedule::interval("1 minute").unwrap(),
            checkin_margin: None,
            max_runtime: None,
            timezone: None,
            failure_issue_threshold: None,
            recovery_threshold: None,
            owner: None,
            owner_refused: false,
        };
        CheckInEvent {
            project: crate::PROJECT,
            monitor_slug: Slug::parse("job").unwrap(),
            environment: "production".to_owned(),
            check_in_id: CheckInId::from_bytes([id; 16]),
            status: CheckInStatus::Ok,
            duration_ms: None,
            config: Some(ConfigUpdate::Valid(Box::new(patch))),
            received: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn while_the_database_fails_nothing_is_acknowledged_and_afterwards_nothing_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let failing = Arc::new(AtomicBool::new(false));
        let store = Failing(SqliteStore::open(&path).unwrap(), Arc::clone(&failing));
        let clock = ManualClock::new("2024-06-03T10:00:00Z".parse().unwrap());
        let (inbox, thread) = start(Box::new(store), Clock::Manual(clock.clone())).unwrap();
        let reader = Reader::open(&path).unwrap();
        let statuses = || -> Vec<&str> {
            let page = reader.check_ins(crate::PROJECT, "job", None, 0, 100).unwrap().unwrap();
            page.check_ins.iter().rev().map(|(_, row)| row.status.as_str()).collect()
        };

        assert!(matches!(inbox.check_in(event(1)).await, Ok(Verdict::Accepted { .. })));
        failing.store(true, Ordering::SeqCst);
        assert_eq!(inbox.check_in(event(2)).await, Err(Unavailable::Database));
        clock.set("2024-06-03T10:02:00Z".parse().unwrap());
        assert!(!inbox.minute().await, "a minute that is not durable is not judged");
        assert_eq!(statuses(), ["ok"]);

        failing.store(false, Ordering::SeqCst);
        clock.set("2024-06-03T10:03:00Z".parse().unwrap());
        assert!(inbox.minute().await);
        assert_eq!(statuses(), ["ok", "missed", "missed"], "the minute that failed is made up for");
        inbox.stop().await;
        thread.join().unwrap();
        assert_eq!(inbox.check_in(event(3)).await, Err(Unavailable::Closing));
    }
}
