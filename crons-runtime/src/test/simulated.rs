//! The client's own delivery, without its thread, against a server that is a value.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crons_types::CheckIn;

use crate::client::Sink;
use crate::delivery::{Answer, Delivery};
use crate::losses::Losses;
use crate::options::Settings;
use crate::record::Record;
use crate::stats::Stats;
use crate::transport::{Response, TransportError};
use crate::upsert::Upserts;
use crate::writer::{Unwritten, Writer};

/// What the server of a [`TestClient`](super::TestClient) does with check-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TestServer {
    /// It takes them.
    #[default]
    Up,
    /// It cannot be reached.
    Down,
    /// It takes them, but its answers are lost on the way.
    LosesAnswers,
    /// It answers in this way, and takes them if that is a success.
    Answers(Response),
}

impl TestServer {
    /// Whether it takes a check-in, and what the client gets to hear.
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
    writer: Writer,
}

struct State {
    now: Instant,
    server: TestServer,
    delivery: Delivery,
    upserts: Upserts,
    captured: u64,
    arrived: Vec<CheckIn>,
}

impl Simulated {
    pub(super) fn new(settings: &Settings, writer: Writer) -> Self {
        let state = State {
            now: Instant::now(),
            server: TestServer::Up,
            delivery: Delivery::new(settings.pace),
            upserts: Upserts::new(settings.upsert),
            captured: 0,
            arrived: Vec::new(),
        };
        Self { state: Mutex::new(state), writer }
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
        let mut state = self.state();
        let until = state.now + time;
        state.send(&self.writer);
        while let Some(wake) = state.delivery.wake_at(state.now).filter(|wake| *wake <= until) {
            state.now = wake;
            state.send(&self.writer);
        }
        state.now = until;
        state.send(&self.writer);
    }
}

impl State {
    /// Sends what may go now.
    fn send(&mut self, writer: &Writer) {
        while let Some(index) = self.delivery.next(self.now) {
            let Some(record) = self.delivery.get(index) else { continue };
            let mut check_in = record.to_check_in();
            if self.upserts.is_known(&record.subject) {
                check_in.monitor_config = None;
            }
            match writer.prepare(check_in) {
                Err(Unwritten(loss)) => self.delivery.withhold(index, loss, self.now),
                Ok(check_in) => {
                    let (takes, answer) = self.server.receive();
                    if takes {
                        self.arrived.push(check_in);
                    }
                    if let (Ok(response), Some(record)) = (&answer, self.delivery.get(index)) {
                        self.upserts.answered(&record.subject, response);
                    }
                    self.delivery.answered(index, &answer, Losses::default(), self.now);
                }
            }
        }
    }
}

impl Sink for Simulated {
    fn now(&self) -> Instant {
        self.state().now
    }

    fn push(&self, record: Record) {
        let mut state = self.state();
        state.captured += u64::from(record.report.is_counted());
        state.delivery.file(record);
    }

    fn flush(&self) -> bool {
        let mut state = self.state();
        state.delivery.hurry(0);
        state.send(&self.writer);
        state.delivery.earliest_epoch() > 0
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
