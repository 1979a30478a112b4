//! The current time, on both clocks.

use std::time::{Duration, Instant, SystemTime};

use super::compact_instant::CompactInstant;

/// An instant, and what the clocks on the wall show then: monotonic time means nothing to another process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall: SystemTime,
}

impl Now {
    /// Reads both clocks.
    pub(crate) fn read() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now() }
    }

    /// Converts to milliseconds since 1970; 0 before it.
    pub(crate) fn wall_millis(self, at: CompactInstant) -> u64 {
        let age = Duration::from_nanos(CompactInstant::from(self.instant).since(at));
        let since_1970 = self.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.saturating_sub(age).as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns how long ago the instant `millis` was, given in milliseconds since 1970; zero if the clock was set back since.
    pub(crate) fn age(self, millis: u64) -> Duration {
        let since_1970 = self.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        since_1970.saturating_sub(Duration::from_millis(millis))
    }
}
