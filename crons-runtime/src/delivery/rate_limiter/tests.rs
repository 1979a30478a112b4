//! Tests of the rate limiter: six check-ins in any minute, and whole runs only.

use std::sync::Arc;

use crons_types::CheckInId;

use super::*;
use crate::record::event::RunEvent;
use crate::record::monitor::{MonitorInfo, MonitorRef};

fn record(slug: &str, event: RunEvent, must_deliver: bool) -> QueuedCheckIn {
    let monitor = MonitorRef::Made(Arc::new(MonitorInfo::new(Slug::parse(slug).unwrap(), None)));
    let mut record = QueuedCheckIn::new(CheckInId::from_bytes([1; 16]), monitor, event, Instant::now());
    record.must_deliver = must_deliver;
    record
}

fn six() -> RateLimiter {
    RateLimiter::new(NonZeroU32::new(6))
}

/// Decides about a check-in, and sends it if it may be sent.
fn send(rate_limiter: &mut RateLimiter, record: &QueuedCheckIn, now: Instant) -> Admission {
    let admission = rate_limiter.admit(record, now);
    if admission == Admission::Now {
        rate_limiter.sent(record, now);
    }
    admission
}

#[test]
fn a_begin_is_let_through_only_if_there_is_a_place_for_its_end() {
    let (mut rate_limiter, now) = (six(), Instant::now());
    let (opener, whole) = (record("job", RunEvent::InProgress, false), record("job", RunEvent::Ok, false));
    for _ in 0..5 {
        assert_eq!(send(&mut rate_limiter, &whole, now), Admission::Now);
    }
    assert_eq!(send(&mut rate_limiter, &opener, now), Admission::Skip { warn: true });
    assert_eq!(send(&mut rate_limiter, &whole, now), Admission::Now);
    assert_eq!(send(&mut rate_limiter, &whole, now), Admission::Skip { warn: false }, "said once a minute");
    let later = now + WINDOW;
    assert_eq!(send(&mut rate_limiter, &opener, later), Admission::Now);
}

#[test]
fn an_end_reserves_the_next_free_slot() {
    let (mut rate_limiter, now) = (six(), Instant::now());
    let closer = record("job", RunEvent::Ok, true);
    for second in 0..6 {
        assert_eq!(send(&mut rate_limiter, &closer, now + Duration::from_secs(second)), Admission::Now);
    }
    let now = now + Duration::from_secs(10);
    let free = now + Duration::from_secs(50);
    assert_eq!(send(&mut rate_limiter, &closer, now), Admission::At(free));
    assert_eq!(
        send(&mut rate_limiter, &record("job", RunEvent::Ok, false), free),
        Admission::Skip { warn: true }
    );
    rate_limiter.waited(&closer);
    assert_eq!(send(&mut rate_limiter, &closer, free), Admission::Now);
}

#[test]
fn monitors_and_environments_are_counted_each_for_itself() {
    let (mut rate_limiter, now) = (six(), Instant::now());
    for slug in ["one", "other"] {
        for _ in 0..6 {
            assert_eq!(send(&mut rate_limiter, &record(slug, RunEvent::Ok, false), now), Admission::Now);
        }
    }
    let mut staging = MonitorInfo::new(Slug::parse("one").unwrap(), None);
    staging.environment = Some(Environment::parse("staging").unwrap());
    let mut elsewhere = record("one", RunEvent::Ok, false);
    elsewhere.monitor = MonitorRef::Made(Arc::new(staging));
    assert_eq!(send(&mut rate_limiter, &elsewhere, now), Admission::Now);
}

#[test]
fn what_did_not_arrive_takes_no_place_and_off_is_off() {
    let (mut rate_limiter, now) = (six(), Instant::now());
    let whole = record("job", RunEvent::Ok, false);
    for _ in 0..20 {
        assert_eq!(send(&mut rate_limiter, &whole, now), Admission::Now);
        rate_limiter.unsent(&whole, now);
    }
    let mut off = RateLimiter::new(None);
    for _ in 0..20 {
        assert_eq!(send(&mut off, &whole, now), Admission::Now);
    }
}

#[test]
fn a_program_that_makes_up_slugs_is_not_remembered_for_ever() {
    let (mut rate_limiter, now) = (six(), Instant::now());
    for number in 0..u64::try_from(10 * MANY).unwrap() {
        let record = record(&format!("job-{number}"), RunEvent::Ok, false);
        send(&mut rate_limiter, &record, now + Duration::from_secs(number));
    }
    assert!(rate_limiter.windows.len() <= MANY, "{}", rate_limiter.windows.len());
}
