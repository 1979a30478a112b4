//! The search for what retention does not keep.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{FIRST, Written, instant, number, on_every_backend};
use crate::{RateLimit, Retention, Settings};

/// The rows that a sweep finds, at an instant, without deleting them.
fn found(written: &Written, now: Timestamp, kept: Retention) -> usize {
    let mut sweep = Arc::clone(&written.queries).sweep(now, kept);
    let mut rows = 0;
    while let Some(expired) = sweep.advance().unwrap() {
        assert!(expired.rows() <= 100, "{} rows in one transaction", expired.rows());
        rows += expired.rows();
    }
    rows
}

#[test]
fn a_sweep_finds_what_is_too_old_or_too_many_and_nothing_else() {
    let kept = Retention { success_days: 2, failure_days: 4, check_ins: 3 };
    let settings = Settings { retention: kept, rate_limit: RateLimit::OFF, ..Settings::default() };
    on_every_backend(&settings, |written| {
        for second in 0..5 {
            written.clock.set(instant(&format!("10:00:{second:02}")));
            written.send("job", "a", 1 + 2 * second, "error");
            written.send("job", "a", 2 + 2 * second, "ok");
        }
        let now = instant("10:00:05");
        let in_days = |days: i64| now + SignedDuration::from_hours(24 * days);
        let most = |check_ins: u32| Retention { check_ins, ..kept };
        assert_eq!(found(written, now, most(100)), 0);
        assert_eq!(found(written, now, most(3)), 2 + 2, "two of each kind are too many");
        assert_eq!(found(written, in_days(3), most(100)), 4, "the last success is what thresholds look at");
        assert_eq!(written.runtime.block_on(written.server().sweep()), Some(4));
        let runs = written
            .queries
            .check_ins("job", &crate::store::CheckInFilter::default(), FIRST)
            .unwrap()
            .unwrap()
            .items;
        let runs: Vec<_> = runs.iter().map(|view| number(view.check_in.guid)).collect();
        assert_eq!(runs, [10, 9, 8, 7, 6, 5]);
        assert_eq!(found(written, now, kept), 0, "twice is once");
    });
}
