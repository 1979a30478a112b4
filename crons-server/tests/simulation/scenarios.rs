//! Tests of the compatibility scenarios of Sentry's behaviour, part A, up to 11.

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
            &format!(
                "a ok 10:00:05\n= ok, last 10:00:05, next 11:00, latest {latest}\n? 10:00:05 accepted CHECKIN_VALIDATION_FAILED"
            ),
        );
    }
    proves(
        &[("10:00:05", in_progress("a").set(json!({"max_runtime": 20_160})))],
        "a in_progress 10:00:05 timeout 2024-06-10T10:00 begun 10:00:05
         = active, last 10:00:05, next 11:00, latest 11:01
         ? 10:00:05 accepted CHECKIN_VALIDATION_FAILED",
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
