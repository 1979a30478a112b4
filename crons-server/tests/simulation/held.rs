//! Tests of ends of runs whose monitor no check-in has described yet, which wait for a minute.

use crate::dsl::*;
use serde_json::json;

const NOT_FOUND: &str = "invalid invalid_monitor MONITOR_NOT_FOUND";

#[test]
fn it_is_applied_right_after_the_begin_that_explains_it_at_its_own_time() {
    proves(
        &[("10:00:10", ok("a").bare()), ("10:00:12", in_progress("a"))],
        "a ok 10:00:12 2000ms begun 10:00:12
         = ok, last 10:00:12, next 11:00, latest 11:01",
    );
    proves(
        &[("10:00:10", error("a").bare().with("duration", 7)), ("10:00:12", in_progress("a"))],
        "a error 10:00:12 7000ms begun 10:00:12
         = error, last 10:00:12, next 11:00, latest 11:01
         ! 10:00:12 a
         > 10:00:10 a An error check-in was detected",
    );
}

#[test]
fn whatever_makes_the_monitor_explains_it_in_any_environment() {
    proves(
        &[("10:00:10", ok("a").bare().at("dev")), ("10:00:11", error("b").bare()), ("10:00:12", ok("c"))],
        "c ok 10:00:12
         a ok 10:00:10 @dev
         b error 10:00:11 expected 11:00
         = ok, last 10:00:12, next 11:00, latest 11:01
         = ok, last 10:00:10, next 11:00, latest 11:01 @dev",
    );
}

#[test]
fn an_older_failure_takes_no_expectation_back() {
    proves(
        &[("10:59:50", error("a").bare()), ("11:00:10", ok("b")), ("11:59", tick())],
        "b ok 11:00:10
         a error 10:59:50 expected 12:00
         = ok, last 11:00:10, next 12:00, latest 12:01",
    );
    proves(
        &[("10:59:50", error("a").bare()), ("11:00:10", in_progress("b")), ("11:29", tick())],
        "b in_progress 11:00:10 timeout 11:30 begun 11:00:10
         a error 10:59:50 expected 12:00
         = error, last 11:00:10, next 12:00, latest 12:01
         ! 10:59:50 a
         > 10:59:50 a An error check-in was detected",
    );
}

#[test]
fn another_monitor_explains_nothing() {
    proves(
        &[("10:00:10", ok("a").bare()), ("10:00:12", ok("b").of("other"))],
        &format!(
            "b ok 10:00:12 @other\n= ok, last 10:00:12, next 11:00, latest 11:01 @other\n? 10:00:10 {NOT_FOUND}"
        ),
    );
}

#[test]
fn it_waits_for_less_than_sixty_seconds_whether_minutes_are_judged_or_not() {
    for (time, waited_for) in
        [("10:01:09.999", true), ("10:01:10", false), ("10:01:45", false), ("10:05", false)]
    {
        for ticks in [EVERY, LISTED] {
            let told = report(&[("10:00:10", ok("a").bare()), (time, ok("b"))], ticks, LIMIT);
            let refused = if waited_for { vec![] } else { vec![format!("? 10:00:10 {NOT_FOUND}")] };
            assert_eq!(only(&told, &['?']), refused, "{time} {ticks:?}");
            assert_eq!(only(&told, &['a']).len(), usize::from(waited_for), "{time} {ticks:?}");
        }
    }
}

#[test]
fn outcomes_are_in_the_order_of_the_timeline_whenever_they_are_known() {
    let told = report(
        &[
            ("10:00:10", ok("a").bare()),
            ("10:00:11", ok("b").bare().of("other")),
            ("10:00:12", error("a").bare()),
            ("10:00:13", ok("c").bare().at("eu/west")),
            ("10:00:14", in_progress("a")),
            ("10:03", ok("d")),
        ],
        EVERY,
        LIMIT,
    );
    assert_eq!(
        only(&told, &['?']),
        [
            format!("? 10:00:11 {NOT_FOUND}"),
            "? 10:00:12 invalid finished CHECKIN_FINISHED".to_owned(),
            "? 10:00:13 invalid invalid_monitor_environment MONITOR_INVALID_ENVIRONMENT".to_owned(),
        ]
    );
    assert_eq!(only(&told, &['a']), ["a ok 10:00:14 4000ms begun 10:00:14"]);
}

#[test]
fn what_has_an_invalid_configuration_or_only_begins_does_not_wait() {
    for event in [in_progress("a").bare(), ok("a").crontab("nonsense")] {
        let told = report(&[("10:00:10", event), ("10:00:12", ok("b"))], EVERY, LIMIT);
        assert!(only(&told, &['a']).is_empty() && only(&told, &['?']).len() == 1);
    }
}

/// The refusal is the same for every reason and every spelling of the start.
#[test]
fn the_end_of_a_run_whose_start_was_refused_is_refused_at_once_for_the_same_reason() {
    let outcome = |timeline: Timeline<'_>| only(&report(timeline, EVERY, LIMIT), &['?']).pop().unwrap();
    let run = |event: Event| event.without("check_in_id");
    for (start, end, reason) in [
        (in_progress("a").bare(), ok("a").bare(), ""),
        (run(in_progress("a").bare()), run(error("a").bare()), ""),
        (in_progress("a").crontab("nonsense"), ok("a").bare(), "MONITOR_INVALID_CONFIG "),
        (run(in_progress("a").crontab("nonsense")), run(ok("a").bare()), "MONITOR_INVALID_CONFIG "),
        (in_progress("a").set(json!({"checkin_margin": -1})), ok("a").bare(), "CHECKIN_VALIDATION_FAILED "),
        (in_progress("a").with("duration", -1), error("a").bare(), "CHECKIN_VALIDATION_FAILED "),
        (in_progress("a").with("status", "begun"), ok("a").bare(), "CHECKIN_VALIDATION_FAILED "),
        (in_progress("a").with("status", "In_Progress"), error("a").bare(), "CHECKIN_VALIDATION_FAILED "),
        (in_progress("a").with("status", 1), ok("a").bare(), "CHECKIN_VALIDATION_FAILED "),
        (run(in_progress("a").with("status", "started")), run(ok("a").bare()), "CHECKIN_VALIDATION_FAILED "),
    ] {
        // A monitor that is created within the minute takes only the deferred ends.
        let timeline = [("10:00:10", start.clone()), ("10:00:12", end), ("10:00:14", ok("b"))];
        assert_eq!(
            outcome(&timeline),
            format!("? 10:00:12 invalid invalid_monitor {reason}MONITOR_NOT_FOUND"),
            "{start:?}"
        );
    }
    // The start is one too many in its minute; the end comes in the next.
    let mut timeline = vec![("10:00:10", ok(NIL).at("dev").with("status", "done")); 6];
    timeline.push(("10:00:20", in_progress("a").at("dev")));
    timeline.push(("10:01:20", ok("a").at("dev").bare()));
    assert_eq!(
        outcome(&timeline),
        "? 10:01:20 invalid invalid_monitor MONITOR_ENVIRONMENT_RATELIMITED MONITOR_NOT_FOUND"
    );
}

#[test]
fn the_end_of_another_run_or_of_one_whose_start_came_again_is_held_as_ever() {
    let refused = in_progress("a").bare();
    for (end, start) in [
        (ok("b").bare(), in_progress("b")),
        (ok("b").bare().of("other"), in_progress("b").of("other")),
        (ok("a").bare().of("other"), in_progress("a").of("other")),
    ] {
        let timeline = [("10:00:10", refused.clone()), ("10:00:12", end.clone()), ("10:00:14", start)];
        assert_eq!(only(&report(&timeline, EVERY, LIMIT), &['?']).len(), 1, "{end:?}");
    }
    let without_id = |event: Event, environment: &str| event.without("check_in_id").at(environment);
    let timeline = [
        ("10:00:10", without_id(in_progress("a").bare(), "dev")),
        ("10:00:12", without_id(ok("a").bare(), "production")),
        ("10:00:14", ok("b")),
    ];
    assert_eq!(only(&report(&timeline, EVERY, LIMIT), &['?']).len(), 1, "another environment");
    // The start is accepted when it is sent again, and so is its end.
    let timeline = [("10:00:10", refused), ("10:00:11", in_progress("a")), ("10:00:12", ok("a").bare())];
    assert_eq!(only(&report(&timeline, EVERY, LIMIT), &['a']), ["a ok 10:00:11 1000ms begun 10:00:11"]);
}

#[test]
fn it_uses_up_what_its_monitor_may_send_when_it_arrives() {
    let mut timeline = vec![("10:00:10", ok(NIL).bare()); 6];
    timeline.push(("10:00:12", ok("a")));
    timeline.push(("10:01:05", ok("b")));
    let told = report(&timeline, EVERY, LIMIT);
    assert_eq!(only(&told, &['?']), ["? 10:00:12 rate_limited rate_limited MONITOR_ENVIRONMENT_RATELIMITED"]);
    assert_eq!(told["check_ins"].as_array().unwrap().len(), 7);
}
