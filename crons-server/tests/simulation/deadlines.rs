//! What the clock decides: runs that never began, and runs that never ended.

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
    // Both are due at 11:01: `b` keeps the deadline it had, `a` is kept alive.
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

#[test]
fn a_daily_run_at_half_past_two_is_expected_once_on_the_days_when_the_clocks_change() {
    let vienna = |event: Event| event.crontab("30 2 * * *").set(json!({"timezone": "Europe/Vienna"}));
    // 31 March 2024: there is no 2:30, so it is expected at 3:00 (1:00 UTC). 27 October: it is 2:30 twice.
    proves(
        &[("2024-03-30T01:30:00", vienna(ok("a"))), ("2024-04-01T00:00:00", tick())],
        "a ok 2024-03-30T01:30
         #1 missed 2024-03-31T01:00 expected 2024-03-31T01:00
         = error, last 2024-03-30T01:30, next 2024-04-01T00:30, latest 2024-04-01T00:31
         ! 2024-03-31T01:00 #1
         > 2024-03-31T01:01 #1 A missed check-in was detected",
    );
    proves(
        &[
            ("2024-10-26T00:30:00", vienna(ok("a"))),
            ("2024-10-27T00:30:10", vienna(ok("b"))),
            ("2024-10-28T01:31:00", tick()),
        ],
        "a ok 2024-10-26T00:30
         b ok 2024-10-27T00:30:10 expected 2024-10-27T00:30
         #1 missed 2024-10-28T01:30 expected 2024-10-28T01:30
         = error, last 2024-10-27T00:30:10, next 2024-10-29T01:30, latest 2024-10-29T01:31
         ! 2024-10-28T01:30 #1
         > 2024-10-28T01:31 #1 A missed check-in was detected",
    );
    // A run that begins in the second pass of the hour is followed by one on the next day.
    proves(
        &[("2024-10-27T01:10:00", vienna(ok("a"))), ("2024-10-28T01:30:00", tick())],
        "a ok 2024-10-27T01:10
         = ok, last 2024-10-27T01:10, next 2024-10-28T01:30, latest 2024-10-28T01:31",
    );
}

#[test]
fn what_is_due_each_minute_is_due_in_both_passes_of_a_repeated_hour() {
    let new_york = |event: Event| event.crontab("0 * * * *").set(json!({"timezone": "America/New_York"}));
    proves(
        &[("2024-11-03T05:00:00", new_york(ok("a"))), ("2024-11-03T07:00:00", tick())],
        "a ok 2024-11-03T05:00
         #1 missed 2024-11-03T06:00 expected 2024-11-03T06:00
         = error, last 2024-11-03T05:00, next 2024-11-03T07:00, latest 2024-11-03T07:01
         ! 2024-11-03T06:00 #1
         > 2024-11-03T06:01 #1 A missed check-in was detected",
    );
}

#[test]
fn intervals_count_from_the_check_in_and_months_without_its_day_are_left_out() {
    for (unit, count, at, next) in [
        ("month", 1, "2024-01-31T10:00:00", "2024-03-31T10:00"),
        ("month", 1, "2024-01-30T10:00:00", "2024-03-30T10:00"),
        ("month", 2, "2024-12-31T10:00:00", "2025-08-31T10:00"),
        ("year", 1, "2024-02-29T10:00:00", "2028-02-29T10:00"),
        ("week", 1, "2024-06-03T10:00:45", "2024-06-10T10:00"),
        ("minute", 90, "2024-06-03T23:00:00", "2024-06-04T00:30"),
        ("minute", 1, "2024-06-03T10:00:59", "10:01"),
    ] {
        let told = report(&[(at, ok("a").every(count, unit))], EVERY, LIMIT);
        let [line] = only(&told, &['=']).try_into().unwrap();
        assert!(line.contains(&format!(", next {next}, ")), "{count} {unit} from {at}: {line}");
    }
}

#[test]
fn the_only_expectation_that_moves_back_is_that_of_months_without_the_day() {
    let monthly = |id| ok(id).every(1, "month");
    let timeline = [("2024-01-31T10:00:00", monthly("a")), ("2024-02-01T10:00:00", monthly("b"))];
    let next =
        |timeline: Timeline<'_>| report(timeline, LISTED, LIMIT)["environments"][0]["next_check_in"].clone();
    assert_eq!(next(&timeline[..1]), "2024-03-31T10:00:00Z");
    assert_eq!(next(&timeline), "2024-03-01T10:00:00Z");
}

#[test]
fn an_interval_goes_on_from_the_run_that_was_expected_if_that_is_missed() {
    proves_with_listed_ticks(
        &[("2024-01-31T10:00:40", ok("a").every(1, "month")), ("2024-03-31T10:01:00", tick())],
        "a ok 2024-01-31T10:00:40
         #1 missed 2024-03-31T10:00 expected 2024-03-31T10:00
         = error, last 2024-01-31T10:00:40, next 2024-05-31T10:00, latest 2024-05-31T10:01
         ! 2024-03-31T10:00 #1
         > 2024-03-31T10:01 #1 A missed check-in was detected",
    );
}

#[test]
fn a_disabled_monitor_is_not_judged_and_expects_its_next_run_from_when_it_is_enabled() {
    proves(
        &[
            ("10:00", in_progress("a").set(json!({"max_runtime": 200}))),
            ("10:10", disable(true)),
            ("12:00", ok("b")),
            ("13:30", tick()),
            ("13:40", disable(false)),
            ("13:40:30", ok("a")),
            ("14:00:59", tick()),
        ],
        "a ok 10:00 13230000ms begun 10:00
         = ok, last 10:00, next 14:00, latest 14:01
         ? 12:00 filtered monitor_disabled MONITOR_DISABLED",
    );
    // The run that had not ended by its deadline is judged then.
    proves(
        &[
            ("10:00", in_progress("a")),
            ("10:10", disable(true)),
            ("12:15", disable(false)),
            ("13:01", tick()),
        ],
        "a timeout 10:00 timeout 10:30 begun 10:00
         #1 missed 13:00 expected 13:00
         = error, last 10:00, next 14:00, latest 14:01
         ! 10:00 a
         > 12:16 a A timeout check-in was detected
         > 13:01 #1 A missed check-in was detected",
    );
}

#[test]
fn to_enable_what_is_enabled_changes_nothing() {
    let expected = "a ok 10:00\n= ok, last 10:00, next 11:00, latest 11:01";
    proves(&[("10:00", ok("a")), ("10:59", disable(false)), ("11:00:30", disable(false))], expected);
    proves(&[("10:00", disable(true)), ("10:00", ok("a"))], expected);
}
