//! Tests of the compatibility scenarios of Sentry's own behaviour, part A, each as a timeline: inputs, and the state after them.

use crate::harness::{Harness, NIL, api, api_id, check_in, hourly, id, with};
use serde_json::{Value, json};

#[test]
fn a1_happy_pair() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "in_progress"));
    server.send("10:04:35", &check_in(&id('a'), "ok"));
    let [row] = server.check_ins("job").try_into().unwrap();
    assert_eq!((&row["id"], &row["status"], &row["duration"]), (&api_id('a'), &json!("ok"), &json!(270_000)));
    assert_eq!(row["dateAdded"], api("10:00:05"));
    let environment = server.environment("job");
    assert_eq!(environment["status"], "ok");
    assert_eq!(environment["lastCheckIn"], api("10:00:05"));
    assert_eq!(environment["nextCheckIn"], api("11:00:00"));
    assert_eq!(environment["nextCheckInLatest"], api("11:01:00"));
    assert_eq!(environment["activeIncident"], Value::Null);
}

/// Plays scenario 2, on which others build.
fn missed() -> Harness {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    server.advance("11:00:59");
    assert_eq!(server.statuses("job"), ["ok"], "a run that is due now is not missed yet");
    server.advance("11:01:00");
    server
}

#[test]
fn a2_miss_with_the_default_margin() {
    let server = missed();
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
    let missed = &server.check_ins("job")[1];
    assert_eq!((&missed["dateAdded"], &missed["expectedTime"]), (&api("11:00:00"), &api("11:00:00")));
    assert_eq!(missed["duration"], Value::Null);
    let environment = server.environment("job");
    assert_eq!(environment["status"], "error");
    assert_eq!(environment["lastCheckIn"], api("10:00:05"));
    assert_eq!(environment["nextCheckIn"], api("12:00:00"));
    assert_eq!(environment["activeIncident"]["startingTimestamp"], api("11:00:00"));
}

#[test]
fn a3_a_late_run_after_a_miss_is_a_check_in_of_its_own_and_resolves() {
    let server = missed();
    server.send("11:02:30", &check_in(&id('b'), "ok"));
    assert_eq!(server.statuses("job"), ["ok", "missed", "ok"]);
    assert_eq!(server.check_ins("job")[2]["expectedTime"], api("12:00:00"));
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["activeIncident"]), (&json!("ok"), &Value::Null));
}

#[test]
fn a4_margin() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &with(&id('a'), "ok", &hourly(&json!({"checkin_margin": 10}))));
    server.advance("11:09:59");
    assert_eq!(server.statuses("job"), ["ok"]);
    server.advance("11:10:00");
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
    let environment = server.environment("job");
    assert_eq!(environment["nextCheckIn"], api("12:00:00"));
    assert_eq!(environment["nextCheckInLatest"], api("12:10:00"));
}

#[test]
fn a5_margins_and_runtimes_beyond_the_limits_are_cut() {
    let server = Harness::at("10:00:00");
    for (given, stored) in [
        (json!({"checkin_margin": 0}), json!({"checkin_margin": 1})),
        (json!({"checkin_margin": 100_000}), json!({"checkin_margin": 40_320})),
        (json!({"max_runtime": 20_160}), json!({"max_runtime": 10_080})),
    ] {
        server.send("10:00:05", &with(NIL, "ok", &hourly(&given)));
        let config = server.monitor("job")["config"].clone();
        let key = stored.as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(config[&key], stored[&key], "{given}");
    }
}

/// Plays scenario 6, on which others build.
fn timed_out() -> Harness {
    let server = Harness::at("10:00:00");
    server.send("10:00:45", &check_in(&id('a'), "in_progress"));
    server.advance("10:29:59");
    assert_eq!(server.statuses("job"), ["in_progress"]);
    server.advance("10:30:00");
    server
}

#[test]
fn a6_default_timeout() {
    let server = timed_out();
    assert_eq!(server.statuses("job"), ["timeout"]);
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["nextCheckIn"]), (&json!("error"), &api("11:00:00")));
    assert_eq!(environment["activeIncident"]["startingTimestamp"], api("10:00:45"));
}

#[test]
fn a7_a_late_ok_after_a_timeout_only_adds_the_duration() {
    let server = timed_out();
    server.send("10:40:45", &check_in(&id('a'), "ok"));
    let row = &server.check_ins("job")[0];
    assert_eq!((&row["status"], &row["duration"]), (&json!("timeout"), &json!(2_400_000)));
    let environment = server.environment("job");
    assert_eq!(environment["status"], "error");
    assert_ne!(environment["activeIncident"], Value::Null);
}

#[test]
fn a8_the_next_ok_resolves() {
    let server = timed_out();
    server.send("10:40:45", &check_in(&id('a'), "ok"));
    server.send("11:00:10", &check_in(&id('b'), "ok"));
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["activeIncident"]), (&json!("ok"), &Value::Null));
}

#[test]
fn a9_a_pair_with_the_nil_id_is_one_run() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(NIL, "in_progress"));
    server.send("10:05:00", &check_in(NIL, "ok"));
    let [row] = server.check_ins("job").try_into().unwrap();
    assert_eq!((&row["status"], &row["duration"]), (&json!("ok"), &json!(300_000)));
    assert_ne!(row["id"], "00000000-0000-0000-0000-000000000000");
}

#[test]
fn a10_the_nil_id_after_a_timeout_is_a_new_run() {
    let server = Harness::at("10:00:00");
    let config = hourly(&json!({"max_runtime": 5}));
    server.send("10:00:00", &with(NIL, "in_progress", &config));
    server.send("10:06:00", &with(NIL, "ok", &config));
    assert_eq!(server.statuses("job"), ["timeout", "ok"]);
    assert_eq!(server.environment("job")["activeIncident"], Value::Null);
}

#[test]
fn a11_a_keep_alive_moves_the_timeout_and_stores_no_duration() {
    let server = Harness::at("10:00:00");
    let config = hourly(&json!({"max_runtime": 5}));
    server.send("10:00:30", &with(&id('a'), "in_progress", &config));
    server.send("10:04:10", &with(&id('a'), "in_progress", &config));
    server.advance("10:08:00");
    assert_eq!(server.statuses("job"), ["in_progress"]);
    server.send("10:08:20", &with(&id('a'), "ok", &config));
    // The duration is that of the run, 470 s; Sentry would store the 220 s until the keep-alive.
    assert_eq!(server.check_ins("job")[0]["duration"], 470_000);
}

#[test]
fn a12_error_then_ok() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    assert_eq!(server.environment("job")["status"], "error");
    server.send("11:00:00", &check_in(&id('b'), "ok"));
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["activeIncident"]), (&json!("ok"), &Value::Null));
}

#[test]
fn a13_an_incident_opens_at_the_third_failure_of_three_and_starts_at_the_first() {
    let server = Harness::at("10:00:00");
    let config = hourly(&json!({"failure_issue_threshold": 3}));
    server.send("10:00:00", &with(&id('a'), "ok", &config));
    server.send("11:00:00", &with(&id('b'), "error", &config));
    server.send("12:00:00", &with(&id('c'), "error", &config));
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["activeIncident"]), (&json!("ok"), &Value::Null));
    assert_eq!(environment["nextCheckIn"], api("13:00:00"), "failures below the threshold move it on, too");
    server.send("13:00:00", &with(&id('d'), "error", &config));
    let environment = server.environment("job");
    assert_eq!(environment["status"], "error");
    assert_eq!(environment["activeIncident"]["startingTimestamp"], api("11:00:00"));
}

#[test]
fn a13_an_incident_never_opens_on_fewer_failures_than_the_threshold() {
    let server = Harness::at("10:00:00");
    let config = hourly(&json!({"failure_issue_threshold": 3}));
    // Sentry would open an incident here, at the very first check-in.
    server.send("10:00:00", &with(&id('a'), "error", &config));
    assert_eq!(server.environment("job")["activeIncident"], Value::Null);
}

#[test]
fn a14_an_incident_resolves_at_the_second_success_of_two() {
    let server = Harness::at("10:00:00");
    let config = hourly(&json!({"recovery_threshold": 2}));
    server.send("10:00:00", &with(&id('a'), "error", &config));
    server.send("11:00:00", &with(&id('b'), "ok", &config));
    assert_eq!(server.environment("job")["status"], "error");
    server.send("12:00:00", &with(&id('c'), "ok", &config));
    let environment = server.environment("job");
    assert_eq!((&environment["status"], &environment["activeIncident"]), (&json!("ok"), &Value::Null));
}

#[test]
fn a15_a_second_end_is_refused_and_changes_nothing() {
    let server = Harness::at("10:00:00");
    let mut end = check_in(&id('a'), "ok");
    end["duration"] = json!(1.0);
    server.send("10:00:10", &end);
    let answer = server.send("10:00:20", &check_in(&id('a'), "error"));
    assert_eq!(answer.status, 200);
    assert!(answer.body["discarded"][0].as_str().unwrap().starts_with("CHECKIN_FINISHED"), "{answer:?}");
    let row = &server.check_ins("job")[0];
    assert_eq!((&row["status"], &row["duration"]), (&json!("ok"), &json!(1_000)));
}

#[test]
fn a16_an_end_that_arrives_before_its_begin_wins_and_the_begin_fills_in_the_rest() {
    let server = Harness::at("10:00:00");
    server.send("10:00:08", &check_in(&id('a'), "ok"));
    server.send("10:00:10", &check_in(&id('a'), "in_progress"));
    let [row] = server.check_ins("job").try_into().unwrap();
    assert_eq!((&row["status"], &row["duration"]), (&json!("ok"), &json!(2_000)));
    assert_eq!(row["dateInProgress"], api("10:00:10"));
    assert_eq!(server.environment("job")["status"], "ok");
}

#[test]
fn a18_unknown_and_invalid_monitors() {
    let server = Harness::at("10:00:00");
    let mut stranger = check_in(&id('a'), "in_progress");
    stranger.as_object_mut().unwrap().remove("monitor_config");
    let answer = server.send("10:00:00", &stranger);
    assert!(answer.body["discarded"][0].as_str().unwrap().starts_with("MONITOR_NOT_FOUND"), "{answer:?}");

    let six_fields = json!({"schedule": {"type": "crontab", "value": "13 * * * * *"}});
    let answer = server.send("10:00:01", &with(&id('b'), "ok", &six_fields));
    let discarded: Vec<&str> =
        answer.body["discarded"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        discarded[0].starts_with("MONITOR_INVALID_CONFIG: monitor_config.schedule.value: crontab"),
        "{answer:?}"
    );
    assert!(discarded[1].starts_with("MONITOR_NOT_FOUND"), "{answer:?}");
    assert_eq!(server.get("/api/0/organizations/crons/monitors/").body, json!([]));

    server.send("10:00:02", &check_in(&id('c'), "ok"));
    let answer = server.send("10:00:03", &with(&id('d'), "ok", &six_fields));
    assert_eq!(answer.body.get("discarded"), None, "a known monitor takes it");
    assert_eq!(server.monitor("job")["config"]["schedule"], "0 * * * *");
    assert_eq!(server.statuses("job"), ["ok", "ok"]);
}

#[test]
fn a19_an_upsert_keeps_what_it_does_not_name() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &with(&id('a'), "ok", &hourly(&json!({"checkin_margin": 5, "max_runtime": 7}))));
    let only_schedule = json!({"schedule": {"type": "crontab", "value": "13 * * * *"}, "max_runtime": null});
    server.send("10:00:01", &with(&id('b'), "ok", &only_schedule));
    let monitor = server.monitor("job");
    assert_eq!(monitor["config"]["schedule"], "13 * * * *");
    assert_eq!(monitor["config"]["checkin_margin"], 5);
    assert_eq!(monitor["config"]["max_runtime"], Value::Null);
    assert_eq!(monitor["isUpserting"], true);
    server.send("10:00:02", &json!({"check_in_id": id('c'), "monitor_slug": "job", "status": "ok"}));
    assert_eq!(server.monitor("job")["isUpserting"], false);
}

#[test]
fn a20_the_end_of_a_run_in_another_environment_is_refused() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "in_progress"));
    let mut elsewhere = check_in(&id('a'), "ok");
    elsewhere["environment"] = json!("test");
    let answer = server.send("10:00:01", &elsewhere);
    let discarded = answer.body["discarded"][0].as_str().unwrap();
    assert!(discarded.starts_with("CHECKIN_ENVIRONMENT_MISMATCH"), "{discarded}");
    assert!(discarded.contains("environment `production`"), "{discarded}");
    assert_eq!(server.statuses("job"), ["in_progress"]);
    let names: Vec<Value> =
        server.monitor("job")["environments"].as_array().unwrap().iter().map(|e| e["name"].clone()).collect();
    assert_eq!(names, ["production", "test"]);
}

#[test]
fn a21_the_url_form() {
    let server = Harness::at("10:00:00");
    let key = crate::harness::KEY;
    let json = [("content-type", "application/json; charset=utf-8")];
    let config = json!({"schedule": {"type": "crontab", "value": "0 * * * *"}});
    let body = json!({"status": "ok", "monitor_slug": "another", "monitor_config": config}).to_string();
    let answer = server.post(&format!("/api/1/cron/job/{key}/?status=error"), &json, body.as_bytes());
    assert_eq!(
        (answer.status, answer.body),
        (202, json!("")),
        "with a JSON body the query string does not count"
    );
    assert_eq!(server.statuses("job"), ["ok"]);

    assert_eq!(server.get(&format!("/api/1/cron/job/{key}/?status=bogus")).status, 202);
    assert_eq!(server.statuses("job"), ["ok"]);
    assert_eq!(server.get(&format!("/api/1/cron/job/{key}/")).status, 400);

    for path in [
        format!("/api/1/cron/job/{key}/?status=in_progress"),
        format!("/api/1/cron/job/{key}?status=ok&duration=1.5&environment=production"),
        format!("/api/1/cron/job?sentry_key={key}&status=in_progress&check_in_id={}", id('b')),
        format!("/api/1/cron/job/?sentry_key={key}&status=error&check_in_id={}", id('b')),
    ] {
        let answer = server.get(&path);
        assert_eq!((answer.status, answer.body), (202, json!("")), "{path}");
    }
    assert_eq!(server.statuses("job"), ["ok", "ok", "error"]);
    assert_eq!(server.check_ins("job")[1]["duration"], 1_500);
}
