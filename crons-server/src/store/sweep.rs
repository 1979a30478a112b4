//! One walk of the job that deletes what need not be kept any more.

use jiff::{SignedDuration, Timestamp};

use crate::settings::Retention;

const HOURS_A_DAY: i64 = 24;

/// One walk through all environments.
#[derive(Debug)]
pub struct Sweep {
    pub(super) now: Timestamp,
    pub(super) kept: Retention,
    /// The environment that was done last.
    pub(super) after: i64,
    /// The incident that is over and was deleted last.
    pub(super) after_incident: i64,
    /// Check-ins that were deleted so far.
    pub deleted: usize,
}

impl Sweep {
    pub fn new(now: Timestamp, kept: Retention) -> Self {
        Self { now, kept, after: 0, after_incident: 0, deleted: 0 }
    }

    pub(super) fn before(&self, days: u32) -> Timestamp {
        let age = SignedDuration::from_hours(i64::from(days) * HOURS_A_DAY);
        self.now.checked_sub(age).unwrap_or(Timestamp::MIN)
    }
}
