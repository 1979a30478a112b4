//! A limit for lines of the log.

use std::time::Duration;

use tokio::time::Instant;

/// The pause between two lines.
const PAUSE: Duration = Duration::from_secs(60);

/// Lets the same line into the log once a minute, however often its cause occurs.
#[derive(Default)]
pub(crate) struct LogThrottle(Option<Instant>);

impl LogThrottle {
    /// Returns whether the line is to be logged now; counts as logged if so.
    pub(crate) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.0.is_none_or(|logged| now - logged >= PAUSE);
        if due {
            self.0 = Some(now);
        }
        due
    }
}
