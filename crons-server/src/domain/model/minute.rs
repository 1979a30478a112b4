//! The minutes of the server's clock, in which deadlines are evaluated.

use jiff::{SignedDuration, Timestamp};

/// Returns the start of the minute that `instant` lies in.
pub fn truncate_to_minute(instant: Timestamp) -> Timestamp {
    // Minutes before 1970 would round the other way; the server's clock is never there.
    Timestamp::from_second(instant.as_second().div_euclid(60) * 60).unwrap_or(instant)
}

/// Returns the start of the minute after the one that `instant` lies in.
pub fn next_minute(instant: Timestamp) -> Timestamp {
    truncate_to_minute(instant).saturating_add(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MAX)
}

/// The first full minute that is not before `instant`: a deadline within a minute is evaluated at its end.
pub fn evaluation_minute(instant: Timestamp) -> Timestamp {
    const ALMOST_A_MINUTE: SignedDuration = SignedDuration::new(59, 999_999_999);
    truncate_to_minute(instant.saturating_add(ALMOST_A_MINUTE).unwrap_or(instant))
}
