//! Tests of runs that are kept alive.

use std::time::SystemTime;

use super::*;
use crate::platform::now::Now;

/// A monitor whose runs are kept alive and may take so many minutes.
pub(super) fn monitor(slug: &str, max_runtime: u32) -> MonitorInfo {
    let config = MonitorConfig::crontab("@daily").and_then(|config| config.max_runtime(max_runtime)).ok();
    let mut monitor = MonitorInfo::new(Slug::parse(slug).unwrap(), config);
    monitor.keep_alive = true;
    monitor
}

/// Returns when keep-alives arrived, in seconds.
fn seconds(world: &World) -> Vec<u64> {
    let kept = world.arrived.iter().filter(|(_, event, _)| *event == RunEvent::KeepAlive);
    kept.map(|(.., at)| at.as_secs()).collect()
}

fn healthy() -> World {
    World::new(options(), |_| Ok(fine()))
}

#[test]
fn a_run_is_reported_in_progress_every_third_of_max_runtime() {
    let mut world = healthy();
    let job = world.start_of(monitor("job", 10));
    world.pass(MINUTE * 31);
    assert_eq!(seconds(&world), (1..=9).map(|count| count * 200).collect::<Vec<_>>());
    world.capture(&job, RunEvent::Ok);
    world.pass(MINUTE * 60);
    assert_eq!((seconds(&world).len(), world.reports("job").last()), (9, Some(&RunEvent::Ok)));
    let stats = world.stats();
    assert_eq!(
        (stats.captured, stats.sent, stats.keep_alives),
        (2, 2, 9),
        "nobody has captured a keep-alive"
    );
}

#[test]
fn nothing_is_kept_alive_that_does_not_say_so_or_is_too_short() {
    let mut world = healthy();
    let mut silent = monitor("job", 10);
    silent.keep_alive = false;
    world.start_of(silent);
    world.start_of(monitor("short", 1));
    world.pass(MINUTE * 60);
    assert_eq!(seconds(&world), [0_u64; 0]);
}

#[test]
fn keep_alives_end_7_days_after_the_start() {
    let mut world = healthy();
    world.start_of(monitor("job", 30));
    world.pass(MINUTE * 60 * 24 * 8);
    let week = 7 * 24 * 60 * 60;
    assert_eq!(seconds(&world).last(), Some(&(week - 600)));
    assert_eq!(world.delivery.wake_at(world.now), None, "nothing is left to do");
}

#[test]
fn a_process_that_was_frozen_sends_one_keep_alive_and_no_burst() {
    let mut world = healthy();
    world.start_of(monitor("job", 10));
    world.pass(SECOND);
    world.now += MINUTE * 9;
    world.pass(SECOND);
    assert_eq!(seconds(&world), [541]);
    world.pass(SECOND * 200);
    assert_eq!(seconds(&world).len(), 2, "and goes on");
}

#[test]
fn a_process_that_was_frozen_for_too_long_sends_no_keep_alive() {
    let mut world = healthy();
    let job = world.start_of(monitor("job", 10));
    world.pass(SECOND);
    world.now += MINUTE * 10;
    world.pass(MINUTE * 60);
    assert_eq!(seconds(&world), [0_u64; 0], "the server has counted the run as timed out");
    world.capture(&job, RunEvent::Ok);
    world.pass(SECOND);
    assert_eq!(world.reports("job"), [RunEvent::InProgress, RunEvent::Ok]);
}

#[test]
fn a_run_whose_start_was_not_taken_is_not_kept_alive() {
    for status in [400, 429] {
        let mut world = World::new(options(), move |_| Ok(Response::new(status)));
        world.start_of(monitor("job", 10));
        world.pass(MINUTE * 60);
        assert_eq!(world.requests.len(), 1, "{status}");
    }
    let mut world = healthy();
    for _ in 0..6 {
        world.start_of(monitor("job", 30));
    }
    world.pass(MINUTE * 10);
    let [starts, kept] = [RunEvent::InProgress, RunEvent::KeepAlive].map(|wanted| {
        world.requests.iter().filter(|(_, event)| *event == wanted).map(|(id, _)| *id).collect::<Vec<_>>()
    });
    assert_eq!((starts.len(), world.stats().dropped.throttled), (5, 1));
    assert!(kept.iter().all(|id| starts.contains(id)), "a start that was dropped is none");
}

#[test]
fn a_skipped_run_is_not_kept_alive() {
    let mut world = healthy();
    let job = world.start_of(monitor("job", 10));
    world.pass(SECOND * 100);
    world.capture(&job, RunEvent::Skipped);
    world.pass(MINUTE * 60);
    assert_eq!(seconds(&world), [0_u64; 0]);
}

#[test]
fn a_run_that_is_closed_for_its_job_is_not_kept_alive() {
    let mut world = healthy();
    world.start_of(monitor("job", 10));
    world.pass(SECOND);
    world.delivery.close_open_runs(world.now, None, 0);
    world.pass(MINUTE * 60);
    assert_eq!(world.reports("job"), [RunEvent::InProgress, RunEvent::Error]);
}

#[test]
fn an_end_waits_for_the_answer_to_a_keep_alive() {
    let mut world = healthy();
    let job = world.start_of(monitor("job", 10));
    world.pass(SECOND * 199);
    world.now += SECOND;
    let index = world.delivery.next(world.now).unwrap();
    assert_eq!(world.delivery.get(index).unwrap().event, RunEvent::KeepAlive);
    world.capture(&job, RunEvent::Ok);
    assert_eq!(world.delivery.next(world.now), None, "the end must not overtake it");
    assert_eq!(world.delivery.earliest_epoch(), 0);
    let now = Now { instant: world.now, wall: SystemTime::UNIX_EPOCH };
    world.delivery.answered(index, &Err(refused()), DiscardCounts::default(), now);
    world.pass(MINUTE * 60);
    assert_eq!(world.reports("job"), [RunEvent::InProgress, RunEvent::Ok]);
}

#[test]
fn an_end_takes_the_place_of_a_keep_alive_that_was_not_sent() {
    let mut world = healthy();
    let jobs = [world.start_of(monitor("one", 10)), world.start_of(monitor("other", 10))];
    world.pass(SECOND * 199);
    world.now += SECOND;
    // The keep-alives of both jobs are due; the worker takes one of them for sending before the ends arrive.
    let index = world.delivery.next(world.now).unwrap();
    for job in &jobs {
        world.capture(job, RunEvent::Ok);
    }
    let now = Now { instant: world.now, wall: SystemTime::UNIX_EPOCH };
    world.delivery.answered(index, &Ok(fine()), DiscardCounts::default(), now);
    world.pass(MINUTE);
    assert_eq!(world.stats().keep_alives, 1);
    for slug in ["one", "other"] {
        assert_eq!(world.reports(slug).last(), Some(&RunEvent::Ok));
    }
    assert_eq!(seconds(&world), [0_u64; 0]);
}

#[test]
fn keep_alives_go_on_when_a_server_is_back_in_time() {
    let mut world = World::new(options(), |since| {
        if (MINUTE..MINUTE * 8).contains(&since) { Err(refused()) } else { Ok(fine()) }
    });
    world.start_of(monitor("job", 10));
    world.pass(MINUTE * 20);
    let seconds = seconds(&world);
    assert!((480..540).contains(&seconds[0]), "{seconds:?}");
    assert_eq!(world.stats().dropped.total(), 0, "one that is not sent is no loss");
    assert!(world.requests.len() < 200, "{}", world.requests.len());
}

#[test]
fn keep_alives_wait_for_a_limit_of_the_server() {
    let mut world = World::new(options(), |since| {
        let limits = Response::new(200).header("X-Sentry-Rate-Limits", "300:monitor:org");
        Ok(if since == MINUTE { limits } else { fine() })
    });
    world.start_of(monitor("job", 10));
    world.pass(MINUTE);
    world.start("other", None);
    world.pass(MINUTE * 10);
    assert_eq!(seconds(&world)[0], 360);
}

#[test]
fn keep_alives_leave_places_for_a_run_in_every_minute() {
    let mut world = healthy();
    // The starts are spread over some minutes, as more than a few at once would not be let through.
    for _ in 0..9 {
        world.start_of(monitor("job", 30));
        world.pass(MINUTE);
    }
    world.pass(MINUTE * 60);
    let kept = seconds(&world);
    assert!(kept.len() > 40, "{kept:?}");
    for begin in &kept {
        let minute = world.arrived.iter().filter(|(.., at)| (*begin..begin + 60).contains(&at.as_secs()));
        assert!(minute.count() <= 4, "{kept:?}");
    }
}
