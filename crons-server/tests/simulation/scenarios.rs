//! The compatibility scenarios of Sentry's behaviour, part A; the URL form (21) is in `tests/scenarios.rs`.

use crate::dsl::*;
use serde_json::json;

#[test]
fn a1_happy_pair() {
    proves(
        &[("10:00:05", in_progress("a")), ("10:04:35", ok("a"))],
        "a ok 10:00:05 270000ms begun 10:00:05
         = ok, last 10:00:05, next 11:00, latest 11:01",
    );
}

#[test]
fn a2_miss_with_the_default_margin() {
    let before = [("10:00:05", ok("a")), ("11:00", tick())];
    proves(&before, "a ok 10:00:05\n= ok, last 10:00:05, next 11:00, latest 11:01");
    proves(
        &[("10:00:05", ok("a")), ("11:00", tick()), ("11:01", tick())],
        "a ok 10:00:05
         #1 missed 11:00 expected 11:00
         = error, last 10:00:05, next 12:00, latest 12:01
         ! 11:00 #1
         > 11:01 #1 A missed check-in was detected",
    );
}

#[test]
fn a3_a_late_run_after_a_miss_is_a_check_in_of_its_own_and_resolves() {
    proves(
        &[("10:00:05", ok("a")), ("11:02:30", ok("b"))],
        "a ok 10:00:05
         #1 missed 11:00 expected 11:00
         b ok 11:02:30 expected 12:00
         = ok, last 11:02:30, next 12:00, latest 12:01
         ! 11:00 #1 -> 11:02:30 b
         > 11:01 #1 A missed check-in was detected",
    );
}

#[test]
fn a4_margin() {
    let start = ("10:00:05", ok("a").set(json!({"checkin_margin": 10})));
    proves(
        &[start.clone(), ("11:09", tick())],
        "a ok 10:00:05\n= ok, last 10:00:05, next 11:00, latest 11:10",
    );
    proves(
        &[start, ("11:10", tick())],
        "a ok 10:00:05
         #1 missed 11:00 expected 11:00
         = error, last 10:00:05, next 12:00, latest 12:10
         ! 11:00 #1
         > 11:10 #1 A missed check-in was detected",
    );
}

#[test]
fn a5_margins_and_runtimes_beyond_the_limits_are_cut() {
    for (margin, latest) in [(0, "11:01"), (100_000, "2024-07-01T11:00")] {
        proves(
            &[("10:00:05", ok("a").set(json!({"checkin_margin": margin})))],
            &format!("a ok 10:00:05\n= ok, last 10:00:05, next 11:00, latest {latest}"),
        );
    }
    proves(
        &[("10:00:05", in_progress("a").set(json!({"max_runtime": 20_160})))],
        "a in_progress 10:00:05 timeout 2024-06-10T10:00 begun 10:00:05
         = active, last 10:00:05, next 11:00, latest 11:01",
    );
}

#[test]
fn a6_default_timeout() {
    let start = ("10:00:45", in_progress("a"));
    proves(
        &[start.clone(), ("10:29", tick())],
        "a in_progress 10:00:45 timeout 10:30 begun 10:00:45
         = active, last 10:00:45, next 11:00, latest 11:01",
    );
    proves(
        &[start, ("10:30", tick())],
        "a timeout 10:00:45 timeout 10:30 begun 10:00:45
         = error, last 10:00:45, next 11:00, latest 11:01
         ! 10:00:45 a
         > 10:30 a A timeout check-in was detected",
    );
}

#[test]
fn a7_a_late_ok_after_a_timeout_only_adds_the_duration() {
    proves(
        &[("10:00:45", in_progress("a")), ("10:40:45", ok("a"))],
        "a timeout 10:00:45 2400000ms begun 10:00:45
         = error, last 10:00:45, next 11:00, latest 11:01
         ! 10:00:45 a
         > 10:30 a A timeout check-in was detected",
    );
}

#[test]
fn a8_the_next_ok_resolves() {
    proves(
        &[("10:00:45", in_progress("a")), ("10:40:45", ok("a")), ("11:00:10", ok("b"))],
        "a timeout 10:00:45 2400000ms begun 10:00:45
         b ok 11:00:10 expected 11:00
         = ok, last 11:00:10, next 12:00, latest 12:01
         ! 10:00:45 a -> 11:00:10 b
         > 10:30 a A timeout check-in was detected",
    );
}

#[test]
fn a9_the_nil_id_ends_the_run_that_is_open() {
    proves(
        &[("10:00", in_progress(NIL)), ("10:05", ok(NIL))],
        "#1 ok 10:00 300000ms begun 10:00
         = ok, last 10:00, next 11:00, latest 11:01",
    );
}

#[test]
fn a10_the_nil_id_after_a_timeout_is_a_run_of_its_own() {
    let short = json!({"max_runtime": 5});
    proves(
        &[("10:00", in_progress(NIL).set(short.clone())), ("10:05", tick()), ("10:06", ok(NIL).set(short))],
        "#1 timeout 10:00 timeout 10:05 begun 10:00
         #2 ok 10:06 expected 11:00
         = ok, last 10:06, next 11:00, latest 11:01
         ! 10:00 #1 -> 10:06 #2
         > 10:05 #1 A timeout check-in was detected",
    );
}

#[test]
fn a11_a_run_that_says_it_is_alive_is_not_timed_out_and_its_duration_is_the_whole() {
    let short = json!({"max_runtime": 5});
    let alive =
        [("10:00:30", in_progress("a").set(short.clone())), ("10:04:10", in_progress("a").set(short))];
    proves(
        &[alive[0].clone(), alive[1].clone(), ("10:05", tick())],
        "a in_progress 10:00:30 timeout 10:09 begun 10:00:30
         = active, last 10:00:30, next 11:00, latest 11:01",
    );
    proves(
        &[alive[0].clone(), alive[1].clone(), ("10:08:20", ok("a").bare())],
        "a ok 10:00:30 470000ms begun 10:00:30
         = ok, last 10:00:30, next 11:00, latest 11:01",
    );
}

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
         = ok, last 11:00, next 12:00, latest 12:01",
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
