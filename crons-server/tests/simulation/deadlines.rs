//! Tests of deadlines: runs that never began, and runs that never ended.

use crate::dsl::*;
use serde_json::json;

/// The table of missed runs: the configuration, the last success, the tick before, the tick, and what is then so.
#[test]
fn a_miss_is_judged_once_the_margin_is_over_and_the_next_run_is_after_the_slot_that_came_last() {
    let minutely = ok("a").crontab("* * * * *");
    let interval = ok("a").every(10, "minute").set(json!({"checkin_margin": 5}));
    let patient = ok("a").crontab("*/5 * * * *").set(json!({"checkin_margin": 10}));
    for (run, at, before, tick_at, missed, next, latest) in [
        (minutely, "12:00", "12:01", "12:02", "12:01", "12:02", "12:03"),
        (ok("a"), "10:00:05", "11:00", "11:01", "11:00", "12:00", "12:01"),
        (interval, "10:00:45", "10:14", "10:15", "10:10", "10:20", "10:25"),
        (patient, "10:10", "10:24", "10:25", "10:15", "10:25", "10:35"),
    ] {
        let waiting = report(&[(at, run.clone()), (before, tick())], EVERY, LIMIT);
        assert!(only(&waiting, &['#', '!', '>']).is_empty(), "{}", text(&waiting));
        proves(
            &[(at, run), (tick_at, tick())],
            &format!(
                "a ok {at}
                 #1 missed {missed} expected {missed}
                 = error, last {at}, next {next}, latest {latest}
                 ! {missed} #1
                 > {tick_at} #1 A missed check-in was detected"
            ),
        );
    }
}

#[test]
fn slots_of_ticks_that_are_lost_are_not_made_up_for() {
    proves_with_listed_ticks(
        &[("12:00", ok("a").crontab("* * * * *")), ("12:01", tick()), ("12:04", tick()), ("12:04", tick())],
        "a ok 12:00
         #1 missed 12:01 expected 12:01
         = error, last 12:00, next 12:04, latest 12:05
         ! 12:01 #1
         > 12:04 #1 A missed check-in was detected",
    );
}

#[test]
fn without_listed_ticks_nothing_is_judged() {
    proves_with_listed_ticks(
        &[("10:00", in_progress("a")), ("13:00", in_progress("b"))],
        "a in_progress 10:00 timeout 10:30 begun 10:00
         b in_progress 13:00 expected 11:00 timeout 13:30 begun 13:00
         = active, last 13:00, next 14:00, latest 14:01",
    );
}

#[test]
fn the_minute_of_a_check_in_is_judged_before_it() {
    proves(
        &[("10:00:05", ok("a")), ("11:01", ok("b"))],
        "a ok 10:00:05
         #1 missed 11:00 expected 11:00
         b ok 11:01 expected 12:00
         = ok, last 11:01, next 12:00, latest 12:01
         ! 11:00 #1 -> 11:01 b
         > 11:01 #1 A missed check-in was detected",
    );
    proves(
        &[("10:00:05", ok("a")), ("11:00:59.999", ok("b"))],
        "a ok 10:00:05
         b ok 11:00:59.999 expected 11:00
         = ok, last 11:00:59.999, next 12:00, latest 12:01",
    );
}

#[test]
fn each_run_that_does_not_come_is_missed_and_told() {
    proves(
        &[("10:00", ok("a")), ("13:01:30", tick())],
        "a ok 10:00
         #1 missed 11:00 expected 11:00
         #2 missed 12:00 expected 12:00
         #3 missed 13:00 expected 13:00
         = error, last 10:00, next 14:00, latest 14:01
         ! 11:00 #1
         > 11:01 #1 A missed check-in was detected
         > 12:01 #2 A missed check-in was detected
         > 13:01 #3 A missed check-in was detected",
    );
}

#[test]
fn a_timeout_is_no_news_once_a_later_run_has_ended() {
    for (end, status) in [(ok("b"), "ok"), (error("b"), "error")] {
        let told = report(&[("10:00", in_progress("a")), ("10:10", end), ("10:30", tick())], EVERY, LIMIT);
        assert_eq!(
            only(&told, &['a', '=']),
            [
                "a timeout 10:00 timeout 10:30 begun 10:00".to_owned(),
                format!("= {status}, last 10:10, next 11:00, latest 11:01"),
            ]
        );
        assert!(only(&told, &['>']).iter().all(|line| !line.contains("timeout")));
    }
}

#[test]
fn a_later_run_that_is_open_or_missed_does_not_hide_a_timeout() {
    proves(
        &[
            ("10:40", in_progress("a").set(json!({"max_runtime": 60}))),
            ("10:50", in_progress("b").bare()),
            ("11:50", tick()),
        ],
        "a timeout 10:40 timeout 11:40 begun 10:40
         b timeout 10:50 expected 11:00 timeout 11:50 begun 10:50
         #1 missed 11:00 expected 11:00
         = error, last 10:50, next 12:00, latest 12:01
         ! 11:00 #1
         > 11:01 #1 A missed check-in was detected
         > 11:40 a A timeout check-in was detected
         > 11:50 b A timeout check-in was detected",
    );
}

#[test]
fn in_one_minute_misses_come_before_timeouts_and_timeouts_by_their_begin() {
    // The runs are both due at 11:01: `b` keeps the deadline it had, `a` is kept alive.
    proves(
        &[
            ("10:31:10", in_progress("a")),
            ("10:31:20", in_progress("b")),
            ("10:31:30", in_progress("a")),
            ("11:01", tick()),
        ],
        "a timeout 10:31:10 timeout 11:01 begun 10:31:10
         b timeout 10:31:20 expected 11:00 timeout 11:01 begun 10:31:20
         #1 missed 11:00 expected 11:00
         = error, last 10:31:10, next 12:00, latest 12:01
         ! 11:00 #1
         > 11:01 #1 A missed check-in was detected
         > 11:01 a A timeout check-in was detected
         > 11:01 b A timeout check-in was detected",
    );
}

#[test]
fn a_monitor_that_nobody_has_checked_in_is_never_missed() {
    proves(
        &[
            ("10:00", in_progress("a")),
            ("10:00:01", ok("a").at("test")),
            ("10:00:02", ok("a")),
            ("10:59", tick()),
        ],
        "a ok 10:00 2000ms begun 10:00
         = ok, last 10:00, next 11:00, latest 11:01
         = active @test
         ? 10:00:01 invalid monitor_environment_mismatch CHECKIN_ENVIRONMENT_MISMATCH",
    );
}

#[test]
fn keep_alives_are_good_for_seven_days_and_then_the_run_is_over() {
    let patient =
        json!({"max_runtime": 10_080, "schedule": {"type": "interval", "value": 1, "unit": "month"}});
    let timeline = [
        ("10:00:30", in_progress("a").set(patient)),
        ("2024-06-09T10:00:30", in_progress("a").bare()),
        ("2024-06-10T09:59:59", in_progress("a").bare()),
        ("2024-06-10T10:00:00", ok("a").bare()),
    ];
    proves(
        &timeline[..3],
        "a in_progress 10:00:30 timeout 2024-06-10T10:00 begun 10:00:30
         = active, last 10:00:30, next 2024-07-10T09:59, latest 2024-07-10T10:00",
    );
    proves(
        &timeline,
        "a timeout 10:00:30 timeout 2024-06-10T10:00 begun 10:00:30
         = error, last 10:00:30, next 2024-07-10T09:59, latest 2024-07-10T10:00
         ! 10:00:30 a
         > 2024-06-10T10:00 a A timeout check-in was detected
         ? 2024-06-10T10:00:00Z invalid finished CHECKIN_FINISHED"
            .replace(":00Z", "")
            .as_str(),
    );
}
