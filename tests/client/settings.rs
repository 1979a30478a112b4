//! The options of the client, seen from the server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use crons::{CheckIn, ClientOptions, MaxCheckIns, MonitorConfig, Slug, Upsert, capture_check_in, monitor};
use serde_json::Value;

use crate::support::{Behaviour, DEADLINE, Sink, one_at_a_time, statuses};

fn options(sink: &Sink) -> ClientOptions {
    ClientOptions::new().dsn(sink.dsn()).environment("production")
}

fn up() -> Sink {
    Sink::start(|_| Behaviour::Answer(200))
}

/// Runs to its end before the next one begins, so that nothing is folded together.
fn whole_run(sink: &Sink, crons: &crons::ClientInitGuard, slug: &str) {
    let config = MonitorConfig::crontab("@daily").unwrap();
    let seen = sink.check_ins().len();
    let run = monitor(slug).monitor_config(config).start();
    sink.wait_for(seen + 1);
    run.ok();
    assert!(crons.flush(DEADLINE));
}

fn with_config(check_ins: &[Value]) -> Vec<bool> {
    check_ins.iter().map(|check_in| check_in.get("monitor_config").is_some()).collect()
}

#[test]
fn the_configuration_goes_along_always_or_once_or_never() {
    let _one = one_at_a_time();
    for (upsert, expected) in [
        (Upsert::Always, [true, true, true, true]),
        (Upsert::OncePerProcess, [true, false, false, false]),
        (Upsert::Never, [false, false, false, false]),
    ] {
        let sink = up();
        let crons = crons::init(options(&sink).upsert(upsert));
        whole_run(&sink, &crons, "job");
        whole_run(&sink, &crons, "job");
        assert_eq!(with_config(&sink.check_ins()), expected, "{upsert:?}");
    }
}

#[test]
fn the_configuration_is_sent_until_the_server_has_taken_it() {
    let _one = one_at_a_time();
    let sink = Sink::start(|number| Behaviour::Answer(if number == 0 { 500 } else { 200 }));
    let crons = crons::init(options(&sink).upsert(Upsert::OncePerProcess));
    whole_run(&sink, &crons, "job");
    assert_eq!(with_config(&sink.check_ins()), [true, true], "the first was refused");
}

#[test]
fn in_an_environment_that_is_not_listed_nothing_is_sent() {
    let _one = one_at_a_time();
    for (environment, arrives) in [("production", true), ("development", false), ("Production", false)] {
        let sink = up();
        let crons = crons::init(
            options(&sink).environment(environment).enabled_environments(["staging", "production"]),
        );
        assert_eq!((crons.is_enabled(), crons.error().is_none()), (arrives, true), "{environment}");
        monitor("job").run(|| ());
        assert!(crons.flush(DEADLINE));
        assert_eq!(!sink.check_ins().is_empty(), arrives, "{environment}");
    }
}

#[test]
fn before_send_changes_a_check_in_or_drops_and_reports_it() {
    let _one = one_at_a_time();
    let sink = up();
    let crons = crons::init(options(&sink).before_send_check_in(|check_in| {
        let changed = check_in.release("changed");
        (changed.monitor_slug.as_str() != "held-back").then_some(changed)
    }));
    capture_check_in(CheckIn::ok(Slug::parse("held-back").unwrap()));
    assert!(crons.flush(DEADLINE));
    let id = capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
    assert!(crons.flush(DEADLINE));
    let [arrived] = sink.check_ins().try_into().unwrap();
    assert_eq!((&arrived["release"], &arrived["check_in_id"]), (&"changed".into(), &id.to_string().into()));
    assert_eq!(
        sink.client_reports()[0]["discarded_events"],
        serde_json::json!([{"reason": "before_send", "category": "monitor", "quantity": 1}])
    );
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.dropped.before_send, stats.dropped.total(), stats.sent), (1, 1, 1));
}

#[test]
fn a_hook_that_panics_costs_its_check_in_and_nothing_else() {
    let _one = one_at_a_time();
    let sink = up();
    let crons = crons::init(options(&sink).before_send_check_in(|check_in| {
        assert_ne!(check_in.monitor_slug.as_str(), "bad");
        Some(check_in)
    }));
    capture_check_in(CheckIn::ok(Slug::parse("bad").unwrap()));
    capture_check_in(CheckIn::ok(Slug::parse("good").unwrap()));
    assert!(crons.flush(DEADLINE));
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.dropped.internal, stats.sent), (1, 1));
}

#[test]
fn of_ten_check_ins_as_many_arrive_as_the_limit_allows() {
    let _one = one_at_a_time();
    for (limit, sent) in [(MaxCheckIns::from(6), 6), (2.into(), 2), (MaxCheckIns::Unlimited, 10)] {
        let sink = up();
        let crons = crons::init(options(&sink).max_check_ins_per_minute(limit));
        for _ in 0..10 {
            capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
        }
        assert!(crons.flush(DEADLINE));
        let stats = crons.close(DEADLINE);
        assert_eq!(
            (sink.check_ins().len(), stats.sent, stats.dropped.throttled),
            (sent, sent as u64, 10 - sent as u64)
        );
    }
}

#[test]
fn what_the_server_says_about_its_limit_is_heard_with_a_200_too() {
    let _one = one_at_a_time();
    let sink =
        Sink::start(|_| Behaviour::AnswerWith(200, "X-Sentry-Rate-Limits: 60:monitor:organization\r\n"));
    let crons = crons::init(options(&sink));
    capture_check_in(CheckIn::ok(Slug::parse("first").unwrap()));
    assert!(crons.flush(DEADLINE));
    assert!(crons::stats().limited_until.is_some());
    capture_check_in(CheckIn::ok(Slug::parse("second").unwrap()));
    assert!(crons.flush(DEADLINE));
    assert_eq!((sink.check_ins().len(), crons.close(DEADLINE).dropped.rate_limited), (1, 1));
}

#[test]
fn a_run_within_the_coalescing_time_is_one_request() {
    let _one = one_at_a_time();
    let sink = up();
    let crons = crons::init(options(&sink).coalesce(DEADLINE));
    monitor("quick").run(|| ());
    assert!(crons.flush(DEADLINE));
    let [arrived] = sink.check_ins().try_into().unwrap();
    assert_eq!(arrived["status"], "ok");
    assert!(arrived["duration"].as_f64().unwrap() > 0.0);
    let slow = monitor("slow").start();
    assert!(crons.flush(DEADLINE), "a flush waits for no grace");
    slow.ok();
    assert!(crons.close(DEADLINE).all_delivered());
    assert_eq!(statuses(&sink.check_ins(), "slow"), ["in_progress", "ok"]);
}

#[test]
fn a_heartbeat_is_one_check_in_at_the_end() {
    let _one = one_at_a_time();
    let sink = up();
    let crons = crons::init(options(&sink));
    let run = monitor("beat").heartbeat().start();
    std::thread::sleep(Duration::from_millis(2));
    run.error();
    assert!(crons.close(DEADLINE).all_delivered());
    let [arrived] = sink.check_ins().try_into().unwrap();
    assert_eq!(arrived["status"], "error");
    assert!(arrived["duration"].as_f64().unwrap() > 0.0);
}

#[test]
fn each_run_is_a_trace_and_a_check_in_by_hand_is_none() {
    let _one = one_at_a_time();
    let sink = up();
    let crons = crons::init(options(&sink).coalesce(DEADLINE));
    let traces: Vec<String> = (0..2)
        .map(|_| {
            let run = monitor("job").start();
            let trace = run.trace_id();
            run.ok();
            trace
        })
        .collect();
    capture_check_in(CheckIn::ok(Slug::parse("by-hand").unwrap()));
    assert!(crons.flush(DEADLINE));
    assert_ne!(traces[0], traces[1]);
    let mut arrived: Vec<String> = sink
        .check_ins()
        .iter()
        .filter_map(|check_in| Some(check_in["contexts"]["trace"]["trace_id"].as_str()?.to_owned()))
        .collect();
    arrived.sort_unstable();
    let mut expected = traces;
    expected.sort_unstable();
    assert_eq!(arrived, expected);
}

#[test]
fn before_send_sees_a_check_in_once_however_often_it_is_sent() {
    let _one = one_at_a_time();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hook = {
        let seen = std::sync::Arc::clone(&seen);
        move |check_in: CheckIn| {
            let mut seen = seen.lock().unwrap();
            seen.push(check_in.status);
            Some(check_in.release(format!("seen-{}", seen.len())))
        }
    };
    // The server hangs up at two attempts, of the start as well as of the end.
    let sink = Sink::start(|number| if number % 3 < 2 { Behaviour::HangUp } else { Behaviour::Answer(200) });
    let crons = crons::init(options(&sink).before_send_check_in(hook));
    let run = monitor("job").start();
    sink.wait_for(3);
    while crons::stats().sent == 0 {
        std::thread::yield_now();
    }
    run.ok();
    sink.wait_for(6);
    assert!(crons.close(DEADLINE).all_delivered());
    assert_eq!(*seen.lock().unwrap(), [crons::CheckInStatus::InProgress, crons::CheckInStatus::Ok]);
    let releases: Vec<_> = sink.check_ins().iter().map(|check_in| check_in["release"].clone()).collect();
    assert_eq!(releases, ["seen-1", "seen-1", "seen-1", "seen-2", "seen-2", "seen-2"]);
}
