//! Tests of times in which the server was away, asleep, or on a clock that was set: runs that it could not receive are not missed.

use crate::harness::{Harness, api, check_in, hourly, id, with};
use serde_json::{Value, json};

fn outages(server: &Harness) -> Vec<(Value, Value)> {
    let listed = server.api("/outages/");
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|outage| (outage["since"].clone(), outage["until"].clone()))
        .collect()
}

fn every_minute(id: &str, status: &str) -> Value {
    with(id, status, &json!({"schedule": {"type": "crontab", "value": "* * * * *"}}))
}

fn incidents(server: &Harness) -> usize {
    server.api("/incidents/").as_array().unwrap().len()
}

/// The ways in which a server can go away.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// The server stops in an orderly way.
    Stop,
    Kill,
    /// The machine sleeps; the server goes on where it was.
    Sleep,
}

const ENDS: [End; 3] = [End::Stop, End::Kill, End::Sleep];

/// The server is away from where its clock stands until `until`.
fn away(server: &mut Harness, end: End, until: &str) {
    match end {
        End::Stop => server.stop(),
        End::Kill => server.kill(),
        End::Sleep => return server.set_clock(until),
    }
    server.start(until);
}

#[test]
fn the_first_start_ever_is_no_outage() {
    let server = Harness::at("10:00:00");
    assert_eq!(outages(&server), []);
    server.advance("10:05:00");
    assert_eq!(outages(&server), [], "and neither is a minute that is judged in its turn");
}

#[test]
fn what_was_due_while_nobody_could_be_heard_is_unknown_and_nobody_is_told() {
    for end in ENDS {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:05", &check_in(&id('a'), "ok"));
        server.advance("10:50:00");
        away(&mut server, end, "11:10:20");
        server.advance("11:12:00");
        assert_eq!(server.statuses("job"), ["ok", "unknown"], "{end:?}");
        let row = &server.check_ins("job")[1];
        assert_eq!(
            (&row["dateAdded"], &row["expectedTime"]),
            (&api("11:00:00"), &api("11:00:00")),
            "{end:?}"
        );
        let environment = server.environment("job");
        assert_eq!(
            (&environment["status"], &environment["activeIncident"]),
            (&json!("ok"), &Value::Null),
            "{end:?}"
        );
        assert_eq!(environment["lastCheckIn"], api("10:00:05"), "{end:?}");
        assert_eq!(environment["nextCheckIn"], api("12:00:00"), "the schedule goes on ({end:?})");
        assert_eq!(incidents(&server), 0, "{end:?}");
        let until = if end == End::Sleep { "11:11:00" } else { "11:10:20" };
        assert_eq!(outages(&server), [(api("10:50:00"), api(until))], "{end:?}");
        server.advance("12:01:00");
        assert_eq!(
            server.statuses("job"),
            ["ok", "unknown", "missed"],
            "what is due later is judged ({end:?})"
        );
        assert_eq!(incidents(&server), 1, "{end:?}");
    }
}

#[test]
fn whoever_was_failing_before_is_failing_after() {
    for end in ENDS {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:05", &check_in(&id('a'), "error"));
        away(&mut server, end, "11:10:00");
        server.advance("11:11:00");
        assert_eq!(server.statuses("job"), ["error", "unknown"], "{end:?}");
        let environment = server.environment("job");
        assert_eq!(environment["status"], "error", "{end:?}");
        assert_eq!(environment["activeIncident"]["startingTimestamp"], api("10:00:05"), "{end:?}");
        let incident = &server.api("/incidents/")[0];
        assert_eq!(incident["failures"], json!({"error": 1, "missed": 0, "timeout": 0}), "{end:?}");
    }
}

#[test]
fn of_all_slots_in_an_outage_one_is_noted() {
    for end in ENDS {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:00", &every_minute(&id('a'), "ok"));
        away(&mut server, end, "13:00:00");
        server.advance("13:02:00");
        let expected: Vec<Value> =
            server.check_ins("job").iter().map(|row| row["expectedTime"].clone()).collect();
        let statuses = server.statuses("job");
        assert_eq!(statuses[..2], ["ok", "unknown"], "{end:?}");
        assert_eq!(expected[1], api("10:01:00"), "{end:?}");
        assert!(statuses[2..].iter().all(|status| status == "missed"), "{end:?}: {statuses:?}");
        assert!(
            expected[2..].iter().all(|at| at.as_str() >= api("13:00:00").as_str()),
            "{end:?}: {expected:?}"
        );
    }
}

/// Sends a check-in of the monitor `slug`.
fn of(slug: &str, mut check_in: Value) -> Value {
    check_in["monitor_slug"] = json!(slug);
    check_in
}

#[test]
fn a_deadline_before_the_outage_is_judged_after_it() {
    for end in ENDS {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:05", &check_in(&id('a'), "ok"));
        server.send(
            "10:30:30",
            &of("slow", with(&id('b'), "in_progress", &hourly(&json!({"checkin_margin": 60})))),
        );
        server.advance("11:00:59");
        server.set_clock("11:01:00");
        away(&mut server, end, "11:20:00");
        server.advance("11:21:00");
        assert_eq!(server.statuses("slow"), ["timeout"], "11:00 was judged in its turn ({end:?})");
        // A server that ends in an orderly way at 11:01:00 has received everything until then; others were receiving until an earlier time.
        let expected = if end == End::Stop { "missed" } else { "unknown" };
        assert_eq!(server.statuses("job"), ["ok", expected], "{end:?}");
    }
}

#[test]
fn a_run_that_might_have_ended_in_the_outage_becomes_unknown_and_its_late_end_is_taken() {
    for (end, last) in ENDS.into_iter().zip(["ok", "error", "ok"]) {
        let mut server = Harness::at("10:00:00");
        let long = hourly(&json!({"max_runtime": 60, "checkin_margin": 300}));
        server.send("10:00:00", &with(&id('a'), "in_progress", &long));
        server.advance("10:50:00");
        away(&mut server, end, "11:10:00");
        server.advance("11:12:00");
        assert_eq!(server.statuses("job"), ["unknown"], "{end:?}");
        assert_eq!(
            (server.environment("job")["status"].clone(), incidents(&server)),
            (json!("active"), 0),
            "{end:?}"
        );
        server.send("11:30:00", &with(&id('a'), last, &long));
        let row = &server.check_ins("job")[0];
        assert_eq!((&row["status"], &row["duration"]), (&json!(last), &json!(5_400_000)), "{end:?}");
        assert_eq!(server.environment("job")["status"], last, "{end:?}");
    }
}

#[test]
fn a_run_that_is_unknown_can_still_report_that_it_is_alive_and_then_time_out() {
    let mut server = Harness::at("10:00:00");
    let long = hourly(&json!({"max_runtime": 60, "checkin_margin": 300}));
    server.send("10:00:00", &with(&id('a'), "in_progress", &long));
    away(&mut server, End::Stop, "11:10:00");
    server.advance("11:11:00");
    assert_eq!(server.statuses("job"), ["unknown"]);
    server.send("11:20:00", &with(&id('a'), "in_progress", &long));
    assert_eq!(server.statuses("job"), ["in_progress"]);
    server.advance("12:19:59");
    assert_eq!(server.statuses("job"), ["in_progress"]);
    server.advance("12:20:00");
    assert_eq!(server.statuses("job"), ["timeout"]);
    assert_eq!(incidents(&server), 1);
}

#[test]
fn outages_can_be_asked_for_from_some_time_on() {
    let mut server = Harness::at("10:00:00");
    for until in ["10:30:00", "11:00:00"] {
        away(&mut server, End::Stop, until);
    }
    assert_eq!(server.api("/outages/").as_array().unwrap().len(), 2);
    assert_eq!(server.api("/outages/?since=2024-06-03T10:30:00Z").as_array().unwrap().len(), 1);
    assert_eq!(server.api("/outages/?since=2024-06-03T11:00:00Z"), json!([]));
}

#[test]
fn a_check_in_that_comes_first_after_an_outage_comes_after_what_was_due_in_it() {
    for end in ENDS {
        let mut server = Harness::at("10:00:00");
        server.send("10:00:05", &check_in(&id('a'), "ok"));
        away(&mut server, end, "11:10:20");
        server.send_now(&check_in(&id('b'), "ok"));
        assert_eq!(server.statuses("job"), ["ok", "unknown", "ok"], "{end:?}");
        assert_eq!(server.check_ins("job")[2]["expectedTime"], api("12:00:00"), "{end:?}");
    }
}

#[test]
fn an_outage_that_was_found_while_the_clock_was_ahead_excuses_nothing() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:00", &every_minute(&id('a'), "ok"));
    server.set_clock("2024-06-20T10:00:00Z");
    server.send_now(&of("other", check_in(&id('b'), "ok")));
    assert_eq!(outages(&server).len(), 1);
    server.stop();
    server.start("10:05:00");
    server.send_now(&every_minute(&id('c'), "ok"));
    server.advance("10:07:30");
    let statuses = server.statuses("job");
    assert!(statuses.iter().any(|status| status == "missed"), "{statuses:?}");
    assert_eq!(incidents(&server), 1);
}
