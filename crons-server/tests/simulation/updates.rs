//! Tests of further reports about a run: their effects on the run and on its environment.

use crate::dsl::*;
use serde_json::json;

/// Checks each cell of the table of updates: a run in each state, a report, and the run after it.
#[test]
fn each_state_of_a_run_takes_each_report_as_sentrys_table_says() {
    let opened = vec![("10:00:10", in_progress("a"))];
    let ended = |event: Event| vec![("10:00:10", event)];
    let timed_out = vec![("10:00:10", in_progress("a").set(json!({"max_runtime": 1}))), ("10:01", tick())];
    let over = vec![("10:00:10", in_progress("a")), ("10:01:10", ok("a"))];
    let refused = "? 10:03:20 invalid finished CHECKIN_FINISHED";
    for (before, news, run) in [
        (&opened, in_progress("a"), "a in_progress 10:00:10 timeout 10:33 begun 10:00:10"),
        (&opened, ok("a"), "a ok 10:00:10 190000ms begun 10:00:10"),
        (&opened, error("a"), "a error 10:00:10 190000ms begun 10:00:10"),
        (&ended(ok("a")), in_progress("a"), "a ok 10:00:10 190000ms begun 10:03:20"),
        (&ended(error("a")), in_progress("a"), "a error 10:00:10 190000ms begun 10:03:20"),
        (&over, in_progress("a"), "a ok 10:00:10 60000ms begun 10:03:20"),
        (&ended(ok("a").with("duration", 0.5)), in_progress("a"), "a ok 10:00:10 500ms begun 10:03:20"),
        (&ended(ok("a")), ok("a"), "a ok 10:00:10 !"),
        (&ended(ok("a")), error("a"), "a ok 10:00:10 !"),
        (&ended(error("a")), ok("a"), "a error 10:00:10 !"),
        (&ended(error("a")), error("a"), "a error 10:00:10 !"),
        (&timed_out, ok("a"), "a timeout 10:00:10 190000ms begun 10:00:10"),
        (&timed_out, error("a"), "a timeout 10:00:10 190000ms begun 10:00:10"),
        (&timed_out, in_progress("a"), "a timeout 10:00:10 timeout 10:01 begun 10:00:10 !"),
    ] {
        let mut timeline = before.clone();
        timeline.push(("10:03:20", news));
        let told = report(&timeline, EVERY, LIMIT);
        let (expected, errors) = match run.strip_suffix(" !") {
            Some(run) => (run, vec![refused]),
            None => (run, vec![]),
        };
        assert_eq!(only(&told, &['a']), [expected], "{timeline:?}");
        assert_eq!(only(&told, &['?']), errors, "{timeline:?}");
    }
}

/// Checks the rows of the table of durations: the duration in the start, in a keep-alive and in the end, and the stored one.
#[test]
fn the_duration_is_that_of_the_final_report_or_the_time_since_the_begin() {
    for (open, alive, end, stored) in [
        (None, None, None, 120_000),
        (None, None, Some(json!(1.5)), 1_500),
        (None, None, Some(json!(0)), 0),
        (Some(json!(9)), None, None, 120_000),
        (Some(json!(9)), Some(json!(8)), None, 120_000),
        (Some(json!(9)), Some(json!(8)), Some(json!(7)), 7_000),
        (None, None, Some(json!(1.9999)), 1_999),
    ] {
        let with = |event: Event, duration: &Option<serde_json::Value>| match duration {
            Some(duration) => event.with("duration", duration.clone()),
            None => event,
        };
        let told = report(
            &[
                ("10:00", with(in_progress("a"), &open)),
                ("10:01", with(in_progress("a"), &alive)),
                ("10:02", with(ok("a"), &end)),
            ],
            EVERY,
            LIMIT,
        );
        assert_eq!(only(&told, &['a']), [format!("a ok 10:00 {stored}ms begun 10:00")]);
    }
    // A part of a millisecond is none, wherever milliseconds begin.
    let told = report(&[("10:00:00.9999", in_progress("a")), ("10:00:01.0001", ok("a"))], EVERY, LIMIT);
    assert_eq!(told["check_ins"][0]["duration_ms"], 0);
    let told = report(&[("10:00:00.0004", ok("a")), ("10:00:01.0001", in_progress("a"))], EVERY, LIMIT);
    assert_eq!(told["check_ins"][0]["duration_ms"], 999);
    // The run has one report only, so its duration cannot be counted.
    let told = report(&[("10:00", ok("a")), ("10:01", ok("b").with("duration", 0))], EVERY, LIMIT);
    assert_eq!(only(&told, &['a', 'b']), ["a ok 10:00", "b ok 10:01 0ms expected 11:00"]);
    // The two reports arrive at the same instant.
    let told = report(&[("10:00", in_progress("a")), ("10:00", ok("a"))], EVERY, LIMIT);
    assert_eq!(only(&told, &['a']), ["a ok 10:00 0ms begun 10:00"]);
}

#[test]
fn a_late_end_that_comes_twice_keeps_the_first_duration_unless_it_says_another() {
    let timeline = [
        ("10:00", in_progress("a").set(json!({"max_runtime": 1}))),
        ("10:02", ok("a")),
        ("10:03", ok("a")),
        ("10:04", error("a").with("duration", 7)),
    ];
    assert_eq!(only(&report(&timeline[..3], EVERY, LIMIT), &['a']), ["a timeout 10:00 120000ms begun 10:00"]);
    assert_eq!(only(&report(&timeline, EVERY, LIMIT), &['a']), ["a timeout 10:00 7000ms begun 10:00"]);
}

#[test]
fn nothing_changes_a_run_any_more_seven_days_after_the_minute_it_began_in() {
    let yearly = |event: Event| event.every(1, "year");
    for (begin, news) in [
        (yearly(ok("a")), in_progress("a")),
        (yearly(in_progress("a").set(json!({"max_runtime": 10_080}))), ok("a")),
    ] {
        for (at, errors) in [
            ("2024-06-10T10:00:00", vec!["? 2024-06-10T10:00 invalid finished CHECKIN_FINISHED"]),
            ("2024-06-10T09:59:59", vec![]),
        ] {
            // The ticks are listed: no deadline is evaluated before them.
            let timeline = [("10:00:40", begin.clone()), (at, news.clone().bare())];
            assert_eq!(only(&report(&timeline, LISTED, LIMIT), &['?']), errors);
        }
    }
}

#[test]
fn the_nil_id_is_the_open_run_that_began_last_in_its_environment() {
    proves(
        &[
            ("10:00", in_progress("a")),
            ("10:01", in_progress("b")),
            ("10:01:30", in_progress("c").at("dev")),
            ("10:02", in_progress(NIL)),
            ("10:03", ok(NIL)),
            ("10:04", error(NIL).without("check_in_id")),
            ("10:05", ok(NIL)),
        ],
        "a error 10:00 240000ms begun 10:00
         b ok 10:01 120000ms expected 11:00 begun 10:01
         c in_progress 10:01:30 timeout 10:31 begun 10:01:30 @dev
         #1 ok 10:05 expected 11:00
         = ok, last 10:05, next 11:00, latest 11:01
         = active, last 10:01:30, next 11:00, latest 11:01 @dev",
    );
}

#[test]
fn any_report_moves_the_expectation_on_from_when_it_arrives() {
    for (end, told) in [(in_progress("a"), "= active"), (ok("a"), "= ok"), (error("a"), "= error")] {
        let timeline = [("10:59:50", in_progress("a")), ("11:00:10", end)];
        let lines = only(&report(&timeline, EVERY, LIMIT), &['=']);
        assert_eq!(lines, [format!("{told}, last 10:59:50, next 12:00, latest 12:01")]);
    }
}

#[test]
fn the_end_of_an_older_run_moves_the_last_check_in_back() {
    let patient = json!({"max_runtime": 90});
    let overlapping = [
        ("10:00", in_progress("a").set(patient)),
        ("10:01", in_progress("b").bare()),
        ("10:02", ok("b").bare()),
    ];
    let line = |time, end: Event| {
        let timeline = [overlapping.to_vec(), vec![(time, end.bare())]].concat();
        only(&report(&timeline, EVERY, LIMIT), &['=']).concat()
    };
    assert_eq!(line("10:20", ok("a")), "= ok, last 10:00, next 11:00, latest 11:01");
    assert_eq!(line("11:00:30", ok("a")), "= ok, last 10:00, next 12:00, latest 12:01");
    // A failure that a later end has overtaken changes nothing.
    assert_eq!(line("11:00:30", error("a")), "= ok, last 10:01, next 11:00, latest 11:01");
    // The late end of a run that timed out is a sign of life.
    let late = [("10:00", in_progress("a")), ("10:31", ok("b")), ("11:00:30", error("a"))];
    assert_eq!(only(&report(&late, EVERY, LIMIT), &['=']), ["= ok, last 10:00, next 12:00, latest 12:01"]);
}

#[test]
fn a_failure_that_a_later_success_has_overtaken_is_no_news() {
    proves(
        &[("10:00", in_progress("a")), ("10:01", ok("b")), ("10:02", error("a"))],
        "a error 10:00 120000ms begun 10:00
         b ok 10:01 expected 11:00
         = ok, last 10:01, next 11:00, latest 11:01",
    );
    // An open run has overtaken nothing.
    proves(
        &[("10:00", in_progress("a")), ("10:01", in_progress("b")), ("10:02", error("a"))],
        "a error 10:00 120000ms begun 10:00
         b in_progress 10:01 expected 11:00 timeout 10:31 begun 10:01
         = error, last 10:00, next 11:00, latest 11:01
         ! 10:00 a
         > 10:02 a An error check-in was detected",
    );
}

#[test]
fn a_begin_that_comes_late_changes_no_verdict_but_is_a_sign_of_life() {
    proves(
        &[("10:59:58", error("a")), ("11:00:02", in_progress("a")), ("11:01", tick())],
        "a error 10:59:58 4000ms begun 11:00:02
         = error, last 10:59:58, next 12:00, latest 12:01
         ! 10:59:58 a
         > 10:59:58 a An error check-in was detected",
    );
    proves(
        &[("10:59:56", ok("a")), ("10:59:57", error("b")), ("11:00:02", in_progress("a"))],
        "a ok 10:59:56 6000ms begun 11:00:02
         b error 10:59:57 expected 11:00
         = error, last 10:59:56, next 12:00, latest 12:01
         ! 10:59:57 b
         > 10:59:57 b An error check-in was detected",
    );
}

#[test]
fn a_new_configuration_counts_from_the_check_in_that_brings_it() {
    // An open run keeps its deadline, until it is kept alive.
    proves(
        &[
            ("10:00", in_progress("a")),
            (
                "10:01",
                in_progress("b").crontab("15 * * * *").set(json!({"max_runtime": 5, "checkin_margin": 3})),
            ),
            ("10:02", in_progress("c").bare()),
            ("10:03", in_progress("a").bare()),
        ],
        "a in_progress 10:00 timeout 10:08 begun 10:00
         b in_progress 10:01 expected 11:00 timeout 10:06 begun 10:01
         c in_progress 10:02 expected 10:15 timeout 10:07 begun 10:02
         = active, last 10:00, next 10:15, latest 10:18",
    );
}

#[test]
fn null_takes_a_value_away_and_an_absent_or_empty_one_leaves_it() {
    let full = json!({"checkin_margin": 5, "max_runtime": 7, "timezone": "Asia/Kolkata"});
    for (keys, timeout, next) in [
        (json!({}), "12:07", "12:30, latest 12:35"),
        (json!({"timezone": ""}), "12:07", "12:30, latest 12:35"),
        (json!({"timezone": null}), "12:07", "13:00, latest 13:05"),
        (json!({"checkin_margin": null}), "12:07", "12:30, latest 12:31"),
        (json!({"max_runtime": null}), "12:30", "12:30, latest 12:35"),
        (json!({"max_runtime": 20_160}), "2024-06-10T12:00", "12:30, latest 12:35"),
    ] {
        let cut = keys.get("max_runtime") == Some(&json!(20_160));
        let remark = if cut { "\n? 12:00 accepted CHECKIN_VALIDATION_FAILED" } else { "" };
        proves(
            &[("11:59", ok("a").set(full.clone())), ("12:00", in_progress("b").set(keys))],
            &format!(
                "a ok 11:59
                 b in_progress 12:00 expected 12:30 timeout {timeout} begun 12:00
                 = ok, last 12:00, next {next}{remark}"
            ),
        );
    }
}
