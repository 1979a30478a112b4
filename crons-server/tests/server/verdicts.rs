//! Tests of the server's verdicts beyond Sentry's own scenarios: deferred ends, several minutes at once, restarts, pages.

use crate::harness::{Harness, KEY, NIL, api, check_in, hourly, id, with};
use serde_json::{Value, json};

/// Returns the end of a run whose start, and with it the configuration, is still on its way.
fn bare_end(letter: char) -> Value {
    json!({"check_in_id": id(letter), "monitor_slug": "job", "status": "ok", "duration": 2.5})
}

#[test]
fn the_end_of_a_run_of_an_unknown_monitor_waits_for_its_begin() {
    let server = Harness::at("10:00:00");
    let answer = server.send("10:00:01", &bare_end('a'));
    assert_eq!((answer.status, answer.body.get("discarded")), (200, None));
    assert_eq!(server.monitor("job")["slug"], Value::Null);
    server.send("10:00:02", &check_in(&id('a'), "in_progress"));
    let [row] = server.check_ins("job").try_into().unwrap();
    assert_eq!((&row["status"], &row["duration"]), (&json!("ok"), &json!(2_500)));
    assert_eq!(server.environment("job")["status"], "ok");
}

#[test]
fn a_held_end_survives_a_restart() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:01", &bare_end('a'));
    server.start("10:00:20");
    server.send("10:00:21", &check_in(&id('a'), "in_progress"));
    assert_eq!(server.statuses("job"), ["ok"]);
}

#[test]
fn a_held_end_that_nobody_explains_within_a_minute_is_refused() {
    let server = Harness::at("10:00:00");
    server.send("10:00:01", &bare_end('a'));
    server.advance("10:02:00");
    server.send("10:02:01", &check_in(&id('b'), "in_progress"));
    assert_eq!(server.statuses("job"), ["in_progress"]);
}

#[test]
fn the_end_of_a_run_whose_start_was_refused_is_answered_at_once() {
    let server = Harness::at("10:00:00");
    let start = with(&id('a'), "in_progress", &hourly(&json!({"timezone": "Mars/Olympus"})));
    assert!(server.send("10:00:00", &start).error.unwrap().contains("Mars/Olympus"));
    let answer = server.send("10:00:01", &bare_end('a'));
    let error = answer.error.unwrap();
    assert!(error.contains("Mars/Olympus") && error.contains("the start of this run was refused"), "{error}");
    assert_eq!(answer.body["discarded"].as_array().unwrap().len(), 2);
    // The requests are those of a script of two lines.
    for (status, expected) in [("in_progress", "MONITOR_NOT_FOUND"), ("ok", "MONITOR_NOT_FOUND")] {
        let answer = server.get(&format!("/api/1/cron/script/{KEY}/?status={status}"));
        assert_eq!(answer.status, 202);
        assert!(answer.error.unwrap().starts_with(expected), "{status}");
    }
}

#[test]
fn several_held_ends_are_taken_in_order_of_arrival() {
    let server = Harness::at("10:00:00");
    for letter in ['a', 'b', 'c'] {
        server.send("10:00:01", &bare_end(letter));
    }
    server.send("10:00:02", &check_in(&id('b'), "in_progress"));
    assert_eq!(server.statuses("job"), ["ok", "ok", "ok"]);
}

#[test]
fn a_held_failure_moves_the_expectation_on_and_causes_no_miss() {
    let server = Harness::at("10:59:00");
    let mut failure = bare_end('a');
    failure["status"] = json!("error");
    server.send("10:59:59", &failure);
    server.send("11:00:01", &check_in(&id('a'), "in_progress"));
    assert_eq!(server.environment("job")["nextCheckIn"], api("12:00:00"));
    server.advance("11:02:00");
    assert_eq!(server.statuses("job"), ["error"]);
}

#[test]
fn held_ends_are_taken_once_their_monitor_is_made_whatever_becomes_of_the_report_that_made_it() {
    let server = Harness::at("10:00:00");
    server.send("10:00:01", &bare_end('a'));
    let mut refused = check_in(&id('b'), "in_progress");
    refused["environment"] = json!("a/b");
    server.send("10:00:02", &refused);
    server.send("10:00:03", &check_in(&id('a'), "in_progress"));
    assert_eq!(server.statuses("job"), ["ok"]);
}

#[test]
fn a_held_end_without_an_id_ends_no_run_that_began_after_it() {
    let server = Harness::at("10:00:00");
    server.send("10:00:01", &json!({"monitor_slug": "job", "status": "ok"}));
    server.send("10:00:40", &check_in(NIL, "in_progress"));
    assert_eq!(server.statuses("job"), ["ok", "in_progress"]);
}

#[test]
fn a_begin_that_arrives_twice_hides_no_miss() {
    let server = Harness::at("10:00:00");
    let hourly = json!({"schedule": {"type": "interval", "value": 1, "unit": "hour"}});
    server.send("10:00:00", &with(&id('a'), "in_progress", &hourly));
    server.send("10:01:00", &with(&id('a'), "ok", &hourly));
    server.send("11:00:00", &with(&id('b'), "ok", &hourly));
    server.send("11:59:00", &with(&id('a'), "in_progress", &hourly));
    assert_eq!(server.environment("job")["lastCheckIn"], api("11:00:00"));
    assert_eq!(server.environment("job")["nextCheckIn"], api("12:00:00"));
}

#[test]
fn any_slug_that_is_stored_can_be_read_back() {
    let server = Harness::at("10:00:00");
    let mut odd = check_in(NIL, "ok");
    odd["monitor_slug"] = json!(format!("{}a_bcd", "ﬃ".repeat(16)));
    assert_eq!(server.send("10:00:00", &odd).status, 200);
    server.send("10:00:00", &check_in(NIL, "ok"));
    let listed = server.get("/api/0/organizations/crons/monitors/");
    assert_eq!((listed.status, listed.body.as_array().map(Vec::len)), (200, Some(2)));
}

#[test]
fn many_timeouts_in_one_minute_are_all_judged() {
    let server = Harness::at("10:00:00");
    for number in 1..=300 {
        let mut begin = check_in(&format!("{number:032x}"), "in_progress");
        begin["monitor_slug"] = json!(format!("job-{number}"));
        server.send("10:00:00", &begin);
    }
    server.advance("10:30:00");
    let pages = [0, 100, 200].map(|skip| server.api(&format!("/monitors/?cursor=100:{skip}:0")));
    let monitors = pages.iter().flat_map(|page| page.as_array().unwrap());
    let failing = monitors.filter(|monitor| monitor["environments"][0]["status"] == "error");
    assert_eq!(failing.count(), 300);
}

#[test]
fn each_minute_that_was_skipped_is_judged() {
    let server = Harness::at("12:00:00");
    let every_minute = json!({"schedule": {"type": "crontab", "value": "* * * * *"}});
    server.send("12:00:00", &with(&id('a'), "ok", &every_minute));
    server.advance("12:04:30");
    assert_eq!(server.statuses("job"), ["ok", "missed", "missed", "missed"]);
    let expected: Vec<Value> =
        server.check_ins("job").iter().map(|row| row["expectedTime"].clone()).collect();
    assert_eq!(expected[1..], [api("12:01:00"), api("12:02:00"), api("12:03:00")]);
}

#[test]
fn the_next_slot_after_a_miss_is_the_one_after_the_last_that_has_passed() {
    // The columns are schedule, margin, last check-in, missed at, next expected: the table of the server's specification.
    let interval = json!({"type": "interval", "value": 10, "unit": "minute"});
    let crontab = |value: &str| json!({"type": "crontab", "value": value});
    for (schedule, margin, last, before, at, next) in [
        (crontab("0 * * * *"), 1, "10:00:05", "11:00:59", "11:01:00", "12:00:00"),
        (interval, 5, "10:00:45", "10:14:59", "10:15:00", "10:20:00"),
        (crontab("*/5 * * * *"), 10, "10:10:00", "10:24:59", "10:25:00", "10:25:00"),
    ] {
        let server = Harness::at("10:00:00");
        server.send(last, &with(&id('a'), "ok", &json!({"schedule": schedule, "checkin_margin": margin})));
        server.advance(before);
        assert_eq!(server.statuses("job"), ["ok"], "{schedule}");
        server.advance(at);
        assert_eq!(server.statuses("job"), ["ok", "missed"], "{schedule}");
        assert_eq!(server.environment("job")["nextCheckIn"], api(next), "{schedule}");
    }
}

#[test]
fn a_schedule_is_read_in_its_time_zone() {
    let server = Harness::at("00:00:00");
    let vienna = json!({"schedule": {"type": "crontab", "value": "0 9 * * *"}, "timezone": "Europe/Vienna"});
    server.send("00:00:00", &with(&id('a'), "ok", &vienna));
    assert_eq!(server.environment("job")["nextCheckIn"], api("07:00:00"));
}

#[test]
fn environments_of_a_monitor_are_judged_apart() {
    let server = Harness::at("10:00:00");
    let mut staging = check_in(&id('a'), "error");
    staging["environment"] = json!("staging");
    server.send("10:00:00", &staging);
    server.send("10:00:01", &check_in(&id('b'), "ok"));
    let monitor = server.monitor("job");
    let states: Vec<(Value, Value)> = monitor["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|environment| (environment["name"].clone(), environment["status"].clone()))
        .collect();
    assert_eq!(
        states,
        [(json!("staging"), json!("error")), (json!("production"), json!("ok"))],
        "failing ones first"
    );
}

#[test]
fn a_timeout_of_an_older_run_is_no_news_when_a_later_one_has_ended() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "in_progress"));
    server.send("10:10:00", &check_in(&id('b'), "ok"));
    server.advance("10:30:00");
    assert_eq!(server.statuses("job"), ["timeout", "ok"]);
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["activeIncident"]), (&json!("ok"), &Value::Null));
}

#[test]
fn what_was_stored_and_the_key_are_there_after_a_restart() {
    let mut server = Harness::at("10:00:00");
    server.send(
        "10:00:00",
        &with(&id('a'), "in_progress", &hourly(&json!({"max_runtime": 5, "owner": "team:ops"}))),
    );
    server.start("10:00:30");
    assert_eq!(server.monitor("job")["owner"]["id"], "ops");
    server.advance("10:05:00");
    assert_eq!(server.statuses("job"), ["timeout"]);
    assert_eq!(server.get(&format!("/api/1/cron/job/{KEY}/?status=ok")).status, 202);
}

#[test]
fn check_ins_are_listed_newest_first_by_page_and_environment() {
    let server = Harness::at("10:00:00");
    for letter in ['a', 'b', 'c'] {
        server.send("10:00:00", &check_in(&id(letter), "ok"));
    }
    let path = "/api/0/organizations/crons/monitors/job/checkins/";
    let ids = |query: &str| -> Vec<String> {
        let rows = server.get(&format!("{path}?{query}")).body;
        rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()[..1].to_owned()).collect()
    };
    assert_eq!(ids(""), ["c", "b", "a"]);
    assert_eq!(ids("per_page=2"), ["c", "b"]);
    assert_eq!(ids("per_page=2&cursor=2:2:0"), ["a"]);
    assert_eq!(ids("environment=staging"), [""; 0]);
    let response = server.agent.get(server.url(&format!("{path}?per_page=2"))).call().unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    assert!(link.contains("rel=\"next\"; results=\"true\"; cursor=\"2:2:0\""), "{link}");
    let filtered = server.agent.get(server.url(&format!("{path}?environment=a%26b"))).call().unwrap();
    let link = filtered.headers()["link"].to_str().unwrap();
    assert!(link.contains("&environment=a%26b&cursor="), "{link}");
}
