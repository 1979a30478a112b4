//! Limits the check-ins of a monitor to six a minute: the server drops excess ones, whichever they are.
//!
//! Runs are let through whole or not at all. The end of a run that was let through is never dropped: it waits for the next free place,
//! and has its true duration. While it waits the server may time the run out, so a start is let through only if the ends of all open
//! runs would be sent in time.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crons_types::{CheckInId, Environment, Slug};

use crate::record::queued::QueuedCheckIn;

/// The time over which the server counts.
const WINDOW: Duration = Duration::from_secs(60);
/// The number of monitors from which idle ones are looked for: more than a program has, unless it makes up slugs.
const MANY: usize = 1024;

/// The check-ins of one run: its start and its end.
const PLACES_OF_A_RUN: usize = 2;

/// The decision about a check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Now,
    At(Instant),
    /// The check-in is not sent: its monitor runs too often. `warn`: no warning about this monitor was logged for a minute.
    Skip {
        warn: bool,
    },
}

/// Applies the server's rule to what the client sends: a limited number of check-ins in any minute, for each monitor and environment.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: Option<NonZeroU32>,
    windows: HashMap<Key, Window>,
    /// The number of monitors at which those that were silent for a window are forgotten.
    sweep_at: usize,
}

#[derive(Debug, Default)]
struct Window {
    /// The instants at which the last check-ins were sent.
    sent: VecDeque<Instant>,
    /// Ends that wait for a place.
    waiting: usize,
    /// Runs whose start was sent and whose end was not captured, each with the instant from which the server waits for it no longer.
    open: HashMap<CheckInId, Instant>,
    warned: Option<Instant>,
}

impl RateLimiter {
    pub(crate) fn new(limit: Option<NonZeroU32>) -> Self {
        Self { limit, windows: HashMap::new(), sweep_at: MANY }
    }

    /// Decides about a check-in that is about to be sent; to be followed by [`sent`](Self::sent) if it may, and after a wait by
    /// [`waited`](Self::waited).
    pub(crate) fn admit(&mut self, record: &QueuedCheckIn, now: Instant) -> Admission {
        let Some(limit) = self.limit else { return Admission::Now };
        let limit = limit.get() as usize;
        let window = self.window(record, now);
        let taken = window.sent.len() + window.waiting;
        // A check-in that was sent before, or whose start was, belongs to a run that was let through.
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
        if taken + places <= limit
            && (!record.is_start() || window.has_time_for_ends(taken, limit, record, now))
        {
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

    /// Returns whether a keep-alive may be sent, which is only if it leaves places for a run. `Err` is the instant at which to ask again.
    pub(crate) fn admit_keep_alive(&mut self, record: &QueuedCheckIn, now: Instant) -> Result<(), Instant> {
        self.admit_leaving(record, now, |_| PLACES_OF_A_RUN)
    }

    /// Decides like [`admit_keep_alive`](Self::admit_keep_alive), for a check-in of a dead process. If the limit is low, it leaves
    /// fewer places.
    pub(crate) fn admit_adopted(&mut self, record: &QueuedCheckIn, now: Instant) -> Result<(), Instant> {
        self.admit_leaving(record, now, left_by_adopted)
    }

    /// The most check-ins of dead processes that [`admit_adopted`](Self::admit_adopted) lets through in a minute, for each monitor and
    /// environment. `None`: no limit.
    pub(crate) fn most_adopted(&self) -> Option<usize> {
        self.limit.map(|limit| limit.get() as usize).map(|limit| limit - left_by_adopted(limit))
    }

    fn admit_leaving(
        &mut self,
        record: &QueuedCheckIn,
        now: Instant,
        left: impl FnOnce(usize) -> usize,
    ) -> Result<(), Instant> {
        let Some(limit) = self.limit else { return Ok(()) };
        let limit = limit.get() as usize;
        let window = self.window(record, now);
        if window.sent.len() + window.waiting + 1 + left(limit) <= limit {
            return Ok(());
        }
        Err(window.sent.front().map_or(now, |oldest| *oldest) + WINDOW)
    }

    /// Records that a check-in is sent at `now`.
    pub(crate) fn sent(&mut self, record: &QueuedCheckIn, now: Instant) {
        if self.limit.is_some() {
            let window = self.window(record, now);
            window.sent.push_back(now);
            // The end of a run that was started by hand may come from another process.
            if (record.is_start() || record.is_keep_alive()) && record.trace_id().is_some() {
                window.open.insert(record.id, now + minutes(record.monitor.max_runtime()));
            }
        }
    }

    /// Records that no end of this run is to be expected any more: it was captured, or the start was given up.
    pub(crate) fn ended(&mut self, record: &QueuedCheckIn) {
        if self.limit.is_some()
            && let Some(window) = self.windows.get_mut(&key(record))
        {
            window.open.remove(&record.id);
        }
    }

    /// Frees the place of a check-in that did not arrive, as far as is known. The oldest place is freed, so that what was sent since
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
                window.open.retain(|_, until| *until > now);
                window.waiting > 0 || !window.sent.is_empty() || !window.open.is_empty()
            });
            self.sweep_at = MANY.max(self.windows.len() * 2);
        }
        let window = self.windows.entry(key(record)).or_default();
        window.forget(now);
        window
    }
}

/// The places in a minute that check-ins of dead processes leave for the runs of this one.
fn left_by_adopted(limit: usize) -> usize {
    PLACES_OF_A_RUN.min(limit - 1)
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// The monitor and the environment of a check-in.
pub(super) type Key = (Slug, Option<Environment>);

pub(super) fn key(record: &QueuedCheckIn) -> Key {
    (record.monitor.slug.clone(), record.monitor.environment.clone())
}

impl Window {
    /// Returns whether the ends of all open runs, and of the one that `start` starts, are sent in time even if all came now. A run that
    /// takes less than half of its `max_runtime` must not time out because its end waits, so as many windows may pass as fit into the
    /// other half.
    fn has_time_for_ends(&mut self, taken: usize, limit: usize, start: &QueuedCheckIn, now: Instant) -> bool {
        // The server counts in whole minutes: up to one of them is over when the run starts.
        let windows = start.monitor.max_runtime().saturating_sub(1) / 2;
        let places = limit.saturating_mul(windows as usize + 1);
        let fits = |open: usize| taken + open + 2 <= places;
        fits(self.open.len()) || {
            self.open.retain(|_, until| *until > now);
            fits(self.open.len())
        }
    }

    fn forget(&mut self, now: Instant) {
        while self.sent.front().is_some_and(|sent| now.duration_since(*sent) >= WINDOW) {
            self.sent.pop_front();
        }
    }
}
