//! The wall clock, which is the one that minutes begin by.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// The first minute that begins no earlier than in so many seconds.
pub fn minute_in(seconds: f64) -> f64 {
    ((now() + seconds) / 60.0).ceil() * 60.0
}

/// Sleeps until an instant, unless it has passed.
pub fn sleep_until(instant: f64) {
    std::thread::sleep(Duration::from_secs_f64((instant - now()).max(0.0)));
}
