//! The thread that sends: in order within a run, several runs at a time, again when there was no answer.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId, Slug};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

use crate::envelope::EnvelopeWriter;
use crate::queue::{Queue, Queued};
use crate::stats::Stats;
use crate::transport::{Response, Transport, TransportError};

/// Requests under way at the same time, each for another run: enough for 100 runs a second at 150 ms a request.
const MAX_IN_FLIGHT: usize = 16;
/// The wait after the first request without an answer; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest wait between two tries.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// The caller's end of the worker.
pub(crate) struct Worker {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    wake: Notify,
    /// There is nothing left to do.
    idle: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue,
    /// Someone waits for delivery: do not sit out a backoff.
    hurry: bool,
    stopped: bool,
}

impl Shared {
    /// Never held across I/O; a panic while it is held leaves counters that still add up.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(transport: Arc<dyn Transport>, envelopes: EnvelopeWriter) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Notify::new(), idle: Condvar::new() });
        let runtime = tokio::runtime::Builder::new_current_thread();
        let sender = Sender { shared: Arc::clone(&shared), transport, envelopes };
        std::thread::Builder::new().name("crons-worker".to_owned()).spawn(move || run(runtime, sender))?;
        Ok(Self { shared })
    }

    /// Hands over a check-in. Does no I/O and does not wait for any.
    pub(crate) fn push(&self, check_in: CheckIn) {
        let accepted = self.shared.state().queue.push(check_in, Instant::now());
        if accepted {
            self.shared.wake.notify_one();
        } else {
            tracing::warn!("the queue is full; check-ins are dropped and counted: see crons::stats()");
        }
    }

    /// Takes back the begin of a run; `false` if it is on its way already.
    pub(crate) fn withdraw(&self, id: CheckInId, slug: &Slug) -> bool {
        self.shared.state().queue.withdraw(id, slug)
    }

    /// Waits until everything is settled, for at most `timeout`. Whether it is.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.shared.state();
        if state.queue.pending() > 0 {
            state.hurry = true;
            self.shared.wake.notify_one();
        }
        let (mut state, _) = self
            .shared
            .idle
            .wait_timeout_while(state, timeout, |state| state.queue.pending() > 0 && !state.stopped)
            .unwrap_or_else(PoisonError::into_inner);
        state.hurry = false;
        state.queue.pending() == 0
    }

    /// Lets the thread end, whatever is left; does not wait for it.
    pub(crate) fn stop(&self) {
        self.shared.state().stopped = true;
        self.shared.wake.notify_one();
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.shared.state();
        Stats { queued: state.queue.pending() as u64, ..state.queue.stats }
    }
}

fn run(mut runtime: tokio::runtime::Builder, sender: Sender) {
    let shared = Arc::clone(&sender.shared);
    match runtime.enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(sender.run());
            // A name look-up may still be blocking; nobody waits for it.
            runtime.shutdown_background();
        }
        Err(error) => tracing::error!(%error, "check-ins cannot be sent: no runtime for the worker"),
    }
    shared.state().stopped = true;
    shared.idle.notify_all();
}

/// The thread's end of the worker.
struct Sender {
    shared: Arc<Shared>,
    transport: Arc<dyn Transport>,
    envelopes: EnvelopeWriter,
}

type Answer = Result<Response, TransportError>;

impl Sender {
    async fn run(self) {
        let mut requests: JoinSet<Answer> = JoinSet::new();
        let mut in_flight: HashMap<Id, Queued> = HashMap::new();
        let mut backoff = Backoff::default();
        loop {
            let until = backoff.until.filter(|_| !self.hurried());
            while until.is_none() && requests.len() < MAX_IN_FLIGHT {
                let Some(queued) = self.next() else { break };
                match self.envelopes.write(&queued.check_in) {
                    Ok(request) => {
                        let request = requests.spawn(self.transport.send(request));
                        in_flight.insert(request.id(), queued);
                    }
                    Err(error) => {
                        tracing::error!(%error, slug = %queued.check_in.monitor_slug, "check-in dropped: it cannot be written");
                        self.settle(&queued, |stats| stats.dropped += 1);
                    }
                }
            }
            tokio::select! {
                Some(finished) = requests.join_next_with_id() => {
                    let (id, answer) = match finished {
                        Ok((id, answer)) => (id, answer),
                        Err(panicked) => (panicked.id(), Err(TransportError::new(panicked.to_string()))),
                    };
                    if let Some(queued) = in_flight.remove(&id) {
                        self.judge(queued, answer, &mut backoff);
                    }
                }
                () = self.shared.wake.notified() => {}
                () = sleep_until(until) => backoff.until = None,
            }
            if self.shared.state().stopped {
                return;
            }
        }
    }

    fn next(&self) -> Option<Queued> {
        self.shared.state().queue.pop()
    }

    fn hurried(&self) -> bool {
        // Once: a flush gets one try at once, then the usual pace.
        std::mem::take(&mut self.shared.state().hurry)
    }

    /// Decides what an answer, or the lack of one, means.
    fn judge(&self, queued: Queued, answer: Answer, backoff: &mut Backoff) {
        let CheckIn { monitor_slug: slug, status, check_in_id, .. } = &queued.check_in;
        let id = check_in_id.unwrap_or(CheckInId::NIL);
        match answer {
            Ok(Response { status: 200..=299, .. }) => {
                tracing::debug!(%slug, %status, %id, "check-in delivered");
                backoff.reset();
                self.settle(&queued, |stats| stats.sent += 1);
            }
            // Whatever else the server says, it would say again.
            Ok(Response { status: http, .. }) => {
                tracing::warn!(%slug, %status, %id, http, "check-in refused by the server; {}", advice(http));
                backoff.reset();
                self.settle(&queued, |stats| stats.refused += 1);
            }
            Err(error) if queued.is_stale(Instant::now()) => {
                tracing::warn!(%slug, %status, %id, %error, "check-in given up: too old to be true");
                backoff.grow();
                self.settle(&queued, |stats| stats.dropped += 1);
            }
            Err(error) => {
                tracing::warn!(%slug, %status, %id, %error, "no answer from the server; the check-in is sent again");
                backoff.grow();
                self.shared.state().queue.retry(queued);
            }
        }
    }

    fn settle(&self, queued: &Queued, count: impl FnOnce(&mut Stats)) {
        let mut state = self.shared.state();
        state.queue.settle(queued);
        count(&mut state.queue.stats);
        if state.queue.pending() == 0 {
            self.shared.idle.notify_all();
        }
    }
}

fn advice(http: u16) -> &'static str {
    match http {
        401 | 403 => "check the DSN: project and key do not fit the server",
        404 => "check the DSN: there is no such project at this address",
        413 => "it is too large",
        429 => "it came too often: a monitor may check in six times a minute",
        500..=599 => "the server is in trouble",
        _ => "see the server's log",
    }
}

async fn sleep_until(until: Option<tokio::time::Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// How long to leave the server alone.
#[derive(Default)]
struct Backoff {
    failures: u32,
    until: Option<tokio::time::Instant>,
}

impl Backoff {
    fn reset(&mut self) {
        *self = Self::default();
    }

    fn grow(&mut self) {
        let now = tokio::time::Instant::now();
        // Requests that fail together are one failure.
        if self.until.is_some_and(|until| until > now) {
            return;
        }
        let longest = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(16)).min(LONGEST_BACKOFF);
        self.failures += 1;
        // Between half and all of it, so that a thousand machines do not come back in the same instant.
        let share = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 512.0 + 0.5;
        self.until = Some(now + longest.mul_f64(share));
    }
}
