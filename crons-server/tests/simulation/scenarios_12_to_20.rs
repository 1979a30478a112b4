//! Tests of the compatibility scenarios of Sentry's behaviour, part A, from 12 on; the URL form (21) is in `tests/server/scenarios.rs`.

use crate::dsl::*;
use serde_json::json;

#[test]
fn a12_an_error_opens_and_an_ok_resolves() {
    proves(
        &[("10:00", error("a")), ("11:00", ok("b"))],
        "a error 10:00
         b ok 11:00 expected 11:00
         = ok, last 11:00, next 12:00, latest 12:01
         ! 10:00 a -> 11:00 b
         > 10:00 a An error check-in was detected",
    );
}

#[test]
fn a13_three_failures_after_a_success_open_with_an_occurrence_for_each() {
    let three = json!({"failure_issue_threshold": 3});
    let run = |time, event: Event| (time, event.set(three.clone()));
    let timeline = [
        run("10:00", ok("a")),
        run("11:00", error("b")),
        run("12:00", error("c")),
        run("13:00", error("d")),
        run("14:00", error("e")),
    ];
    proves(
        &timeline[..3],
        "a ok 10:00
         b error 11:00 expected 11:00
         c error 12:00 expected 12:00
         = ok, last 12:00, next 13:00, latest 13:01",
    );
    proves(
        &timeline,
        "a ok 10:00
         b error 11:00 expected 11:00
         c error 12:00 expected 12:00
         d error 13:00 expected 13:00
         e error 14:00 expected 14:00
         = error, last 14:00, next 15:00, latest 15:01
         ! 11:00 b
         > 13:00 b 3 error check-ins detected
         > 13:00 c 3 error check-ins detected
         > 13:00 d 3 error check-ins detected
         > 14:00 e An error check-in was detected",
    );
}

#[test]
fn a14_an_incident_resolves_at_the_second_success_of_two() {
    let two = json!({"recovery_threshold": 2});
    let run = |time, event: Event| (time, event.set(two.clone()));
    let timeline = [run("10:00", error("a")), run("11:00", ok("b")), run("12:00", ok("c"))];
    proves(
        &timeline[..2],
        "a error 10:00
         b ok 11:00 expected 11:00
         = error, last 11:00, next 12:00, latest 12:01
         ! 10:00 a
         > 10:00 a An error check-in was detected",
    );
    proves(
        &timeline,
        "a error 10:00
         b ok 11:00 expected 11:00
         c ok 12:00 expected 12:00
         = ok, last 12:00, next 13:00, latest 13:01
         ! 10:00 a -> 12:00 c
         > 10:00 a An error check-in was detected",
    );
}

#[test]
fn a15_a_second_end_is_refused_and_changes_nothing() {
    proves(
        &[("10:00:10", ok("a").with("duration", 1)), ("10:00:20", error("a"))],
        "a ok 10:00:10 1000ms
         = ok, last 10:00:10, next 11:00, latest 11:01
         ? 10:00:20 invalid finished CHECKIN_FINISHED",
    );
}

#[test]
fn a16_an_end_that_arrives_before_its_begin_wins_and_the_begin_fills_in_the_rest() {
    proves(
        &[("10:00:08", ok("a")), ("10:00:10", in_progress("a"))],
        "a ok 10:00:08 2000ms begun 10:00:10
         = ok, last 10:00:08, next 11:00, latest 11:01",
    );
}

#[test]
fn a17_the_seventh_check_in_of_a_minute_is_one_too_many() {
    let seconds: Vec<String> = (0..8).map(|second| format!("10:00:0{second}")).collect();
    let mut timeline: Vec<(&str, Event)> =
        seconds.iter().map(|second| (second.as_str(), ok(&format!("r{second}")))).collect();
    timeline.push(("10:00:08", ok("d").at("dev")));
    timeline.push(("10:01", ok("m")));
    let report = report(&timeline, EVERY, LIMIT);
    let stored: Vec<&str> = report["check_ins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["date_added"].as_str().unwrap())
        .collect();
    let expected = ["00:00", "00:01", "00:02", "00:03", "00:04", "00:05", "00:08", "01:00"];
    assert_eq!(stored, expected.map(|time| format!("2024-06-03T10:{time}Z")));
    assert_eq!(
        only(&report, &['?']),
        ["06", "07"].map(|second| format!(
            "? 10:00:{second} rate_limited rate_limited MONITOR_ENVIRONMENT_RATELIMITED"
        ))
    );
}

#[test]
fn a18_unknown_and_invalid_monitors() {
    let not_found = "? 10:00 invalid invalid_monitor MONITOR_NOT_FOUND";
    for stranger in [ok("a"), error("a"), in_progress("a")] {
        proves(&[("10:00", stranger.clone().bare())], not_found);
        proves(&[("10:00", stranger.clone().bare()), ("10:05", tick())], not_found);
        let invalid = "? 10:00 invalid invalid_monitor MONITOR_INVALID_CONFIG MONITOR_NOT_FOUND";
        proves(&[("10:00", stranger.crontab("13 * * * * *"))], invalid);
    }
    proves(
        &[("10:00", ok("a")), ("11:00", ok("b").crontab("13 * * * * *").set(json!({"checkin_margin": 9})))],
        "a ok 10:00
         b ok 11:00 expected 11:00
         = ok, last 11:00, next 12:00, latest 12:01
         ? 11:00 accepted MONITOR_INVALID_CONFIG",
    );
}

#[test]
fn a19_an_upsert_keeps_what_it_does_not_name() {
    proves(
        &[
            ("10:00", ok("a").set(json!({"checkin_margin": 5, "max_runtime": 7}))),
            ("10:00:01", ok("b").crontab("13 * * * *")),
            ("10:00:02", in_progress("c").bare()),
        ],
        "a ok 10:00
         b ok 10:00:01 expected 11:00
         c in_progress 10:00:02 expected 10:13 timeout 10:07 begun 10:00:02
         = ok, last 10:00:02, next 10:13, latest 10:18",
    );
}

#[test]
fn a20_the_end_of_a_run_in_another_environment_is_refused_but_the_environment_is_made() {
    proves(
        &[("10:00", in_progress("a")), ("10:00:01", ok("a").at("test"))],
        "a in_progress 10:00 timeout 10:30 begun 10:00
         = active, last 10:00, next 11:00, latest 11:01
         = active @test
         ? 10:00:01 invalid monitor_environment_mismatch CHECKIN_ENVIRONMENT_MISMATCH",
    );
}
