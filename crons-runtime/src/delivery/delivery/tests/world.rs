//! A simulated world: a client without a thread, a server without a network, and a clock that the test holds.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crons_types::{CheckInId, MonitorConfig, Slug};

use super::{Delivery, DeliveryOptions};
use crate::delivery::response::Answer;
use crate::platform::now::Now;
use crate::record::event::RunEvent;
use crate::record::monitor::{MonitorInfo, MonitorRef};
use crate::record::queued::QueuedCheckIn;
use crate::record::stats::Stats;
use crate::wire::transport::{Response, TransportError};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A client without a thread, and a server without a network.
pub(super) struct World {
    pub(super) delivery: Delivery,
    pub(super) options: DeliveryOptions,
    pub(super) now: Instant,
    pub(super) begin: Instant,
    /// Answers a request, given the time since the begin of the test.
    pub(super) server: Box<dyn FnMut(Duration) -> Answer>,
    /// Slug, event and time of each report that the server took.
    pub(super) arrived: Vec<(String, RunEvent, Duration)>,
    /// Requests, whether or not they were answered, in order.
    pub(super) requests: Vec<(CheckInId, RunEvent)>,
    pub(super) captured: u64,
    pub(super) ids: u128,
}

pub(super) struct Job {
    pub(super) id: CheckInId,
    pub(super) monitor: MonitorRef,
    pub(super) began: Instant,
}

pub(super) fn options() -> DeliveryOptions {
    DeliveryOptions { rate_limit: NonZeroU32::new(6), coalesce: Duration::ZERO, retry_server_errors: false }
}

pub(super) fn fine() -> Response {
    Response::new(200)
}

pub(super) fn refused() -> TransportError {
    TransportError::new("connection refused")
}

impl World {
    pub(super) fn new(options: DeliveryOptions, server: impl FnMut(Duration) -> Answer + 'static) -> Self {
        let (now, server, arrived) = (Instant::now(), Box::new(server), Vec::new());
        Self {
            delivery: Delivery::new(options),
            options,
            now,
            begin: now,
            server,
            arrived,
            requests: Vec::new(),
            captured: 0,
            ids: 0,
        }
    }

    pub(super) fn capture(&mut self, job: &Job, event: RunEvent) {
        let mut record = QueuedCheckIn::new(job.id, job.monitor.clone(), event, self.now);
        if event != RunEvent::InProgress {
            record = record.lasted(self.now - job.began);
            record.must_deliver = true;
        }
        self.captured += u64::from(event.is_counted());
        self.delivery.push(record);
    }

    pub(super) fn start(&mut self, slug: &str, config: Option<MonitorConfig>) -> Job {
        self.start_of(MonitorInfo::new(Slug::parse(slug).unwrap(), config))
    }

    pub(super) fn start_of(&mut self, monitor: MonitorInfo) -> Job {
        self.ids += 1;
        let monitor = MonitorRef::Made(Arc::new(monitor));
        let job = Job { id: CheckInId::from_bytes(self.ids.to_be_bytes()), monitor, began: self.now };
        self.capture(&job, RunEvent::InProgress);
        job
    }

    /// Sends the check-ins that may be sent now.
    pub(super) fn send(&mut self) {
        while let Some(index) = self.delivery.next(self.now) {
            let discarded = self.delivery.take_discarded();
            let since = self.now - self.begin;
            let answer = (self.server)(since);
            let record = self.delivery.get(index).unwrap();
            self.requests.push((record.id, record.event));
            let retried = self.options.retry_server_errors;
            if answer.as_ref().is_ok_and(|response| !(retried && response.is_server_error())) {
                self.arrived.push((record.monitor.slug.to_string(), record.event, since));
            }
            let wall = SystemTime::UNIX_EPOCH + since;
            self.delivery.answered(index, &answer, discarded, Now { instant: self.now, wall });
        }
    }

    /// Lets time pass, and does the work that is due meanwhile.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        self.send();
        while let Some(wake) = self.delivery.wake_at(self.now).filter(|wake| *wake <= until) {
            assert!(wake > self.now, "it asks for the same instant again");
            self.now = wake;
            self.send();
        }
        self.now = until;
        self.send();
    }

    pub(super) fn run(&mut self, slug: &str, time: Duration) {
        let job = self.start(slug, None);
        self.pass(time);
        self.capture(&job, RunEvent::Ok);
        self.pass(Duration::ZERO);
    }

    pub(super) fn reports(&self, slug: &str) -> Vec<RunEvent> {
        self.arrived.iter().filter(|(of, ..)| of == slug).map(|(_, event, _)| *event).collect()
    }

    /// The statistics, which must add up.
    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.delivery.stats();
        stats.captured += self.captured;
        let known = stats.sent
            + stats.coalesced
            + stats.withdrawn
            + stats.refused
            + stats.dropped.total()
            + stats.queued;
        assert_eq!(stats.captured, known, "{stats:?}");
        stats
    }
}
