//! The consumer of the queue, a thread that owns the database: no deadline is evaluated before a check-in that had already arrived.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};

use super::apply::{self, MAX_BATCH};
use super::drill;
use super::task;
use crate::clock::Clock;
use crate::domain::{ReceivedCheckIn, Verdict, truncate_to_minute};
use crate::pipeline::changes::Changes;
use crate::pipeline::event_log::EventLog;
use crate::pipeline::events::Event;
use crate::pipeline::page_size::PageSize;
use crate::pipeline::processor::Processor;
use crate::pipeline::queue::{Inbox, Message, Reply, Task, TaskOutcome, Unavailable};
use crate::pipeline::refused_log::RefusedLog;
use crate::pipeline::vitals::Vitals;
use crate::pipeline::watermark::{CHUNK, IDLE_CHUNK, Watermark};
use crate::store::{Duty, Store, StoreError};

/// Starts the thread that owns the database. The thread ends when it is told to, or when the inbox is gone.
///
/// # Errors
/// If the database or the thread cannot be used.
///
/// # Panics
/// Outside of a tokio runtime.
pub(crate) fn start(
    mut store: Box<dyn Store>,
    mut processor: Processor,
    clock: Clock,
) -> Result<(Inbox, std::thread::JoinHandle<()>), StoreError> {
    let watermark = Watermark::restore(&mut *store, &mut processor, clock.now())?;
    let alerts = Arc::new(Notify::new());
    let healthy = Arc::new(AtomicBool::new(true));
    let (vitals, changes) = (Arc::new(Vitals::default()), Arc::new(Changes::default()));
    vitals.evaluated(watermark.evaluated_through(), processor.outages.last().copied());
    let (inbox, queue) = Inbox::new(
        clock,
        Arc::clone(&alerts),
        Arc::clone(&healthy),
        Arc::clone(&vitals),
        Arc::clone(&changes),
    );
    let mask = processor.mask.clone();
    let consumer = Consumer {
        store,
        log: EventLog::new(mask.clone()),
        refused: RefusedLog::default(),
        processor,
        watermark,
        runtime: Handle::current(),
        waiting: Vec::new(),
        alerts,
        page_size: PageSize::at_most(IDLE_CHUNK),
        failed: false,
        healthy,
        vitals,
        changes,
        counted: 0,
    };
    let thread = std::thread::Builder::new().name("crons-consumer".to_owned());
    let thread =
        thread.spawn(move || mask.scope_thread(|| consumer.run(queue))).map_err(StoreError::unavailable)?;
    Ok((inbox, thread))
}

struct Consumer {
    store: Box<dyn Store>,
    processor: Processor,
    watermark: Watermark,
    /// The runtime of the senders who wait for an answer.
    runtime: Handle,
    /// Senders who wait until a minute is evaluated.
    waiting: Vec<(Timestamp, oneshot::Sender<bool>)>,
    log: EventLog,
    refused: RefusedLog,
    /// Notified when alerts have been written.
    alerts: Arc<Notify>,
    page_size: PageSize,
    /// Whether the last transaction was not stored.
    failed: bool,
    /// The opposite, for the health check.
    healthy: Arc<AtomicBool>,
    vitals: Arc<Vitals>,
    changes: Arc<Changes>,
    /// The events of this batch that `vitals` has counted.
    counted: usize,
}

/// The check-ins, each with the reply to its sender.
type CheckIns = Vec<(Box<ReceivedCheckIn>, Reply<Verdict>)>;

impl Consumer {
    fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut received = Vec::with_capacity(MAX_BATCH);
        let group = self.store.group();
        while self.receive(&mut queue, &mut received) {
            let mut messages: VecDeque<Message> = received.drain(..).collect();
            let stop = messages.iter().position(|message| matches!(message, Message::Stop));
            messages.truncate(stop.unwrap_or(messages.len()));
            let mut events = Vec::new();
            let began = Instant::now();
            let result = self.process(&mut messages, &queue, &mut events);
            self.count(&events);
            self.counted = 0;
            self.changes.note(&events);
            if matches!(result, Err(StoreError::Expelled)) {
                // Deadlines may have been evaluated before these messages. Later ones are stamped after the server has joined again.
                messages.extend(std::iter::from_fn(|| queue.try_recv().ok()));
            }
            let stop = stop.is_some() || messages.iter().any(|message| matches!(message, Message::Stop));
            self.finish(result, messages, began.elapsed());
            group.stored_until(self.watermark.last_seen());
            if events.iter().any(|event| matches!(event, Event::Alerts)) {
                self.alerts.notify_one();
            }
            // The log is last: it may have to wait for its reader, and no client is to wait for that.
            self.log.write(events);
            if stop {
                if let Err(error) = self.watermark.stop(&mut *self.store) {
                    tracing::error!(%error, "when the server stopped was not stored");
                }
                return;
            }
        }
    }

    /// Takes the queued messages; waits for one unless deadlines are left to be evaluated. `false`: none will come.
    fn receive(&self, queue: &mut mpsc::Receiver<Message>, received: &mut Vec<Message>) -> bool {
        // A database that has just failed would fail again at once: the next message, or the time, is waited for.
        if !self.watermark.has_work() || self.failed {
            return queue.blocking_recv_many(received, MAX_BATCH) > 0;
        }
        while received.len() < MAX_BATCH {
            match queue.try_recv() {
                Ok(message) => received.push(message),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return !received.is_empty(),
            }
        }
        true
    }

    /// Applies messages in order, then evaluates a part of the deadlines that are left. A message is answered once it is durable.
    ///
    /// # Errors
    /// If the database fails as a whole. The messages that were not answered are left.
    fn process(
        &mut self,
        messages: &mut VecDeque<Message>,
        queue: &mpsc::Receiver<Message>,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        while let Some(message) = messages.front() {
            let (Message::Tick(now, _) | Message::Command(_, now, _) | Message::Task(_, now, _)) = message
            else {
                self.process_check_ins(messages, events)?;
                continue;
            };
            self.enter(*now, events)?;
            match messages.pop_front() {
                Some(Message::Tick(now, waiter)) => {
                    self.vitals.ticked(now);
                    self.watermark.look_again();
                    if self.store.group().has(Duty::Deadlines)
                        && drill::start_if_due(&mut *self.store, &mut self.processor, now)? > 0
                    {
                        events.push(Event::Alerts);
                    }
                    self.waiting.extend(waiter.map(|waiter| (truncate_to_minute(now), waiter)));
                }
                Some(Message::Command(command, now, reply)) => {
                    let (store, processor) = (&mut *self.store, &mut self.processor);
                    let applied = apply::apply_command(store, processor, &command, now);
                    if let Ok(Ok(outcome)) = &applied {
                        let changed = outcome.changed.iter().cloned();
                        events.extend(changed.map(|monitor| Event::Changed { monitor }));
                        events.extend(outcome.all_changed.then_some(Event::AllChanged));
                    }
                    answer(reply, applied)?;
                }
                Some(Message::Task(task, now, reply)) => {
                    let attempt =
                        if let Task::RecordAttempt(attempt) = &task { Some(attempt.clone()) } else { None };
                    let done = task::run(&mut *self.store, &mut self.processor, task, now);
                    if let (Ok(outcome), Some(attempt)) = (&done, attempt) {
                        self.vitals.attempted(&attempt, outcome.target.clone());
                    }
                    if let Ok(TaskOutcome { targets: Some(targets), .. }) = &done {
                        self.vitals.found_targets(targets.clone());
                    }
                    if done.as_ref().is_ok_and(|outcome| outcome.new_alerts > 0) {
                        events.push(Event::Alerts);
                    }
                    answer(reply, done)?;
                }
                _ => {}
            }
            self.watermark.confirm();
        }
        self.evaluate(if queue.is_empty() { IDLE_CHUNK } else { CHUNK }, events)
    }

    /// Evaluates a page of each kind of deadlines, of `most` at most.
    fn evaluate(&mut self, most: usize, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let began = Instant::now();
        let limit = self.page_size.limit(most);
        self.watermark.evaluate(&mut *self.store, &mut self.processor, limit, events)?;
        // A page after which nothing is left says little of larger ones.
        if self.watermark.has_work() {
            self.page_size.took(began.elapsed());
        }
        Ok(())
    }

    /// Applies the check-ins at the front that arrived in one minute.
    fn process_check_ins(
        &mut self,
        messages: &mut VecDeque<Message>,
        events: &mut Vec<Event>,
    ) -> Result<(), StoreError> {
        let mut check_ins: CheckIns = Vec::with_capacity(messages.len());
        while let Some(Message::CheckIn(received, _)) = messages.front() {
            if check_ins.is_empty() {
                self.enter(received.received, events)?;
            } else if self.watermark.is_new_minute(received.received) {
                break;
            }
            if let Some(Message::CheckIn(received, reply)) = messages.pop_front() {
                check_ins.push((received, reply));
            }
        }
        let received: Vec<&ReceivedCheckIn> = check_ins.iter().map(|(received, _)| &**received).collect();
        let behind = self.watermark.behind();
        let mut verdicts = Vec::with_capacity(received.len());
        let mut applied = apply::apply_check_ins(
            &mut *self.store,
            &mut self.processor,
            &received,
            behind,
            events,
            &mut verdicts,
        );
        if let (Ok(()), Some(last)) = (&applied, received.last()) {
            self.watermark.confirm();
            applied = self.enter(last.received, events);
        }
        // The counts come before the answers: a client that has its answer finds its check-in in the metrics.
        self.count(events);
        self.answer_check_ins(check_ins, verdicts);
        applied
    }

    /// Counts the events of this batch that are not counted yet.
    fn count(&mut self, events: &[Event]) {
        self.vitals.published(&events[self.counted..]);
        self.counted = events.len();
    }

    /// Moves on to the time of a message. Deadlines of a new minute are evaluated before all that arrives in it; beyond a number, at the
    /// end of each batch.
    fn enter(&mut self, now: Timestamp, events: &mut Vec<Event>) -> Result<(), StoreError> {
        let is_new = self.watermark.enter(&mut *self.store, &mut self.processor, now)?;
        self.watermark.wait_for_others(&mut *self.store)?;
        if is_new {
            self.evaluate(CHUNK, events)?;
        }
        Ok(())
    }

    /// Answers check-ins: those without a verdict were not stored.
    fn answer_check_ins(&self, check_ins: CheckIns, verdicts: Vec<Option<Verdict>>) {
        // The replies are sent by one task, so this thread pays for one wake-up instead of one for each. The payloads are freed there, too.
        self.runtime.spawn(async move {
            let mut verdicts = verdicts.into_iter();
            for (_received, reply) in check_ins {
                let verdict = verdicts.next().flatten().ok_or(Unavailable::Database);
                // A client that is gone needs no answer.
                let _ = reply.send(verdict);
            }
        });
    }

    /// Records whether all was stored, and answers the messages that were left.
    fn finish(&mut self, result: Result<(), StoreError>, left: VecDeque<Message>, took: Duration) {
        self.failed = result.is_err();
        self.healthy.store(!self.failed, Ordering::Relaxed);
        match result {
            Ok(()) => {
                self.watermark.confirm();
                self.store.group().note_progress();
                self.refused.stored();
                self.vitals.committed(self.watermark.last_seen(), took);
            }
            Err(error) => {
                let is_of_sender = |message: &&Message| !matches!(message, Message::Tick(..) | Message::Stop);
                self.refused.refused(&error, left.iter().filter(is_of_sender).count());
                self.watermark.mark_rejecting();
            }
        }
        let mut check_ins: CheckIns = Vec::new();
        for message in left {
            match message {
                Message::CheckIn(received, reply) => check_ins.push((received, reply)),
                Message::Tick(_, waiter) => {
                    let _ = waiter.map(|waiter| waiter.send(false));
                }
                Message::Command(_, _, reply) => drop(reply.send(Err(Unavailable::Database))),
                Message::Task(_, _, reply) => drop(reply.send(Err(Unavailable::Database))),
                Message::Stop => {}
            }
        }
        if !check_ins.is_empty() {
            self.answer_check_ins(check_ins, Vec::new());
        }
        let last_outage = self.processor.outages.last().copied();
        self.vitals.evaluated(self.watermark.evaluated_through(), last_outage);
        let (watermark, failed) = (&self.watermark, self.failed);
        let is_over = |(minute, _): &mut (Timestamp, _)| failed || watermark.has_evaluated(*minute);
        for (minute, waiter) in self.waiting.extract_if(.., is_over) {
            let _ = waiter.send(watermark.has_evaluated(minute));
        }
    }
}

/// Answers a message. A request that the database rejects fails alone.
fn answer<T>(reply: Reply<T>, result: Result<T, StoreError>) -> Result<(), StoreError> {
    let (answer, result) = match result {
        Ok(value) => (Ok(value), Ok(())),
        Err(error @ (StoreError::Refused(_) | StoreError::Corrupt(_))) => {
            tracing::error!(%error, "one item was left out, the others go on");
            (Err(Unavailable::Database), Ok(()))
        }
        Err(error) => (Err(Unavailable::Database), Err(error)),
    };
    let _ = reply.send(answer);
    result
}

#[cfg(test)]
mod tests;
