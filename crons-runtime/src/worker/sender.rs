//! The worker's thread: takes check-ins from the inbox, asks [`Delivery`] which may be sent, and sends them.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crons_types::CheckInId;
use tokio::task::{Id, JoinSet};

use super::shared::{Shared, WorkerConfig};
use super::spool::spool::Spool;
use crate::delivery::delivery::Delivery;
use crate::delivery::open_runs::BySlug;
use crate::delivery::response::Answer;
use crate::delivery::run_queue::Index;
use crate::delivery::upsert::Upserts;
use crate::platform::now::Now;
use crate::platform::process;
use crate::record::discard::{DiscardCounts, DiscardReason};
use crate::record::queued::QueuedCheckIn;
use crate::wire::encode::Discarded;
use crate::wire::transport::{Request, Transport, TransportError};
use crate::worker::inbox::Progress;

/// The most requests at the same time, each for another run: enough for 100 check-ins a second at 150 ms a request.
const MAX_IN_FLIGHT: usize = 16;
/// The interval of the polls while check-ins come in, so that no job pays for waking the thread: that takes 4 µs, ten times all else.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// The number of polls without a check-in after which the thread sleeps until it is woken.
const IDLE_POLLS: u32 = 50;

/// The number of panics after which the thread ends.
const MOST_PANICS: usize = 1_000;

thread_local! {
    static ON_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this is the worker's thread, which must not wait for itself.
pub(super) fn on_worker() -> bool {
    ON_WORKER.try_with(Cell::get).unwrap_or(false)
}

pub(super) struct Sender {
    shared: Arc<Shared>,
    config: Arc<WorkerConfig>,
    transport: Arc<dyn Transport>,
    delivery: Delivery,
    requests: JoinSet<Answer>,
    in_flight: HashMap<Id, (Index, DiscardCounts)>,
    upserts: Upserts,
    /// The spool, which is opened on the thread, as that reads and writes files.
    spool: Option<Spool>,
    ancestors: Vec<String>,
}

/// Stops the inbox when the thread ends, also by a panic: no caller waits any longer, and nothing more is queued.
struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.inbox.finish();
    }
}

impl Sender {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: Arc<WorkerConfig>,
        transport: Arc<dyn Transport>,
        ancestors: Vec<String>,
    ) -> Self {
        let (delivery, upserts) = (Delivery::new(config.delivery), Upserts::new(config.upsert));
        let (requests, in_flight) = (JoinSet::new(), HashMap::new());
        Self { shared, config, transport, delivery, requests, in_flight, upserts, spool: None, ancestors }
    }

    pub(super) fn run(mut self) {
        let _ending = StopOnDrop(Arc::clone(&self.shared));
        ON_WORKER.set(true);
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                // A panic of the user's code (hooks, errors, subscribers) costs one check-in, and not all others.
                for _ in 0..MOST_PANICS {
                    let sent = catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.send())));
                    let Err(payload) = sent else { break };
                    std::mem::forget(payload);
                    log!(error, "the thread that sends check-ins has panicked, and goes on");
                }
                // A name look-up or a sync may still be blocking; it is not waited for.
                runtime.shutdown_background();
            }
            Err(error) => {
                log_loss!(error, [%error,], "check-ins cannot be sent: no runtime for the worker: {error}");
            }
        }
        // A transport may own a runtime, which must not be dropped within another one; here none runs.
        drop(self.config.connect.lock().unwrap_or_else(PoisonError::into_inner).take());
        drop(self);
    }

    async fn send(&mut self) {
        self.open_spool();
        let shared = Arc::clone(&self.shared);
        let mut records = Vec::new();
        let mut poll_at = Instant::now();
        let (mut idle_polls, mut called, mut parked) = (0, true, false);
        loop {
            // The exchange takes the lock that the jobs need, so it happens once in each poll interval at most.
            if called || parked || poll_at <= Instant::now() {
                let orders = shared.inbox.exchange(&mut records, self.progress());
                // A caller that had runs closed waits for the next exchange, so the thread must not park before it.
                idle_polls = if records.is_empty() && orders.closing.is_none() { idle_polls + 1 } else { 0 };
                self.delivery.lost(DiscardReason::QueueOverflow, orders.overflown);
                let mut closing = orders.closing;
                for record in records.drain(..) {
                    if let Some(epoch) = closing.take_if(|epoch| record.epoch > *epoch) {
                        self.close_open_runs(epoch);
                    }
                    self.delivery.push(record);
                }
                if let Some(epoch) = closing {
                    self.close_open_runs(epoch);
                }
                self.journal().await;
                if orders.stopped {
                    self.log_what_is_left();
                    if let Some(spool) = &mut self.spool {
                        spool.finish();
                    }
                    return;
                }
                if let Some(epoch) = orders.expedite {
                    self.delivery.expedite(epoch);
                }
                // The answers are reported at once while a caller flushes.
                called = orders.flushing;
                poll_at = Instant::now() + POLL_INTERVAL;
                self.send_ready();
                parked = idle_polls >= IDLE_POLLS && shared.inbox.park();
            } else {
                self.journal().await;
                self.send_ready();
            }
            let wake = self.wake_at((!parked).then_some(poll_at));
            tokio::select! {
                Some(finished) = self.requests.join_next_with_id() => self.on_finished(finished),
                () = shared.wake.notified() => called = true,
                () = sleep_until(wake) => {}
            }
            while let Some(finished) = self.requests.try_join_next_with_id() {
                self.on_finished(finished);
            }
        }
    }

    /// Opens the spool, if there is one, and takes from it what dead processes owe.
    fn open_spool(&mut self) {
        let (Some(options), Some(owner), None) = (&self.config.spool, &self.shared.owner, &self.spool) else {
            return;
        };
        let now = Now::read();
        self.spool = Some(Spool::open(options.clone(), owner.clone(), &self.ancestors, now.instant));
        self.delivery.keep_journal();
        self.adopt(now);
    }

    fn adopt(&mut self, now: Now) {
        let Some(adopted) = self.spool.as_mut().and_then(|spool| spool.adopt(now)) else { return };
        if !adopted.died.is_empty() {
            let open = BySlug(adopted.died.iter());
            log!(
                warn,
                runs = adopted.died.len(),
                "runs of {open} were open when their processes were killed: they are reported as errors"
            );
        }
        self.delivery.adopt(adopted);
    }

    /// Records in the spool what has changed. To be called before anything is sent.
    async fn journal(&mut self) {
        let Some(spool) = &mut self.spool else { return };
        let (changes, now) = (self.delivery.take_journaled(), Now::read());
        spool.record(&changes, now);
        spool.sync(now.instant).await;
        let struck_out = spool.take_struck_out();
        if struck_out > 0 {
            self.delivery.struck_out(struck_out);
        }
        self.adopt(now);
    }

    fn progress(&self) -> Progress {
        Progress {
            earliest_epoch: self.delivery.earliest_epoch(),
            limited_until: self.delivery.limited_until(Instant::now()),
            open_runs: self.delivery.open_runs().len(),
            stats: self.delivery.stats(),
        }
    }

    /// Closes the runs that are open at the end of the client as errors.
    fn close_open_runs(&mut self, epoch: u32) {
        let open = self.delivery.open_runs();
        if open.len() > 0 {
            log!(
                warn,
                runs = open.len(),
                open = %open,
                "the client ends while runs were open: they are reported as errors, unless a fork may have handed them on"
            );
            self.delivery.close_open_runs(Instant::now(), process::last_fork(), epoch);
        }
    }

    /// Logs at the end of the client which check-ins and runs do not reach the server.
    fn log_what_is_left(&self) {
        let undelivered = self.delivery.stats().queued;
        let check_ins =
            if undelivered == 1 { "1 check-in".to_owned() } else { format!("{undelivered} check-ins") };
        if undelivered > 0 && self.spool.as_ref().is_some_and(Spool::is_written) {
            log!(
                warn,
                undelivered,
                "{check_ins} not delivered before the client ended: in the spool, for the next start"
            );
        } else if undelivered > 0 {
            log_loss!(warn, [undelivered,], "{check_ins} not delivered before the client ended");
        }
        let open = self.delivery.open_runs();
        if open.len() > 0 {
            log!(
                warn,
                runs = open.len(),
                open = %open,
                "the client ends while runs were open: the server counts them as timed out when their max_runtime is over"
            );
        }
    }

    /// The instant at which the thread goes on though nothing happens. `None` if it waits to be woken.
    fn wake_at(&self, poll_at: Option<Instant>) -> Option<Instant> {
        // At the limit of requests under way only an answer makes room, so no check-in is waited for.
        let full = self.requests.len() >= MAX_IN_FLIGHT;
        let due = self.delivery.wake_at(Instant::now()).filter(|_| !full);
        let sync = self.spool.as_ref().and_then(Spool::wake_at);
        [due, poll_at, sync].into_iter().flatten().min()
    }

    /// Sends the check-ins that may be sent now.
    fn send_ready(&mut self) {
        while self.requests.len() < MAX_IN_FLIGHT {
            let now = Instant::now();
            let Some(index) = self.delivery.next(now) else { return };
            let Some(trace) = self.delivery.get(index).map(QueuedCheckIn::trace_id) else { continue };
            let discarded = self.delivery.take_discarded();
            match self.write(index, trace, &discarded) {
                Ok(request) => {
                    let answer = answer(Arc::clone(&self.transport), request, self.config.request_timeout);
                    self.in_flight.insert(self.requests.spawn(answer).id(), (index, discarded));
                }
                Err(Discarded(loss)) => {
                    self.delivery.put_back(discarded);
                    self.delivery.withhold(index, loss, now);
                }
            }
        }
    }

    /// Writes the request for a check-in. The result of `before_send_check_in` is kept for further attempts.
    fn write(
        &mut self,
        index: Index,
        trace: Option<CheckInId>,
        discarded: &DiscardCounts,
    ) -> Result<Request, Discarded> {
        let Self { delivery, upserts, config, .. } = self;
        let check_in = if let Some(prepared) = delivery.take_prepared(index) {
            prepared
        } else {
            let check_in = delivery.get(index).map(|record| upserts.check_in(record));
            config.encoder.prepare(check_in.ok_or(Discarded(DiscardReason::Internal))?)?
        };
        let request = config.encoder.write(&check_in, trace, discarded)?;
        if config.encoder.before_send.is_some() {
            delivery.keep_prepared(index, check_in);
        }
        Ok(request)
    }

    fn on_finished(&mut self, finished: Result<(Id, Answer), tokio::task::JoinError>) {
        let (id, answer) = match finished {
            Ok(finished) => finished,
            Err(panicked) => {
                let (id, error) = (panicked.id(), TransportError::new(panicked.to_string()));
                // The payload is not dropped, which could panic, too.
                std::mem::forget(panicked.try_into_panic());
                (id, Err(error))
            }
        };
        if let Some((index, discarded)) = self.in_flight.remove(&id) {
            if let (Ok(response), Some(record)) = (&answer, self.delivery.get(index)) {
                self.upserts.answered(&record.monitor, response);
            }
            self.delivery.answered(index, &answer, discarded, Now::read());
        }
    }
}

/// Sends a request, for at most `timeout`. Runs as a task of its own, so that a transport that panics ends its request only.
async fn answer(transport: Arc<dyn Transport>, request: Request, timeout: Duration) -> Answer {
    match tokio::time::timeout(timeout, async move { transport.send(request).await }).await {
        // The text is formatted here, where a panic of the user's error is caught.
        Ok(answer) => answer.map_err(|error| TransportError::new(error.to_string())),
        Err(_) => Err(TransportError::new(format!("no answer within {timeout:?}"))),
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until.into()).await,
        None => std::future::pending().await,
    }
}
