//! Tests of delivery against a simulated server, on a clock that the test holds.

mod accounts;
mod keep_alive;
mod pacing;
mod world;

use crons_types::{CheckInId, MonitorConfig, Slug};

use super::*;
use crate::record::event::RunEvent;
use crate::record::monitor::MonitorInfo;
use crate::wire::transport::Response;
use world::{Job, MINUTE, SECOND, World, fine, options, refused};

#[test]
fn a_limit_of_the_server_drops_and_counts_new_runs() {
    let mut told = false;
    let mut world = World::new(options(), move |_| {
        let response = Response::new(200);
        let first = !std::mem::replace(&mut told, true);
        Ok(if first { response.header("X-Sentry-Rate-Limits", "60:monitor:organization") } else { response })
    });
    world.run("first", Duration::ZERO);
    world.run("second", SECOND);
    assert_eq!((world.reports("second"), world.stats().dropped.rate_limited), (vec![], 2));
    assert!(world.delivery.limited_until(world.now).is_some());
    world.pass(MINUTE);
    world.run("third", SECOND);
    assert_eq!(world.reports("third"), [RunEvent::InProgress, RunEvent::Ok]);
}

#[test]
fn the_end_of_a_started_run_waits_for_the_servers_limit() {
    let mut world =
        World::new(options(), |_| Ok(Response::new(200).header("X-Sentry-Rate-Limits", "60::org")));
    let job = world.start("job", None);
    world.pass(SECOND);
    world.capture(&job, RunEvent::Error);
    world.pass(MINUTE * 2);
    assert_eq!(world.reports("job"), [RunEvent::InProgress, RunEvent::Error]);
    assert_eq!(world.arrived[1].2, MINUTE);
}

#[test]
fn a_429_is_not_sent_again_and_silences_for_a_minute() {
    let mut world = World::new(options(), |_| Ok(Response::new(429)));
    world.run("job", Duration::ZERO);
    world.pass(SECOND);
    assert_eq!((world.arrived.len(), world.stats().refused), (1, 1));
    assert!(world.delivery.take_discarded().is_empty(), "the server knows");
}

#[test]
fn what_the_server_refuses_is_reported_and_not_sent_again() {
    for status in [400, 413, 500, 503] {
        let mut world = World::new(options(), move |_| Ok(Response::new(status)));
        world.run("job", Duration::ZERO);
        world.pass(MINUTE);
        assert_eq!((world.arrived.len(), world.stats().refused), (2, 2), "{status}: its begin, its end");
        // The request of the end carried the loss of the begin.
        assert_eq!(world.delivery.take_discarded().by_reason(), [("send_error", 1)]);
    }
}

#[test]
fn a_remark_counts_as_sent_and_a_reason_as_refused() {
    for (said, sent) in [("accepted, but monitor_config.tz: ..", 2), ("MONITOR_NOT_FOUND: ..", 0), ("", 0)] {
        let mut world = World::new(options(), move |_| Ok(Response::new(200).header("X-Sentry-Error", said)));
        world.run("job", Duration::ZERO);
        world.pass(MINUTE);
        assert_eq!((world.stats().sent, world.stats().refused), (sent, 2 - sent), "{said:?}");
    }
}

#[test]
fn a_server_error_is_as_good_as_no_answer_if_so_said() {
    let mut tries = 0;
    let options = DeliveryOptions { retry_server_errors: true, ..options() };
    let mut world = World::new(options, move |_| {
        tries += 1;
        Ok(Response::new(if tries < 3 { 503 } else { 200 }))
    });
    world.run("job", Duration::ZERO);
    world.pass(MINUTE);
    let stats = world.stats();
    assert_eq!((stats.sent, stats.retried, stats.refused), (1, 2, 0));
}

#[test]
fn after_an_hour_without_a_server_what_is_still_true_is_sent() {
    let config = |minutes: u32| MonitorConfig::crontab("@hourly").and_then(|c| c.max_runtime(minutes)).ok();
    let mut world =
        World::new(options(), |since| if since < MINUTE * 60 { Err(refused()) } else { Ok(fine()) });
    let patient = world.start("patient", config(120));
    let hasty = world.start("hasty", config(10));
    world.pass(SECOND);
    world.capture(&patient, RunEvent::Ok);
    world.capture(&hasty, RunEvent::Ok);
    let long = world.start("long", config(120));
    world.pass(MINUTE * 70);
    world.capture(&long, RunEvent::Ok);
    world.pass(MINUTE);
    assert_eq!(world.reports("patient"), [RunEvent::Ok]);
    assert_eq!(world.reports("hasty"), [], "ten minutes after its end nobody can use it");
    assert_eq!(world.reports("long"), [RunEvent::Ok], "its begin was too old to be true");
    let stats = world.stats();
    assert_eq!((stats.dropped.expired, stats.queued), (2, 0));
    let back = world.arrived[0].2;
    assert!(back < MINUTE * 60 + SECOND * 31, "it is asked every half minute: {back:?}");
    assert!(stats.retried < 400, "and not more often: {}", stats.retried);
}

#[test]
fn a_begin_waits_for_its_end_only_as_long_as_was_said() {
    for (coalesce, expected) in
        [(Duration::ZERO, vec![RunEvent::InProgress, RunEvent::Ok]), (SECOND * 2, vec![RunEvent::Ok])]
    {
        let mut world = World::new(DeliveryOptions { coalesce, ..options() }, |_| Ok(fine()));
        world.run("quick", SECOND);
        assert_eq!(world.reports("quick"), expected);
        world.run("slow", SECOND * 3);
        assert_eq!(world.reports("slow"), [RunEvent::InProgress, RunEvent::Ok]);
        let job = world.start("skipped", None);
        world.capture(&job, RunEvent::Skipped);
        world.pass(MINUTE);
        assert_eq!(world.reports("skipped"), []);
        assert_eq!(world.stats().withdrawn, 1);
    }
}

#[test]
fn a_flush_waits_for_no_grace_and_no_backoff() {
    let mut up = false;
    let mut world = World::new(DeliveryOptions { coalesce: MINUTE, ..options() }, move |_| {
        if std::mem::replace(&mut up, true) { Ok(fine()) } else { Err(refused()) }
    });
    world.start("job", None);
    world.pass(SECOND);
    assert_eq!(world.reports("job"), []);
    world.delivery.expedite(0);
    world.send();
    assert_eq!(world.reports("job"), [], "the server was not there");
    world.delivery.expedite(0);
    world.send();
    assert_eq!(world.reports("job"), [RunEvent::InProgress]);
    assert_eq!(world.delivery.earliest_epoch(), u32::MAX);
}

#[test]
fn of_ten_runs_in_a_minute_three_arrive_whole() {
    let mut world = World::new(options(), |_| Ok(fine()));
    for _ in 0..10 {
        world.run("job", SECOND);
        world.pass(SECOND);
    }
    let expected = [RunEvent::InProgress, RunEvent::Ok].repeat(3);
    assert_eq!(world.reports("job"), expected, "three whole runs");
    assert_eq!(world.stats().dropped.throttled, 14);
    assert_eq!(world.delivery.take_discarded().by_reason(), [("ratelimit_backoff", 14)]);
    world.pass(MINUTE);
    world.run("job", SECOND);
    assert_eq!(world.reports("job").len(), 8);
}

#[test]
fn paced_ends_of_admitted_runs_keep_their_true_duration() {
    let mut world = World::new(options(), |_| Ok(fine()));
    // Five runs start before the first ends: each was let through with a place for one end.
    let jobs: Vec<Job> = (0..5).map(|_| world.start("job", None)).collect();
    world.pass(SECOND);
    for job in &jobs {
        world.capture(job, RunEvent::Ok);
    }
    world.pass(MINUTE * 2);
    let ends = world.arrived.iter().filter(|(_, event, _)| *event == RunEvent::Ok).count();
    assert_eq!((ends, world.stats().dropped.throttled), (5, 0));
    for (_, _, at) in &world.arrived {
        let around = world.arrived.iter().filter(|(_, _, other)| *other >= *at && *other < *at + MINUTE);
        assert!(around.count() <= 6, "{:?}", world.arrived);
    }
}

#[test]
fn an_error_of_a_throttled_run_is_sent_if_a_slot_is_free() {
    let mut world = World::new(options(), |_| Ok(fine()));
    for _ in 0..3 {
        world.run("job", SECOND);
    }
    let skipped = world.start("job", None);
    world.pass(MINUTE);
    world.capture(&skipped, RunEvent::Error);
    world.pass(SECOND);
    assert_eq!(world.reports("job").last(), Some(&RunEvent::Error));
}

#[test]
fn a_throttled_run_without_a_verdict_sends_nothing() {
    let mut world = World::new(options(), |_| Ok(fine()));
    for _ in 0..3 {
        world.run("job", SECOND);
    }
    let skipped = world.start("job", None);
    world.pass(MINUTE);
    world.capture(&skipped, RunEvent::Skipped);
    world.pass(SECOND);
    assert_eq!((world.reports("job").len(), world.stats().dropped.throttled), (6, 1));
}

#[test]
fn a_dropped_repeated_start_does_not_cost_the_run_its_end() {
    let mut world =
        World::new(options(), |_| Ok(Response::new(200).header("X-Sentry-Rate-Limits", "60:monitor:org")));
    let id = CheckInId::from_bytes([7; 16]);
    let by_hand = |world: &mut World, check_in: CheckIn| {
        world.captured += 1;
        let record = QueuedCheckIn::by_hand(check_in.check_in_id(id), id, world.now);
        world.delivery.push(record);
        world.pass(SECOND);
    };
    let slug = Slug::parse("job").unwrap();
    by_hand(&mut world, CheckIn::in_progress(slug.clone()));
    by_hand(&mut world, CheckIn::in_progress(slug.clone()));
    by_hand(&mut world, CheckIn::error(slug));
    world.pass(MINUTE);
    assert_eq!(world.reports("job"), [RunEvent::InProgress, RunEvent::Error]);
    assert_eq!(world.stats().dropped.rate_limited, 1);
}
