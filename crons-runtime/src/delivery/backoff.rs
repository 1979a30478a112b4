//! Backoff: the wait between requests to a server that does not answer.

use std::time::{Duration, Instant};

use crate::platform::ids::random_byte;

/// The wait after the first request without an answer. It doubles with each further one.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// Ends the wait: the server has answered.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Doubles the wait: a request had no answer. Returns `true` if it is the first one.
    pub(crate) fn grow(&mut self, now: Instant) -> bool {
        let first = self.failures == 0;
        // Requests that fail within one wait count as one failure.
        if self.until(now).is_some() {
            return first;
        }
        let longest = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures += 1;
        // A random share from 50 to 100 %, so that a thousand machines do not come back in the same instant.
        let share = f64::from(random_byte()) / 512.0 + 0.5;
        self.until = Some(now + longest.mul_f64(share));
        first
    }

    /// The end of the wait. `None` if requests may be sent.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// Ends the wait for a flush: the next request is sent at once.
    pub(crate) fn expedite(&mut self) {
        self.until = None;
    }
}
