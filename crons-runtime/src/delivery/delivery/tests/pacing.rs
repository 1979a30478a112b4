//! Tests of the pacing of the ends of runs that overlap.

use std::sync::Arc;

use super::*;
use crate::record::monitor::MonitorRef;
use crate::record::spooled::Adopted;

/// Starts `runs` runs at once, which may take `max_runtime` minutes, and ends them after a time. Returns how many starts were let
/// through, and how long the last end was on its way.
fn overlapping(runs: usize, max_runtime: u32, time: Duration) -> (usize, Duration) {
    let mut world = World::new(options(), |_| Ok(fine()));
    let config = MonitorConfig::crontab("@daily").and_then(|config| config.max_runtime(max_runtime)).ok();
    let jobs: Vec<Job> = (0..runs).map(|_| world.start("job", config.clone())).collect();
    world.pass(time);
    for job in &jobs {
        world.capture(job, RunEvent::Ok);
    }
    world.pass(MINUTE * 10);
    let starts = world.reports("job").iter().filter(|event| **event == RunEvent::InProgress).count();
    let last = world.arrived.iter().filter(|(_, event, _)| *event == RunEvent::Ok).map(|(.., at)| *at).max();
    (starts, last.unwrap().saturating_sub(time))
}

#[test]
fn no_run_times_out_because_its_end_waits_for_a_place() {
    for (max_runtime, starts) in [(1, 3), (2, 3), (3, 5), (30, 5)] {
        // The client promises half of the runtime that is certain: of `max_runtime` up to a minute is over at the start.
        let half = MINUTE * (max_runtime - 1) / 2;
        let (let_through, waited) = overlapping(8, max_runtime, half.min(SECOND * 30));
        assert_eq!(let_through, starts, "{max_runtime}");
        assert!(waited <= half, "{max_runtime}: {waited:?}");
    }
}

#[test]
fn runs_without_an_end_are_forgotten_when_they_have_timed_out() {
    let mut world = World::new(options(), |_| Ok(fine()));
    let config = MonitorConfig::crontab("@daily").and_then(|config| config.max_runtime(2)).ok();
    for _ in 0..3 {
        world.start("job", config.clone());
    }
    world.pass(MINUTE);
    world.start("job", config.clone());
    world.pass(MINUTE);
    assert_eq!(world.stats().dropped.throttled, 0, "three places are free again");
    for _ in 0..2 {
        world.pass(MINUTE);
        world.start("job", config.clone());
    }
    world.pass(MINUTE);
    assert_eq!((world.reports("job").len(), world.stats().dropped.throttled), (6, 0));
}

#[test]
fn starts_by_hand_do_not_count_as_open() {
    let mut world = World::new(options(), |_| Ok(fine()));
    let slug = Slug::parse("job").unwrap();
    let config = MonitorConfig::crontab("@daily").and_then(|config| config.max_runtime(1)).unwrap();
    for number in 0..20 {
        let id = CheckInId::from_bytes([number + 1; 16]);
        let check_in = CheckIn::in_progress(slug.clone()).check_in_id(id).monitor_config(config.clone());
        world.captured += 1;
        world.delivery.push(QueuedCheckIn::by_hand(check_in, id, world.now));
        world.pass(SECOND * 20);
    }
    assert_eq!((world.reports("job").len(), world.stats().dropped.throttled), (20, 0));
}

#[test]
fn a_run_that_is_kept_alive_stays_open() {
    let mut world = World::new(options(), |_| Ok(fine()));
    let jobs: Vec<Job> = (0..3).map(|_| world.start_of(keep_alive::monitor("job", 2))).collect();
    world.pass(MINUTE * 10);
    world.start_of(keep_alive::monitor("job", 2));
    world.pass(SECOND);
    assert_eq!(world.stats().dropped.throttled, 1, "the ends of three runs may come at any time");
    world.capture(&jobs[0], RunEvent::Ok);
    world.pass(MINUTE * 2);
    assert_eq!(world.reports("job").last(), Some(&RunEvent::KeepAlive), "the others are open still");
}

#[test]
fn what_dead_processes_owe_leaves_room_for_a_run() {
    let dead = |number: u8| {
        let monitor = MonitorInfo::new(Slug::parse("job").unwrap(), None);
        let owed = MonitorRef::Made(Arc::new(monitor));
        let mut record =
            QueuedCheckIn::new(CheckInId::from_bytes([number; 16]), owed, RunEvent::Error, Instant::now());
        record.must_deliver = true;
        record
    };
    for (limit, whole) in [(6, true), (3, true), (2, false)] {
        let options = DeliveryOptions { rate_limit: NonZeroU32::new(limit), ..options() };
        let mut world = World::new(options, |_| Ok(fine()));
        let records = (200..220).map(dead).collect();
        world.delivery.adopt(Adopted { records, ..Adopted::default() });
        world.pass(Duration::ZERO);
        world.run("job", SECOND);
        let own = |event| world.requests.iter().any(|(id, sent)| id.as_bytes()[0] < 200 && *sent == event);
        assert_eq!(own(RunEvent::InProgress), whole, "{limit}");
        assert!(own(RunEvent::Ok), "{limit}: at least its end");
        world.pass(MINUTE * 29);
        let delivered = world.reports("job").iter().filter(|event| **event == RunEvent::Error).count();
        assert_eq!(delivered, 20, "{limit}: all are delivered in the end");
    }
}
