//! Six check-ins a minute: the server drops what comes more often, so better choose ourselves what arrives.
//!
//! Runs are let through whole or not at all. The end of a run that was let through is never dropped: it waits for the
//! next free place, and says its true duration.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crons_types::{Environment, Slug};

use crate::record::queued::QueuedCheckIn;

/// The time over which the server counts.
const WINDOW: Duration = Duration::from_secs(60);
/// More monitors than a program has, unless it makes them up as it goes.
const MANY: usize = 1024;

/// What may become of a check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Now,
    At(Instant),
    /// Its run comes too often. `warn`: that has not been said of this monitor for a minute.
    Skip {
        warn: bool,
    },
}

/// The server's rule, applied to what we send: so many in any minute, for each monitor and environment.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: Option<NonZeroU32>,
    windows: HashMap<(Slug, Option<Environment>), Window>,
    /// With so many monitors known, those that were silent for a window are forgotten.
    sweep_at: usize,
}

#[derive(Debug, Default)]
struct Window {
    /// When the last ones went.
    sent: VecDeque<Instant>,
    /// Ends that wait for a place.
    waiting: usize,
    warned: Option<Instant>,
}

impl RateLimiter {
    pub(crate) fn new(limit: Option<NonZeroU32>) -> Self {
        Self { limit, windows: HashMap::new(), sweep_at: MANY }
    }

    /// Judges a check-in that is about to go; to be followed by [`sent`](Self::sent) if it may, and after a wait by
    /// [`waited`](Self::waited).
    pub(crate) fn admit(&mut self, record: &QueuedCheckIn, now: Instant) -> Admission {
        let Some(limit) = self.limit else { return Admission::Now };
        let limit = limit.get() as usize;
        let window = self.window(record, now);
        let taken = window.sent.len() + window.waiting;
        // What has been on the wire, or ends what has, belongs to a run that was let through.
        if record.must_deliver || record.attempted {
            return match window.sent.len().checked_sub(limit).and_then(|oldest| window.sent.get(oldest)) {
                Some(oldest) => {
                    window.waiting += 1;
                    Admission::At(*oldest + WINDOW)
                }
                None => Admission::Now,
            };
        }
        let places = if record.is_start() { 2 } else { 1 };
        if taken + places <= limit {
            return Admission::Now;
        }
        let warn = window.warned.is_none_or(|warned| now.duration_since(warned) >= WINDOW);
        if warn {
            window.warned = Some(now);
        }
        Admission::Skip { warn }
    }

    /// Releases the place that was promised by [`Admission::At`].
    pub(crate) fn waited(&mut self, record: &QueuedCheckIn) {
        if let Some(window) = self.windows.get_mut(&key(record)) {
            window.waiting = window.waiting.saturating_sub(1);
        }
    }

    /// It goes.
    pub(crate) fn sent(&mut self, record: &QueuedCheckIn, now: Instant) {
        if self.limit.is_some() {
            self.window(record, now).sent.push_back(now);
        }
    }

    /// It did not arrive, as far as we know: its place is free again. Of all places the oldest, so that what was sent since
    /// counts for as long as it may.
    pub(crate) fn unsent(&mut self, record: &QueuedCheckIn, now: Instant) {
        if self.limit.is_some() {
            self.window(record, now).sent.pop_front();
        }
    }

    fn window(&mut self, record: &QueuedCheckIn, now: Instant) -> &mut Window {
        if self.windows.len() >= self.sweep_at {
            self.windows.retain(|_, window| {
                window.forget(now);
                window.waiting > 0 || !window.sent.is_empty()
            });
            self.sweep_at = MANY.max(self.windows.len() * 2);
        }
        let window = self.windows.entry(key(record)).or_default();
        window.forget(now);
        window
    }
}

fn key(record: &QueuedCheckIn) -> (Slug, Option<Environment>) {
    (record.monitor.slug.clone(), record.monitor.environment.clone())
}

impl Window {
    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|sent| now.duration_since(*sent) >= WINDOW) {
            self.sent.pop_front();
        }
    }
}
