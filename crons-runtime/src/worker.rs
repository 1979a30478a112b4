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
use crate::transport::{Request, Response, Transport, TransportError};

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
    /// Something has been settled, or nothing ever will be.
    settled: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue,
    /// Someone waits for delivery: do not sit out a backoff.
    hurry: bool,
    stopped: bool,
    /// That check-ins are dropped has been said; it is said again once the queue was empty.
    complained: bool,
}

impl Shared {
    /// Never held across I/O; a panic while it is held leaves counters that still add up.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(
        transport: Arc<dyn Transport>,
        envelopes: EnvelopeWriter,
        request_timeout: Duration,
    ) -> std::io::Result<Self> {
        let shared =
            Arc::new(Shared { state: Mutex::default(), wake: Notify::new(), settled: Condvar::new() });
        let sender = Sender { shared: Arc::clone(&shared), transport, envelopes, request_timeout };
        std::thread::Builder::new().name("crons-worker".to_owned()).spawn(move || run(sender))?;
        Ok(Self { shared })
    }

    /// Hands over a check-in. Does no I/O and does not wait for any.
    pub(crate) fn push(&self, check_in: CheckIn) {
        let mut state = self.shared.state();
        if state.stopped {
            state.queue.stats.captured += 1;
            state.queue.stats.dropped += 1;
        } else if state.queue.push(check_in, Instant::now()) {
            drop(state);
            self.shared.wake.notify_one();
            return;
        }
        let first = !std::mem::replace(&mut state.complained, true);
        let why = if state.stopped { "the client has ended" } else { "the queue is full" };
        drop(state);
        if first {
            tracing::warn!("check-ins are dropped, and counted in crons::stats(): {why}");
        }
    }

    /// Takes back the begin of a run; `false` if the server may know of it already.
    pub(crate) fn withdraw(&self, id: CheckInId, slug: &Slug) -> bool {
        let mut state = self.shared.state();
        let withdrawn = state.queue.withdraw(id, slug);
        drop(state);
        self.shared.settled.notify_all();
        withdrawn
    }

    /// Waits until everything captured so far is settled, for at most `timeout`. Whether it is.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.shared.state();
        let until = state.queue.next_number();
        if !state.queue.is_settled(until) {
            state.hurry = true;
            self.shared.wake.notify_one();
        }
        let waiting = |state: &mut State| !state.queue.is_settled(until) && !state.stopped;
        let waited = self.shared.settled.wait_timeout_while(state, timeout, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.queue.is_settled(until)
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

/// However the thread ends, nobody waits for it any longer, and nothing more is queued.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the thread that sends check-ins has panicked: jobs run unwatched from here");
        }
        self.0.state().stopped = true;
        self.0.settled.notify_all();
    }
}

fn run(sender: Sender) {
    let _ending = Ending(Arc::clone(&sender.shared));
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            runtime.block_on(sender.run());
            // A name look-up may still be blocking; nobody waits for it.
            runtime.shutdown_background();
        }
        Err(error) => tracing::error!(%error, "check-ins cannot be sent: no runtime for the worker"),
    }
}

/// The thread's end of the worker.
struct Sender {
    shared: Arc<Shared>,
    transport: Arc<dyn Transport>,
    envelopes: EnvelopeWriter,
    request_timeout: Duration,
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
                        let answer = answer(Arc::clone(&self.transport), request, self.request_timeout);
                        in_flight.insert(requests.spawn(answer).id(), queued);
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
            Ok(response) if response.is_success() && response.reason().is_none() => {
                tracing::debug!(%slug, %status, %id, "check-in delivered");
                backoff.reset();
                self.settle(&queued, |stats| stats.sent += 1);
            }
            // Whatever else the server says, it would say again.
            Ok(response) => {
                let http = response.status;
                let reason = response.reason().unwrap_or_else(|| advice(http));
                tracing::warn!(%slug, %status, %id, http, "check-in refused by the server: {reason}");
                backoff.reset();
                self.settle(&queued, |stats| stats.refused += 1);
            }
            Err(error) if queued.is_stale(Instant::now()) => {
                tracing::warn!(%slug, %status, %id, %error, "no answer from the server; the check-in is too old to be sent again");
                backoff.grow();
                self.shared.state().queue.give_up(queued);
                self.shared.settled.notify_all();
            }
            Err(error) => {
                // Once for each time that the server goes: all that follows would say the same.
                if backoff.failures == 0 {
                    tracing::warn!(%slug, %status, %id, %error, "no answer from the server; check-ins are sent again until there is one");
                } else {
                    tracing::debug!(%slug, %status, %id, %error, "no answer from the server; the check-in is sent again");
                }
                backoff.grow();
                self.shared.state().queue.retry(queued);
            }
        }
    }

    fn settle(&self, queued: &Queued, count: impl FnOnce(&mut Stats)) {
        let mut state = self.shared.state();
        state.queue.settle(queued);
        count(&mut state.queue.stats);
        state.complained &= state.queue.pending() > 0;
        drop(state);
        self.shared.settled.notify_all();
    }
}

/// Polled as a task of its own, so that a transport that panics ends its request only.
async fn answer(transport: Arc<dyn Transport>, request: Request, timeout: Duration) -> Answer {
    let answer = tokio::time::timeout(timeout, async move { transport.send(request).await }).await;
    answer.unwrap_or_else(|_| Err(TransportError::new(format!("no answer within {timeout:?}"))))
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
