//! The client's own delivery, without its thread, against a server that is a value.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crons_types::CheckIn;

use crate::client::destination::Sink;
use crate::client::settings::Settings;
use crate::delivery::delivery::Delivery;
use crate::delivery::response::Answer;
use crate::delivery::run_queue::Index;
use crate::delivery::upsert::Upserts;
use crate::platform::now::Now;
use crate::record::discard::DiscardCounts;
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;
use crate::wire::encode::{CheckInEncoder, Discarded};
use crate::wire::transport::{Response, TransportError};

/// The behaviour of the server of a [`TestClient`](super::TestClient).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestServer {
    /// The server takes check-ins.
    #[default]
    Up,
    /// The server cannot be reached.
    Down,
    /// The server takes check-ins, but its responses are lost on the way.
    LosesAnswers,
    /// The server sends this response, and takes check-ins if it is a success.
    Answers(Response),
}

impl TestServer {
    /// Returns whether the server takes a check-in, and the answer that the client receives.
    fn receive(&self) -> (bool, Answer) {
        match self {
            Self::Up => (true, Ok(Response::new(200))),
            Self::Down => (false, Err(TransportError::new("connection refused"))),
            Self::LosesAnswers => (true, Err(TransportError::new("connection reset"))),
            Self::Answers(response) => (response.is_success(), Ok(response.clone())),
        }
    }
}

pub(super) struct Simulated {
    state: Mutex<State>,
    encoder: CheckInEncoder,
}

struct State {
    now: Instant,
    /// The instant at which the client was made.
    begin: Now,
    server: TestServer,
    delivery: Delivery,
    upserts: Upserts,
    captured: u64,
    /// Counts the flushes.
    epoch: u32,
    arrived: Vec<CheckIn>,
}

impl Simulated {
    pub(super) fn new(settings: &Settings, encoder: CheckInEncoder) -> Self {
        let begin = Now::read();
        let state = State {
            now: begin.instant,
            begin,
            server: TestServer::Up,
            delivery: Delivery::new(settings.delivery),
            upserts: Upserts::new(settings.upsert),
            captured: 0,
            epoch: 0,
            arrived: Vec::new(),
        };
        Self { state: Mutex::new(state), encoder }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_server(&self, server: TestServer) {
        self.state().server = server;
    }

    pub(super) fn arrived(&self) -> Vec<CheckIn> {
        self.state().arrived.clone()
    }

    /// Lets time pass, and does on the way what is due.
    pub(super) fn advance(&self, time: Duration) {
        let until = self.state().now.checked_add(time);
        self.send();
        while self.wake(until) {
            self.send();
        }
        if let Some(until) = until {
            self.state().now = until;
            self.send();
        }
    }

    /// Goes on to the next time when there is something to do, if that comes before `until`. Returns whether it does.
    fn wake(&self, until: Option<Instant>) -> bool {
        let mut state = self.state();
        let next = state.delivery.wake_at(state.now);
        let Some(next) = next.filter(|next| until.is_none_or(|until| *next <= until)) else { return false };
        state.now = next;
        true
    }

    /// Sends the check-ins that may be sent now. Nothing is locked while the user's hook runs, which may report, too.
    fn send(&self) {
        loop {
            let next = self.state().next();
            let Some((index, next)) = next else { return };
            let prepared = match next {
                Next::Prepared(check_in) => Ok(check_in),
                Next::New(check_in) => self.encoder.prepare(check_in),
            };
            self.state().take(index, prepared);
        }
    }
}

/// A check-in whose turn it is.
enum Next {
    /// A check-in that the user's hook has not seen.
    New(CheckIn),
    /// A check-in as the user's hook has left it at an earlier attempt.
    Prepared(CheckIn),
}

impl State {
    /// The next check-in that may go now.
    fn next(&mut self) -> Option<(Index, Next)> {
        let index = self.delivery.next(self.now)?;
        if let Some(prepared) = self.delivery.take_prepared(index) {
            return Some((index, Next::Prepared(prepared)));
        }
        let record = self.delivery.get(index)?;
        Some((index, Next::New(self.upserts.check_in(record))))
    }

    /// Delivers a check-in to the simulated server, and handles its answer.
    fn take(&mut self, index: Index, prepared: Result<CheckIn, Discarded>) {
        match prepared {
            Err(Discarded(loss)) => self.delivery.withhold(index, loss, self.now),
            Ok(check_in) => {
                let (takes, answer) = self.server.receive();
                if takes {
                    self.arrived.push(check_in.clone());
                }
                self.delivery.keep_prepared(index, check_in);
                if let (Ok(response), Some(record)) = (&answer, self.delivery.get(index)) {
                    self.upserts.answered(&record.monitor, response);
                }
                let wall = self.begin.wall + (self.now - self.begin.instant);
                let now = Now { instant: self.now, wall };
                self.delivery.answered(index, &answer, DiscardCounts::default(), now);
            }
        }
    }
}

impl Sink for Simulated {
    fn now(&self) -> Instant {
        self.state().now
    }

    fn push(&self, mut record: QueuedCheckIn) {
        let mut state = self.state();
        record.epoch = state.epoch;
        state.captured += u64::from(record.event.is_counted());
        state.delivery.push(record);
    }

    fn flush(&self) -> bool {
        let epoch = {
            let mut state = self.state();
            let epoch = state.epoch;
            state.epoch += 1;
            state.delivery.expedite(epoch);
            epoch
        };
        self.send();
        self.state().delivery.earliest_epoch() > epoch
    }

    fn stats(&self) -> Stats {
        let State { delivery, captured, now, .. } = &*self.state();
        let mut stats = delivery.stats();
        stats.captured += captured;
        let left = delivery.limited_until(*now).map(|until| until - *now);
        stats.limited_until = left.and_then(|left| SystemTime::now().checked_add(left));
        stats
    }
}
