//! One queue for check-ins and minutes: a deadline is never judged before a check-in that had already arrived.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::clock::Clock;
use crate::judge::{self, Judge, Said};
use crate::lifecycle::{Arrival, Verdict, truncate_to_minute};
use crate::minutes::{self, Minutes};
use crate::store::{Records, Store, StoreError};

/// Messages that may wait for the database; beyond it their senders do.
const QUEUE: usize = 4_096;
/// Messages in one commit, at most.
const BATCH: usize = 512;

/// Why a message got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// The database failed: nothing was stored.
    Database,
    /// The server is shutting down.
    Closing,
}

type Reply = oneshot::Sender<Result<Verdict, Unavailable>>;
type Work = Box<dyn FnOnce(&mut dyn Records, Timestamp) -> Result<(), StoreError> + Send>;

enum Message {
    CheckIn(Box<Arrival>, Reply),
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

    /// Stamps what has arrived with the time and waits until it is durable.
    pub(crate) async fn check_in(&self, mut arrival: Arrival) -> Result<Verdict, Unavailable> {
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
///
/// # Errors
/// If the database or the thread cannot be used.
pub(crate) fn start(
    mut store: Box<dyn Store>,
    mut judge: Judge,
    clock: Clock,
) -> Result<(Inbox, std::thread::JoinHandle<()>), StoreError> {
    let (messages, queue) = mpsc::channel(QUEUE);
    let now = clock.now();
    let mut started = None;
    store.transaction(&mut |records| {
        started = Some(Minutes::start(records, &mut judge, now)?);
        Ok(())
    })?;
    let minutes = started.ok_or_else(|| StoreError::new("it did not run a transaction"))?;
    let alerts = Arc::new(Notify::new());
    let consumer = Consumer { store, judge, minutes, waiting: Vec::new(), alerts: Arc::clone(&alerts) };
    let thread = std::thread::Builder::new().name("crons-consumer".to_owned());
    let thread = thread.spawn(move || consumer.run(queue)).map_err(StoreError::new)?;
    Ok((Inbox { messages, clock, latest: Mutex::new(Timestamp::MIN), alerts }, thread))
}

struct Consumer {
    store: Box<dyn Store>,
    judge: Judge,
    minutes: Minutes,
    /// Who waits until a minute is judged.
    waiting: Vec<(Timestamp, oneshot::Sender<bool>)>,
    /// Told when alerts have been written.
    alerts: Arc<Notify>,
}

/// What became of a message, to be said once it is durable.
enum Done {
    Verdict(Option<Verdict>),
    Work(bool),
    Time,
}

impl Consumer {
    fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.receive(&mut queue, &mut batch) {
            let last = batch.iter().position(|message| matches!(message, Message::Stop));
            batch.truncate(last.unwrap_or(batch.len()));
            self.apply(&mut batch);
            if last.is_some() {
                let minutes = &self.minutes;
                if let Err(error) = self.store.transaction(&mut |records| minutes.stop(records)) {
                    tracing::error!(%error, "when the server stopped was not stored");
                }
                return;
            }
        }
    }

    /// Takes what is queued; waits for something unless deadlines are left to be judged. `false`: nothing will come.
    fn receive(&self, queue: &mut mpsc::Receiver<Message>, batch: &mut Vec<Message>) -> bool {
        if !self.minutes.are_behind() {
            return queue.blocking_recv_many(batch, BATCH) > 0;
        }
        while batch.len() < BATCH {
            match queue.try_recv() {
                Ok(message) => batch.push(message),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return !batch.is_empty(),
            }
        }
        true
    }

    /// One commit for all of a batch, and only then the answers.
    fn apply(&mut self, batch: &mut Vec<Message>) {
        let (mut done, mut said) = (Vec::with_capacity(batch.len()), Vec::new());
        let outages = self.judge.outages.clone();
        let judge = &mut self.judge;
        let mut minutes = self.minutes.clone();
        let result = self.store.transaction(&mut |records| {
            for message in &mut *batch {
                done.push(take(records, judge, &mut minutes, message, &mut said)?);
            }
            let limit = if batch.is_empty() { minutes::MANY } else { minutes::A_FEW };
            minutes.judge(records, judge, limit, &mut said)?;
            count(records, &said)
        });
        match &result {
            Ok(()) => {
                self.minutes = minutes;
                said.iter().for_each(Said::log);
                if said.iter().any(|said| matches!(said, Said::Alerts)) {
                    self.alerts.notify_one();
                }
            }
            Err(error) => {
                tracing::error!(%error, messages = batch.len(), "nothing of this batch was stored; clients are told so");
                self.judge.outages = outages;
                self.minutes.turn_deaf();
            }
        }
        self.answer(batch, done, result.is_ok());
    }

    fn answer(&mut self, batch: &mut Vec<Message>, done: Vec<Done>, durable: bool) {
        // A client that is gone needs no answer.
        let mut done = done.into_iter();
        for message in batch.drain(..) {
            match (message, done.next().filter(|_| durable)) {
                (Message::CheckIn(_, reply), Some(Done::Verdict(verdict))) => {
                    let _ = reply.send(verdict.ok_or(Unavailable::Database));
                }
                (Message::CheckIn(_, reply), _) => {
                    let _ = reply.send(Err(Unavailable::Database));
                }
                (Message::Work(_, _, reply), done) => {
                    let _ = reply.send(matches!(done, Some(Done::Work(true))));
                }
                (Message::Time(now, Some(waiter)), Some(_)) => {
                    self.waiting.push((truncate_to_minute(now), waiter));
                }
                (Message::Time(_, Some(waiter)), None) => {
                    let _ = waiter.send(false);
                }
                (Message::Time(_, None) | Message::Stop, _) => {}
            }
        }
        let minutes = &self.minutes;
        for (_, waiter) in self.waiting.extract_if(.., |(minute, _)| minutes.have_judged(*minute)) {
            let _ = waiter.send(true);
        }
    }
}

/// Does what one message asks for. One that fails by itself fails alone.
fn take(
    records: &mut dyn Records,
    judge: &mut Judge,
    minutes: &mut Minutes,
    message: &mut Message,
    said: &mut Vec<Said>,
) -> Result<Done, StoreError> {
    match message {
        Message::CheckIn(arrival, _) => {
            enter(records, judge, minutes, arrival.received, said)?;
            if let Ok(event) = &arrival.content
                && minutes.are_behind()
            {
                minutes.judge_beside(records, judge, event, said)?;
            }
            let verdict = judge::apart(records, |records| judge.check_in(records, arrival, said))?;
            Ok(Done::Verdict(verdict))
        }
        Message::Time(now, _) => {
            enter(records, judge, minutes, *now, said)?;
            Ok(Done::Time)
        }
        Message::Work(work, now, _) => {
            let Some(work) = work.take() else { return Ok(Done::Work(false)) };
            enter(records, judge, minutes, *now, said)?;
            Ok(Done::Work(judge::apart(records, |records| work(records, *now))?.is_some()))
        }
        Message::Stop => Ok(Done::Time),
    }
}

/// What is due in a minute is judged before all that arrives in it; beyond a number, at the end of each batch.
fn enter(
    records: &mut dyn Records,
    judge: &mut Judge,
    minutes: &mut Minutes,
    now: Timestamp,
    said: &mut Vec<Said>,
) -> Result<(), StoreError> {
    if minutes.enter(records, judge, now)? {
        minutes.judge(records, judge, minutes::A_FEW, said)
    } else {
        Ok(())
    }
}

/// Adds up what came in by hour, monitor and outcome: one statement for each of these.
fn count(records: &mut dyn Records, said: &[Said]) -> Result<(), StoreError> {
    let mut counts = HashMap::new();
    for (at, usage) in said.iter().filter_map(Said::usage) {
        let hour = at.as_second().div_euclid(3_600);
        counts.entry((hour, usage)).or_insert((at, 0)).1 += 1;
    }
    for ((_, usage), (at, number)) in counts {
        records.count(at, &usage, number)?;
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
    use crate::lifecycle::{CheckInEvent, ConfigPatch, ConfigUpdate};
    use crate::settings::Settings;
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
    fn arrival(id: u8) -> Arrival {
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
        let event = CheckInEvent {
            project: crate::PROJECT,
            monitor_slug: Slug::parse("job").unwrap(),
            environment: "production".to_owned(),
            check_in_id: CheckInId::from_bytes([id; 16]),
            status: CheckInStatus::Ok,
            duration_ms: None,
            config: Some(ConfigUpdate::Valid(Box::new(patch))),
            received: Timestamp::UNIX_EPOCH,
        };
        Arrival {
            monitor_slug: Some(event.monitor_slug.clone()),
            environment: event.environment.clone(),
            received: event.received,
            payload: String::new(),
            content: Ok(event),
        }
    }

    #[tokio::test]
    async fn while_the_database_fails_nothing_is_acknowledged_and_afterwards_nothing_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let failing = Arc::new(AtomicBool::new(false));
        let store = Failing(SqliteStore::open(&path).unwrap(), Arc::clone(&failing));
        let judge = Judge::new(&Settings::default(), uuid::Uuid::new_v4);
        let clock = ManualClock::new("2024-06-03T10:00:00Z".parse().unwrap());
        let (inbox, thread) = start(Box::new(store), judge, Clock::Manual(clock.clone())).unwrap();
        let reader = Reader::open(&path).unwrap();
        let statuses = || -> Vec<&str> {
            let page = reader.check_ins(crate::PROJECT, "job", None, 0, 100).unwrap().unwrap();
            page.check_ins.iter().rev().map(|(_, row)| row.status.as_str()).collect()
        };

        assert!(matches!(inbox.check_in(arrival(1)).await, Ok(Verdict::Accepted { .. })));
        failing.store(true, Ordering::SeqCst);
        assert_eq!(inbox.check_in(arrival(2)).await, Err(Unavailable::Database));
        clock.set("2024-06-03T10:02:00Z".parse().unwrap());
        assert!(!inbox.minute().await, "a minute that is not durable is not judged");
        assert_eq!(statuses(), ["ok"]);

        failing.store(false, Ordering::SeqCst);
        clock.set("2024-06-03T10:03:00Z".parse().unwrap());
        assert!(inbox.minute().await);
        assert_eq!(
            statuses(),
            ["ok", "unknown"],
            "whoever reported meanwhile was turned away, and has missed nothing"
        );
        clock.set("2024-06-03T10:04:00Z".parse().unwrap());
        assert!(inbox.minute().await);
        assert_eq!(statuses(), ["ok", "unknown", "missed"], "what is due later is judged as ever");
        inbox.stop().await;
        thread.join().unwrap();
        assert_eq!(inbox.check_in(arrival(3)).await, Err(Unavailable::Closing));
    }
}
