//! The queued check-in: a compact record of a check-in on its way. It takes 64 bytes, as millions of them may wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crons_types::{CheckIn, CheckInId};

use crate::platform::compact_instant::CompactInstant;
use crate::record::event::RunEvent;
use crate::record::monitor::{MonitorInfo, MonitorRef};

/// A check-in in a queue: 64 bytes, as [`RunQueues`](crate::delivery::run_queue::RunQueues) keep it.
#[derive(Debug)]
pub(crate) struct QueuedCheckIn {
    pub(crate) id: CheckInId,
    pub(crate) monitor: MonitorRef,
    /// The time of its capture.
    at: CompactInstant,
    /// The duration in nanoseconds, 584 years at most.
    duration: u64,
    /// The number of flushes that were called before it was captured.
    pub(crate) epoch: u32,
    pub(crate) event: RunEvent,
    /// Whether it ends a run whose start was reported before, here or in another process. Such an end is retried and paced, not
    /// dropped. `false` if it is the only check-in of its run.
    pub(crate) must_deliver: bool,
    /// Whether it has been sent at least once, so the server may know of it.
    pub(crate) attempted: bool,
    pub(crate) queue_state: QueueState,
    pub(crate) links: Links,
}

/// The state of a check-in in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueState {
    /// Waits behind an earlier check-in of its run.
    Chained,
    /// Waits in the ready queue.
    Ready,
    /// Waits for an instant in the delay queue.
    Delayed,
    /// Has been sent, and has no answer yet.
    InFlight,
    /// Has been sent, and is not sent again if there is no answer: its run was skipped meanwhile.
    Abandoned,
}

/// Links to the other check-ins of its run; used by [`RunQueues`](crate::delivery::run_queue::RunQueues) only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    pub(crate) next: u32,
    /// The last check-in of the run. Valid in the first one only.
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

    /// Sets how long the run took.
    pub(crate) fn lasted(mut self, duration: Duration) -> Self {
        self.duration = u64::try_from(duration.as_nanos()).unwrap_or(Self::NO_DURATION);
        self
    }

    /// Sets how long the run took, from its start.
    pub(crate) fn since(mut self, began: CompactInstant) -> Self {
        self.duration = self.at.since(began);
        self
    }

    /// Converts a check-in made by hand. If it has an id and is an end, it counts as the end of a run that was started elsewhere.
    pub(crate) fn by_hand(check_in: CheckIn, id: CheckInId, at: Instant) -> Self {
        let CheckIn {
            check_in_id,
            monitor_slug,
            status,
            duration,
            environment,
            release,
            monitor_config,
            note,
            ..
        } = check_in;
        let event = RunEvent::from(status);
        let mut monitor = MonitorInfo::new(monitor_slug, monitor_config).traced(false);
        (monitor.environment, monitor.release) = (environment, release);
        let mut record = Self::new(id, MonitorRef::Made(Arc::new(monitor)), event, at).noted(note.as_deref());
        record.must_deliver = event != RunEvent::InProgress && check_in_id.is_some();
        match duration {
            Some(duration) => record.lasted(duration),
            None => record,
        }
    }

    /// Adds a note, if there is one.
    pub(crate) fn noted(mut self, note: Option<&str>) -> Self {
        if let Some(note) = note {
            self.monitor = self.monitor.noted(note);
        }
        self
    }

    /// Returns the time of its capture, in the form in which [`since`](Self::since) takes it.
    pub(crate) fn began(&self) -> CompactInstant {
        self.at
    }

    pub(crate) fn is_start(&self) -> bool {
        self.event == RunEvent::InProgress
    }

    pub(crate) fn is_keep_alive(&self) -> bool {
        self.event == RunEvent::KeepAlive
    }

    /// Returns whether it is a keep-alive that was never sent.
    pub(crate) fn is_unsent_keep_alive(&self) -> bool {
        self.is_keep_alive() && !self.attempted
    }

    /// The trace id of the run, which is the id of the run. `None` if the run is no trace of its own.
    pub(crate) fn trace_id(&self) -> Option<CheckInId> {
        self.monitor.is_traced().then_some(self.id)
    }

    /// Returns the time of its capture.
    pub(crate) fn at(&self) -> Instant {
        self.at.instant()
    }

    pub(crate) fn duration(&self) -> Option<Duration> {
        (self.duration != Self::NO_DURATION).then(|| Duration::from_nanos(self.duration))
    }

    /// The instant at which the check-in expires, and is discarded instead of sent.
    pub(crate) fn expires(&self) -> Instant {
        self.at() + self.monitor.lifetime(self.event)
    }

    /// Replaces the start of a run by its end. The end takes the place of the start in the queue, and its configuration and its note if it
    /// has none.
    pub(crate) fn end(&mut self, closer: Self) {
        (self.event, self.at, self.duration) = (closer.event, closer.at, closer.duration);
        if closer.monitor.config.is_some() || self.monitor.config.is_none() {
            self.monitor = match (closer.monitor.note(), self.monitor.note()) {
                (None, Some(note)) => closer.monitor.noted(note),
                _ => closer.monitor,
            };
        } else if let Some(note) = closer.monitor.note() {
            self.monitor = self.monitor.clone().noted(note);
        }
    }

    /// Replaces everything but the place in the queue.
    pub(crate) fn replace(&mut self, other: Self) {
        let (queue_state, links) = (self.queue_state, self.links);
        *self = Self { queue_state, links, ..other };
    }

    /// Converts to the public form, which is sent.
    pub(crate) fn to_check_in(&self) -> CheckIn {
        let monitor = &*self.monitor;
        let mut check_in = CheckIn::new(monitor.slug.clone(), self.event.status()).check_in_id(self.id);
        check_in.duration = self.duration();
        check_in.environment.clone_from(&monitor.environment);
        check_in.release.clone_from(&monitor.release);
        check_in.monitor_config.clone_from(&monitor.config);
        check_in.note = self.monitor.note().map(str::to_owned);
        check_in
    }
}
