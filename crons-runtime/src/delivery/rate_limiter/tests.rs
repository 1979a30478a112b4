//! Six check-ins in any minute, and whole runs only.

use std::sync::Arc;

use crons_types::CheckInId;

use super::*;
use crate::record::queued::{About, Report, Subject};

fn record(slug: &str, report: Report, closes: bool) -> Record {
    let subject = About::Made(Arc::new(Subject::new(Slug::parse(slug).unwrap(), None)));
    let mut record = Record::new(CheckInId::from_bytes([1; 16]), subject, report, Instant::now());
    record.closes = closes;
    record
}

fn six() -> Quota {
    Quota::new(NonZeroU32::new(6))
}

/// Judges, and sends if it may.
fn send(quota: &mut Quota, record: &Record, now: Instant) -> Admission {
    let admission = quota.admit(record, now);
    if admission == Admission::Now {
        quota.sent(record, now);
    }
    admission
}

#[test]
fn a_begin_is_let_through_only_if_there_is_a_place_for_its_end() {
    let (mut quota, now) = (six(), Instant::now());
    let (opener, whole) = (record("job", Report::InProgress, false), record("job", Report::Ok, false));
    for _ in 0..5 {
        assert_eq!(send(&mut quota, &whole, now), Admission::Now);
    }
    assert_eq!(send(&mut quota, &opener, now), Admission::Skip { warn: true });
    assert_eq!(send(&mut quota, &whole, now), Admission::Now);
    assert_eq!(send(&mut quota, &whole, now), Admission::Skip { warn: false }, "said once a minute");
    let later = now + WINDOW;
    assert_eq!(send(&mut quota, &opener, later), Admission::Now);
}

#[test]
fn an_end_waits_for_the_next_free_place_and_keeps_it_from_others() {
    let (mut quota, now) = (six(), Instant::now());
    let closer = record("job", Report::Ok, true);
    for second in 0..6 {
        assert_eq!(send(&mut quota, &closer, now + Duration::from_secs(second)), Admission::Now);
    }
    let now = now + Duration::from_secs(10);
    let free = now + Duration::from_secs(50);
    assert_eq!(send(&mut quota, &closer, now), Admission::At(free));
    assert_eq!(send(&mut quota, &record("job", Report::Ok, false), free), Admission::Skip { warn: true });
    quota.waited(&closer);
    assert_eq!(send(&mut quota, &closer, free), Admission::Now);
}

#[test]
fn monitors_and_environments_are_counted_each_for_itself() {
    let (mut quota, now) = (six(), Instant::now());
    for slug in ["one", "other"] {
        for _ in 0..6 {
            assert_eq!(send(&mut quota, &record(slug, Report::Ok, false), now), Admission::Now);
        }
    }
    let mut staging = Subject::new(Slug::parse("one").unwrap(), None);
    staging.environment = Some(Environment::parse("staging").unwrap());
    let mut elsewhere = record("one", Report::Ok, false);
    elsewhere.subject = About::Made(Arc::new(staging));
    assert_eq!(send(&mut quota, &elsewhere, now), Admission::Now);
}

#[test]
fn what_did_not_arrive_takes_no_place_and_off_is_off() {
    let (mut quota, now) = (six(), Instant::now());
    let whole = record("job", Report::Ok, false);
    for _ in 0..20 {
        assert_eq!(send(&mut quota, &whole, now), Admission::Now);
        quota.unsent(&whole, now);
    }
    let mut off = Quota::new(None);
    for _ in 0..20 {
        assert_eq!(send(&mut off, &whole, now), Admission::Now);
    }
}

#[test]
fn a_program_that_makes_up_slugs_is_not_remembered_for_ever() {
    let (mut quota, now) = (six(), Instant::now());
    for number in 0..u64::try_from(10 * MANY).unwrap() {
        let record = record(&format!("job-{number}"), Report::Ok, false);
        send(&mut quota, &record, now + Duration::from_secs(number));
    }
    assert!(quota.windows.len() <= MANY, "{}", quota.windows.len());
}
