//! Tests that deadlines move with the configuration that a person changes.

use serde_json::json;

use crate::harness::{Harness, api, check_in, id};
use crate::requests::put;

#[test]
fn a_new_margin_moves_the_deadline_of_the_expected_run() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    assert_eq!(server.environment("job")["nextCheckInLatest"], api("11:01:00"));
    put(&server, "job", &json!({"config": {"checkin_margin": 30}}));
    let environment = server.environment("job");
    assert_eq!(environment["nextCheckIn"], api("11:00:00"));
    assert_eq!(environment["nextCheckInLatest"], api("11:30:00"));
    server.advance("11:29:00");
    assert_eq!(server.statuses("job"), ["ok"]);
    server.advance("11:30:00");
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
}

#[test]
fn a_new_schedule_expects_its_next_run_from_now_on() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    // The environment was created by a run that belongs to another one, so it has no times.
    let mut elsewhere = check_in(&id('a'), "ok");
    elsewhere["environment"] = json!("staging");
    server.send("10:00:06", &elsewhere);
    server.advance("10:10:30");
    let changed = put(&server, "job", &json!({"config": {"schedule": "*/20 * * * *"}})).body;
    assert_eq!(changed["environments"].as_array().unwrap().len(), 2);
    for environment in changed["environments"].as_array().unwrap() {
        assert_eq!(environment["nextCheckIn"], api("10:20:00"), "{environment}");
        assert_eq!(environment["nextCheckInLatest"], api("10:21:00"), "{environment}");
        let last = if environment["name"] == "staging" { "10:10:30" } else { "10:00:05" };
        assert_eq!(environment["lastCheckIn"], api(last), "{environment}");
    }
    put(&server, "job", &json!({"config": {"timezone": "Asia/Kathmandu", "schedule": "0 16 * * *"}}));
    assert_eq!(server.environment("job")["nextCheckIn"], api("10:15:00"), "a quarter to six ahead of UTC");
}

#[test]
fn a_new_maximum_runtime_moves_the_deadlines_of_open_runs() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "in_progress"));
    server.send("10:10:05", &check_in(&id('b'), "in_progress"));
    // The run is kept alive: its deadline counts from here on.
    server.send("10:20:05", &check_in(&id('a'), "in_progress"));
    put(&server, "job", &json!({"config": {"max_runtime": 15}}));
    server.advance("10:24:00");
    assert_eq!(server.statuses("job"), ["in_progress", "in_progress"]);
    server.advance("10:25:00");
    assert_eq!(server.statuses("job"), ["in_progress", "timeout"]);
    server.advance("10:34:00");
    assert_eq!(server.statuses("job"), ["in_progress", "timeout"]);
    server.advance("10:35:00");
    assert_eq!(server.statuses("job"), ["timeout", "timeout"]);
}
