//! The end of a run of a monitor that nobody has described yet waits for a minute.

use crate::dsl::*;

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

#[test]
fn it_uses_up_what_its_monitor_may_send_when_it_arrives() {
    let mut timeline = vec![("10:00:10", ok(NIL).bare()); 6];
    timeline.push(("10:00:12", ok("a")));
    timeline.push(("10:01:05", ok("b")));
    let told = report(&timeline, EVERY, LIMIT);
    assert_eq!(only(&told, &['?']), ["? 10:00:12 rate_limited rate_limited MONITOR_ENVIRONMENT_RATELIMITED"]);
    assert_eq!(told["check_ins"].as_array().unwrap().len(), 7);
}
