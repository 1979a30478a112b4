//! How long to leave a server alone that does not answer.

use std::time::{Duration, Instant};

use crate::platform::ids::random_byte;

/// The wait after the first request without an answer; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// There was an answer.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// There was none. `true` if it is the first.
    pub(crate) fn grow(&mut self, now: Instant) -> bool {
        let first = self.failures == 0;
        // Requests that fail together are one failure.
        if self.until(now).is_some() {
            return first;
        }
        let longest = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures += 1;
        // Between half and all of it, so that a thousand machines do not come back in the same instant.
        let share = f64::from(random_byte()) / 512.0 + 0.5;
        self.until = Some(now + longest.mul_f64(share));
        first
    }

    /// Until when to wait, if at all.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// Someone waits for delivery: the next try is made at once.
    pub(crate) fn expedite(&mut self) {
        self.until = None;
    }
}
