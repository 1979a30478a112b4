//! Tests of short restarts, which excuse little, and of clocks that are set.

use crate::harness::{Harness, api, check_in, hourly, id, with};
use serde_json::{Value, json};

fn outages(server: &Harness) -> Vec<(Value, Value)> {
    let listed = server.api("/outages/");
    let times = |outage: &Value| (outage["since"].clone(), outage["until"].clone());
    listed.as_array().unwrap().iter().map(times).collect()
}

/// A check-in of the monitor `slug`.
fn of(slug: &str, mut check_in: Value) -> Value {
    check_in["monitor_slug"] = json!(slug);
    check_in
}

#[derive(Debug, PartialEq)]
enum End {
    /// The server stops in an orderly way.
    Stop,
    Kill,
}

#[test]
fn a_short_restart_excuses_neither_a_run_that_hangs_for_hours_nor_a_miss_of_another_minute() {
    for (end, from, until) in [
        (End::Stop, "10:29:40", "10:29:50"),
        (End::Stop, "10:29:40", "10:30:20"),
        (End::Kill, "10:29:58", "10:30:02"),
        (End::Kill, "10:30:01", "10:30:06"),
        (End::Kill, "10:29:30", "10:30:05"),
    ] {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:05", &check_in(&id('a'), "ok"));
        server.send(
            "10:00:06",
            &of("slow", with(&id('b'), "in_progress", &hourly(&json!({"max_runtime": 120})))),
        );
        server.advance(from);
        // A check-in arrives, by which the server knows that it is receiving.
        server.send_now(&of("other", check_in(&id('c'), "ok")));
        if end == End::Kill {
            server.kill();
        }
        server.start(until);
        server.advance("12:00:00");
        assert_eq!(server.statuses("job"), ["ok", "missed"], "{end:?} {from} {until}");
        assert_eq!(server.statuses("slow")[0], "timeout", "{end:?} {from} {until}");
    }
}

#[test]
fn a_short_restart_excuses_what_was_due_in_it() {
    // The columns are the margin, the stop and the start of the server, and the status of the run that was due.
    for (margin, from, until, expected) in [
        // The deadline is within the outage.
        (1, "11:00:50", "11:01:10", "unknown"),
        // The deadline is outside, but a punctual report was not received.
        (10, "11:00:10", "11:00:40", "unknown"),
        (1, "10:59:50", "11:00:05", "unknown"),
        // The job had its time before the outage or after it.
        (10, "11:05:10", "11:05:40", "missed"),
        (10, "10:59:10", "10:59:40", "missed"),
        (1, "11:01:10", "11:01:40", "missed"),
        // The outage begins with the deadline, or ends with the expected time.
        (1, "11:01:00", "11:01:30", "missed"),
        (1, "10:59:30", "11:00:00", "missed"),
    ] {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:05", &with(&id('a'), "ok", &hourly(&json!({"checkin_margin": margin}))));
        server.advance(from);
        server.send_now(&of("other", check_in(&id('c'), "ok")));
        server.start(until);
        server.advance("11:12:00");
        assert_eq!(server.statuses("job"), ["ok", expected], "margin {margin}, away from {from} to {until}");
    }
}

#[test]
fn a_run_of_a_short_timeout_is_excused_if_its_deadline_was_in_a_short_restart() {
    for (from, until, expected) in [
        ("10:04:50", "10:05:10", "unknown"),
        ("10:04:10", "10:04:50", "timeout"),
        ("10:03:50", "10:04:10", "timeout"),
    ] {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:00", &with(&id('a'), "in_progress", &hourly(&json!({"max_runtime": 5}))));
        server.advance(from);
        server.start(until);
        server.advance("10:06:00");
        assert_eq!(server.statuses("job"), [expected], "away from {from} to {until}");
    }
}

#[test]
fn an_outage_is_remembered_over_further_restarts_for_as_long_as_a_margin_lasts() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:05", &with(&id('a'), "ok", &hourly(&json!({"checkin_margin": 180}))));
    server.advance("10:50:00");
    server.start("11:10:00");
    server.advance("11:30:00");
    server.start("11:30:05");
    server.advance("12:30:00");
    server.kill();
    server.start("12:30:05");
    let listed = outages(&server);
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert_eq!(listed[0], (api("10:50:00"), api("11:10:00")));
    server.advance("13:59:59");
    assert_eq!(server.statuses("job"), ["ok"]);
    server.advance("14:00:00");
    assert_eq!(server.statuses("job"), ["ok", "unknown"]);
}

#[test]
fn a_sleep_of_a_bit_more_than_a_minute_is_noticed() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    server.advance("11:00:00");
    server.send("11:00:30", &of("other", check_in(&id('b'), "ok")));
    server.set_clock("11:01:40");
    server.send_now(&of("other", check_in(&id('c'), "ok")));
    assert_eq!(outages(&server), [(api("11:00:30"), api("11:01:40"))]);
    server.advance("11:02:00");
    assert_eq!(server.statuses("job"), ["ok", "unknown"]);
}

#[test]
fn on_a_clock_that_was_set_back_time_stands_still_and_nothing_is_judged_twice() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    server.send("10:00:06", &of("slow", with(&id('b'), "in_progress", &hourly(&json!({"max_runtime": 5})))));
    server.advance("11:01:30");
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
    server.set_clock("10:00:00");
    server.send_now(&of("other", check_in(&id('c'), "ok")));
    server.advance("11:01:00");
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
    assert_eq!(server.statuses("slow").iter().filter(|status| *status == "timeout").count(), 1);
    assert_eq!(
        server.check_ins("other")[0]["dateAdded"],
        api("11:01:00"),
        "the last time that something was heard"
    );
    assert_eq!(outages(&server), []);
    server.advance("12:01:00");
    assert_eq!(server.statuses("job"), ["ok", "missed", "missed"], "it goes on where it was");
}

#[test]
fn a_server_that_starts_on_a_clock_behind_its_own_past_judges_nothing_twice() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    server.advance("11:01:30");
    server.start("10:30:00");
    server.advance("10:59:00");
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
    assert_eq!(outages(&server), []);
    let environment = server.environment("job");
    assert_eq!((&environment["nextCheckIn"], &environment["status"]), (&api("12:00:00"), &json!("error")));
    server.send_now(&check_in(&id('b'), "ok"));
    let environment = server.environment("job");
    assert_eq!(environment["lastCheckIn"], api("10:59:00"));
    assert_eq!(environment["status"], "ok");
}
