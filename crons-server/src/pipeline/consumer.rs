//! The other end of the queue, a thread that owns the database: a deadline is never judged before a check-in that had already arrived.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};

use super::apply::{Done, Marks, count, take};
use crate::clock::Clock;
use crate::domain::truncate_to_minute;
use crate::pipeline::event_log::Log;
use crate::pipeline::events::Event;
use crate::pipeline::processor::Judge;
use crate::pipeline::queue::{Inbox, Message, Unavailable};
use crate::pipeline::watermark::{self, Minutes};
use crate::store::{Store, StoreError};

/// Messages in one commit, at most.
const BATCH: usize = 512;

/// Starts the thread that owns the database. It ends when it is told to, or when the inbox is gone.
///
/// # Errors
/// If the database or the thread cannot be used.
///
/// # Panics
/// Outside of a tokio runtime.
pub(crate) fn start(
    mut store: Box<dyn Store>,
    mut judge: Judge,
    clock: Clock,
) -> Result<(Inbox, std::thread::JoinHandle<()>), StoreError> {
    let now = clock.now();
    let mut started = None;
    store.transaction(&mut |records| {
        started = Some(Minutes::start(records, &mut judge, now)?);
        Ok(())
    })?;
    watermark::notice(None, judge.outages.last().copied().filter(|outage| outage.until == now));
    let minutes = started.ok_or_else(|| StoreError::unavailable("it did not run a transaction"))?;
    let alerts = Arc::new(Notify::new());
    let well = Arc::new(AtomicBool::new(true));
    let (inbox, queue) = Inbox::new(clock, Arc::clone(&alerts), Arc::clone(&well));
    let mask = judge.mask.clone();
    let consumer = Consumer {
        store,
        log: Log::start(mask.clone()).map_err(StoreError::unavailable)?,
        judge,
        minutes,
        runtime: Handle::current(),
        waiting: Vec::new(),
        alerts,
        failed: false,
        well: Arc::clone(&well),
    };
    let thread = std::thread::Builder::new().name("crons-consumer".to_owned());
    let thread =
        thread.spawn(move || mask.scope_thread(|| consumer.run(queue))).map_err(StoreError::unavailable)?;
    Ok((inbox, thread))
}

struct Consumer {
    store: Box<dyn Store>,
    judge: Judge,
    minutes: Minutes,
    /// Where those are who wait for an answer.
    runtime: Handle,
    /// Who waits until a minute is judged.
    waiting: Vec<(Timestamp, oneshot::Sender<bool>)>,
    log: Log,
    /// Told when alerts have been written.
    alerts: Arc<Notify>,
    /// Whether the last transaction was not stored.
    failed: bool,
    /// The same for those who ask how the server is.
    well: Arc<AtomicBool>,
}

/// What came of doing a batch.
struct Attempt {
    done: Vec<Done>,
    said: Vec<Event>,
    minutes: Minutes,
    /// One message has failed, and all were undone for it.
    one_failed: bool,
    result: Result<(), StoreError>,
}

impl Consumer {
    fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.receive(&mut queue, &mut batch) {
            let last = batch.iter().position(|message| matches!(message, Message::Stop));
            batch.truncate(last.unwrap_or(batch.len()));
            self.apply(&mut batch, &queue);
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
        // What could not be stored just now cannot be at once, either: the next message, or the time, is waited for.
        if !self.minutes.are_behind() || self.failed {
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
    fn apply(&mut self, batch: &mut Vec<Message>, queue: &mpsc::Receiver<Message>) {
        let last = self.judge.outages.last().copied();
        // Marks cost. Without them the batch is undone as a whole, and done again, which what is given away cannot be.
        let given_away = batch.iter().any(|message| matches!(message, Message::Work(..)));
        let mut attempt = self.attempt(batch, queue, if given_away { Marks::Each } else { Marks::None });
        if attempt.one_failed {
            attempt = self.attempt(batch, queue, Marks::Each);
        }
        let Attempt { done, said, minutes, result, .. } = attempt;
        self.failed = result.is_err();
        self.well.store(!self.failed, Ordering::Relaxed);
        match &result {
            Ok(()) => {
                self.minutes = minutes;
                watermark::notice(last, self.judge.outages.last().copied());
                if said.iter().any(|said| matches!(said, Event::Alerts)) {
                    self.alerts.notify_one();
                }
            }
            Err(error) => {
                tracing::error!(%error, messages = batch.len(), "nothing of this batch was stored; clients are told so");
                self.minutes.turn_deaf();
            }
        }
        self.answer(batch, done, result.is_ok());
        // Last: it may have to wait for whoever reads the log, and nobody is to wait for that with us.
        if result.is_ok() {
            self.log.say(said);
        }
    }

    /// Does it, or nothing of it.
    fn attempt(&mut self, batch: &mut [Message], queue: &mpsc::Receiver<Message>, marks: Marks) -> Attempt {
        let (mut done, mut said) = (Vec::with_capacity(batch.len()), Vec::new());
        let mut minutes = self.minutes.clone();
        let mut one_failed = false;
        let outages = self.judge.outages.clone();
        let judge = &mut self.judge;
        let parts = if batch.is_empty() { watermark::PARTS } else { 1 };
        let result = self.store.transaction(&mut |records| {
            for message in &mut *batch {
                let outcome = take(records, judge, &mut minutes, message, marks, &mut said);
                one_failed = outcome.is_err() && marks == Marks::None;
                done.push(outcome?);
            }
            // Until somebody waits: fewer commits for a storm.
            for _ in 0..parts {
                minutes.judge(records, judge, watermark::A_FEW, &mut said)?;
                if !minutes.are_behind() || !queue.is_empty() {
                    break;
                }
            }
            count(records, &said)
        });
        self.judge.rate.settle(result.is_ok());
        if result.is_err() {
            self.judge.outages = outages;
        }
        Attempt { done, said, minutes, one_failed, result }
    }

    fn answer(&mut self, batch: &mut Vec<Message>, done: Vec<Done>, durable: bool) {
        let mut answers = Vec::with_capacity(batch.len());
        let mut done = done.into_iter();
        for message in batch.drain(..) {
            match (message, done.next().filter(|_| durable)) {
                (Message::CheckIn(arrival, reply), Some(Done::Verdict(verdict))) => {
                    answers.push((arrival, reply, verdict.ok_or(Unavailable::Database)));
                }
                (Message::CheckIn(arrival, reply), _) => {
                    answers.push((arrival, reply, Err(Unavailable::Database)));
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
        if !answers.is_empty() {
            // One wake-up for all: from this thread each of them would be one. What has arrived is freed there, too.
            self.runtime.spawn(async move {
                for (_arrival, reply, verdict) in answers {
                    // A client that is gone needs no answer.
                    let _ = reply.send(verdict);
                }
            });
        }
        let minutes = &self.minutes;
        for (_, waiter) in self.waiting.extract_if(.., |(minute, _)| minutes.have_judged(*minute)) {
            let _ = waiter.send(true);
        }
    }
}

#[cfg(test)]
mod tests;
