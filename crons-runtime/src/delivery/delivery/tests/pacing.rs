//! Tests of the pacing of ends: of runs that overlap, and of those that dead processes owe.

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
fn what_dead_processes_owe_leaves_room_and_comes_first() {
    for (limit, whole, expected) in [(6, true, 4_u8), (3, true, 1), (2, false, 1)] {
        let options = DeliveryOptions { rate_limit: NonZeroU32::new(limit), ..options() };
        let mut world = World::new(options, |_| Ok(fine()));
        let records = (200..220).map(|number| dead("job", number)).collect();
        world.delivery.adopt(Adopted { records, ..Adopted::default() });
        world.run("job", SECOND);
        let own = |event| world.requests.iter().any(|(id, sent)| id.as_bytes()[0] < 200 && *sent == event);
        assert_eq!(own(RunEvent::InProgress), whole, "{limit}");
        assert!(own(RunEvent::Ok), "{limit}: at least its end");
        world.pass(MINUTE * 29);
        let delivered = world.reports("job").iter().filter(|event| **event == RunEvent::Error).count();
        assert_eq!(delivered, usize::from(expected), "{limit}");
        assert_eq!(world.reports("job").last(), Some(&RunEvent::Ok), "{limit}: the newest run is the last");
        assert_eq!(world.delivery.stats().dropped.superseded, 20 - u64::from(expected), "{limit}");
        let newest = (220 - expected..220).collect::<Vec<_>>();
        let sent: Vec<u8> =
            world.requests.iter().map(|(id, _)| id.as_bytes()[0]).filter(|id| *id >= 200).collect();
        assert_eq!(sent, newest, "{limit}: the newest ones, the oldest of them first");
        let own = world.requests.iter().position(|(id, _)| id.as_bytes()[0] < 200);
        assert_eq!(own, Some(newest.len()), "{limit}: the start of a newer run comes after them");
    }
}

/// The failed run of a dead process.
fn dead(slug: &str, number: u8) -> QueuedCheckIn {
    let monitor = MonitorRef::Made(Arc::new(MonitorInfo::new(Slug::parse(slug).unwrap(), None)));
    let id = CheckInId::from_bytes([number; 16]);
    let mut record = QueuedCheckIn::new(id, monitor, RunEvent::Error, Instant::now()).lasted(SECOND);
    record.must_deliver = true;
    record
}

#[test]
fn an_end_replaces_older_ones_that_wait_for_a_limit() {
    let limits = |since| Ok(if since < SECOND { Response::new(429) } else { fine() });
    let mut world = World::new(DeliveryOptions { retry_server_errors: true, ..options() }, limits);
    world.delivery.keep_journal();
    world.delivery.adopt(Adopted { records: vec![dead("job", 200), dead("job", 201)], ..Adopted::default() });
    world.pass(SECOND * 10);
    assert_eq!(world.requests.len(), 1, "both wait for the limit");
    let job = world.start("job", None);
    world.pass(SECOND);
    assert_eq!(world.delivery.stats().dropped.superseded, 2);
    world.capture(&job, RunEvent::Ok);
    world.pass(MINUTE * 2);
    assert_eq!(world.reports("job").last(), Some(&RunEvent::Ok));
    assert_eq!(world.delivery.stats().dropped.superseded, 2);
    assert_eq!(world.delivery.stats().queued, 0);
}

#[test]
fn ends_of_this_process_come_before_those_of_other_monitors() {
    let mut world = World::new(options(), |_| Ok(fine()));
    let records = (200..210).map(|number| dead(&format!("old-{number}"), number)).collect();
    world.delivery.adopt(Adopted { records, ..Adopted::default() });
    world.run("job", Duration::ZERO);
    assert!(world.requests[0].0.as_bytes()[0] < 200, "{:?}", world.requests);
    assert_eq!(world.delivery.stats().queued, 0);
}

#[test]
fn a_spool_keeps_an_end_that_a_limit_refuses() {
    for (spool, kept) in [(true, 1), (false, 0)] {
        let options = DeliveryOptions { retry_server_errors: true, ..options() };
        let limit = || Response::new(429).header("retry-after", "999999");
        // The start is taken, and sets a limit in the second case.
        for refuses_start in [true, false] {
            let mut world = World::new(options, move |since| {
                let start = fine().header("X-Sentry-Rate-Limits", "999999:monitor:organization");
                Ok(if since < SECOND && !refuses_start { start } else { limit() })
            });
            if spool {
                world.delivery.keep_journal();
            }
            world.run("job", SECOND * 2);
            world.pass(MINUTE);
            assert_eq!(world.delivery.stats().queued, kept, "{spool} {refuses_start}");
            world.pass(MINUTE * 60);
            assert_eq!(world.delivery.stats().queued, 0, "it expires as all do");
        }
    }
}

#[test]
fn a_refusal_of_one_monitor_is_sent_again_when_the_server_says() {
    let options = DeliveryOptions { retry_server_errors: true, ..options() };
    let limit = || {
        let limited = Response::new(429).header("retry-after", "30");
        limited.header("X-Sentry-Rate-Limits", "30:monitor_environment:project:monitor_env_rate_limit")
    };
    let mut world = World::new(options, move |since| Ok(if since < SECOND * 10 { limit() } else { fine() }));
    world.delivery.keep_journal();
    world.delivery.adopt(Adopted { records: vec![dead("job", 200)], ..Adopted::default() });
    world.pass(SECOND * 29);
    assert_eq!(world.requests.len(), 1);
    world.pass(SECOND);
    assert_eq!((world.requests.len(), world.delivery.stats().sent), (2, 1));
}
