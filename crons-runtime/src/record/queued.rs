//! A check-in on its way, kept small: a million of them may wait.

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId, CheckInStatus, Environment, Minutes, MonitorConfig, Slug};

use crate::platform::compact_instant::CompactInstant;

/// What a check-in is about. Shared by all check-ins of a monitor, so that none of them copies it.
#[derive(Debug, PartialEq)]
pub(crate) struct MonitorInfo {
    pub(crate) slug: Slug,
    pub(crate) config: Option<MonitorConfig>,
    /// Instead of the client's.
    pub(crate) environment: Option<Environment>,
    /// Instead of the client's.
    pub(crate) release: Option<String>,
    /// The runs are traces of their own.
    traced: bool,
}

impl MonitorInfo {
    /// What is watched by a guard.
    pub(crate) fn new(slug: Slug, config: Option<MonitorConfig>) -> Self {
        Self { slug, config, environment: None, release: None, traced: true }
    }

    /// How long a report can be true: a begin is worth its margin, an end as long as the run may take.
    fn lifetime(&self, event: RunEvent) -> Duration {
        let config = self.config.as_ref();
        let (given, default) = if event == RunEvent::InProgress {
            (config.and_then(MonitorConfig::get_checkin_margin), MonitorConfig::DEFAULT_CHECKIN_MARGIN)
        } else {
            (config.and_then(MonitorConfig::get_max_runtime), MonitorConfig::DEFAULT_MAX_RUNTIME)
        };
        Duration::from_secs(u64::from(given.map_or(default, Minutes::get)) * 60)
    }
}

/// Whose check-in it is. That of an annotated function is never counted: jobs and worker would pull the count to and fro.
#[derive(Clone, Debug)]
pub(crate) enum MonitorRef {
    Annotated(&'static MonitorInfo),
    Made(Arc<MonitorInfo>),
}

impl Deref for MonitorRef {
    type Target = MonitorInfo;

    fn deref(&self) -> &MonitorInfo {
        match self {
            Self::Annotated(monitor) => monitor,
            Self::Made(monitor) => monitor,
        }
    }
}

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunEvent {
    InProgress,
    Ok,
    Error,
    /// The run is to be treated as if it had never begun: nothing more of it is sent.
    Skipped,
}

impl RunEvent {
    /// Whether this is a check-in of its own, to be found again in the statistics.
    pub(crate) fn is_counted(self) -> bool {
        self != Self::Skipped
    }

    fn status(self) -> CheckInStatus {
        match self {
            Self::InProgress => CheckInStatus::InProgress,
            // A skipped run is never sent; it has no word of its own.
            Self::Ok | Self::Skipped => CheckInStatus::Ok,
            Self::Error => CheckInStatus::Error,
        }
    }

    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        self.status().as_str()
    }
}

/// One check-in: 64 bytes, as [`RunQueues`](crate::delivery::run_queue::RunQueues) keep it.
#[derive(Debug)]
pub(crate) struct QueuedCheckIn {
    pub(crate) id: CheckInId,
    pub(crate) monitor: MonitorRef,
    /// When it was captured.
    at: CompactInstant,
    /// In nanoseconds: of 584 years, at most.
    duration: u64,
    /// Counts the flushes before it.
    pub(crate) epoch: u32,
    pub(crate) event: RunEvent,
    /// It ends a run whose begin was handed on before, here or in another process, so it has to arrive. Else it is the
    /// whole story of a run.
    pub(crate) must_deliver: bool,
    /// It has been on the wire: the server may know of it.
    pub(crate) attempted: bool,
    pub(crate) queue_state: QueueState,
    pub(crate) links: Links,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueState {
    /// Behind another one of its run.
    Chained,
    /// Its turn comes.
    Ready,
    /// Its time comes.
    Delayed,
    /// On the wire.
    InFlight,
    /// On the wire, and not to be sent again if there is no answer: its run was skipped meanwhile.
    Abandoned,
}

/// Its neighbours within its run; for [`RunQueues`](crate::delivery::run_queue::RunQueues) only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    pub(crate) next: u32,
    /// Kept by the first of a run.
    pub(crate) tail: u32,
}

impl Links {
    pub(crate) const NONE: Self = Self { next: u32::MAX, tail: u32::MAX };
}

impl QueuedCheckIn {
    const NO_DURATION: u64 = u64::MAX;

    pub(crate) fn new(
        id: CheckInId,
        monitor: MonitorRef,
        event: RunEvent,
        at: impl Into<CompactInstant>,
    ) -> Self {
        Self {
            id,
            monitor,
            at: at.into(),
            duration: Self::NO_DURATION,
            epoch: 0,
            event,
            must_deliver: false,
            attempted: false,
            queue_state: QueueState::Chained,
            links: Links::NONE,
        }
    }

    /// The end of a run that took so long.
    pub(crate) fn lasted(mut self, duration: Duration) -> Self {
        self.duration = u64::try_from(duration.as_nanos()).unwrap_or(Self::NO_DURATION);
        self
    }

    /// The end of a run that began then.
    pub(crate) fn since(mut self, began: CompactInstant) -> Self {
        self.duration = self.at.since(began);
        self
    }

    /// A check-in by hand. It is taken for the end of a run that began elsewhere if it came with an id.
    pub(crate) fn by_hand(check_in: CheckIn, id: CheckInId, at: Instant) -> Self {
        let CheckIn {
            check_in_id, monitor_slug, status, duration, environment, release, monitor_config, ..
        } = check_in;
        let event = match status {
            CheckInStatus::InProgress => RunEvent::InProgress,
            CheckInStatus::Ok => RunEvent::Ok,
            CheckInStatus::Error => RunEvent::Error,
        };
        let monitor =
            MonitorInfo { slug: monitor_slug, config: monitor_config, environment, release, traced: false };
        let mut record = Self::new(id, MonitorRef::Made(Arc::new(monitor)), event, at);
        record.must_deliver = event != RunEvent::InProgress && check_in_id.is_some();
        match duration {
            Some(duration) => record.lasted(duration),
            None => record,
        }
    }

    pub(crate) fn is_start(&self) -> bool {
        self.event == RunEvent::InProgress
    }

    /// The trace that the run is: named by its id, there is nothing more to remember, and nothing to look up.
    pub(crate) fn trace_id(&self) -> Option<CheckInId> {
        self.monitor.traced.then_some(self.id)
    }

    /// When it was captured.
    pub(crate) fn at(&self) -> Instant {
        self.at.instant()
    }

    pub(crate) fn duration(&self) -> Option<Duration> {
        (self.duration != Self::NO_DURATION).then(|| Duration::from_nanos(self.duration))
    }

    /// Until when it is worth sending.
    pub(crate) fn expires(&self) -> Instant {
        self.at() + self.monitor.lifetime(self.event)
    }

    /// Replaces the begin of a run by its end, which keeps the place of the begin, and its configuration if it has none.
    pub(crate) fn end(&mut self, closer: Self) {
        (self.event, self.at, self.duration) = (closer.event, closer.at, closer.duration);
        if closer.monitor.config.is_some() || self.monitor.config.is_none() {
            self.monitor = closer.monitor;
        }
    }

    /// In full, as people and the wire know it.
    pub(crate) fn to_check_in(&self) -> CheckIn {
        let monitor = &*self.monitor;
        let mut check_in = CheckIn::new(monitor.slug.clone(), self.event.status()).check_in_id(self.id);
        check_in.duration = self.duration();
        check_in.environment.clone_from(&monitor.environment);
        check_in.release.clone_from(&monitor.release);
        check_in.monitor_config.clone_from(&monitor.config);
        check_in
    }
}
