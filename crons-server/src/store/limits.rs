//! Limits that are the same in every database.

use jiff::SignedDuration;

/// The number of processing errors that are kept of each monitor, as at Sentry.
pub(super) const PROCESSING_ERRORS: u32 = 10;
/// Characters that are kept of a payload with processing errors: enough to see what it is.
pub(super) const PAYLOAD: usize = 4_096;
/// The time for which alerts are kept that are not to be sent any more.
pub(super) const ALERTS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Characters of a webhook's answer that are kept.
pub(super) const ANSWER: usize = 300;
/// The answer that is shown of an alert that is not sent any more.
pub(super) const DELETED_ANSWER: &str = "not sent: its monitor or environment was deleted";
/// Seconds of an hour of usage.
pub(super) const HOUR: i64 = 3_600;
/// The newest check-ins of an environment whose durations make up its percentiles.
pub(super) const DURATION_SAMPLES: u32 = 50;
