//! A silence in a timeline keeps back the notifications of its time, and nothing else.

use serde_json::json;

use crate::dsl::*;

fn silence(monitor: &str, length: &str) -> Event {
    Event(json!({"silence": {"monitor": monitor, "for": length, "by": "ana", "why": "migration"}}))
}

fn told(timeline: Timeline<'_>) -> Vec<String> {
    only(&report(timeline, EVERY, LIMIT), &['!', '>'])
}

#[test]
fn what_is_missed_in_a_silence_is_told_at_its_end_if_it_is_still_failing() {
    proves(
        &[("10:00", ok("a")), ("10:30", silence("j*", "2h")), ("12:40", tick())],
        "a ok 10:00
         #1 missed 11:00 expected 11:00
         #2 missed 12:00 expected 12:00
         = error, last 10:00, next 13:00, latest 13:01
         ! 11:00 #1
         > 12:30 #1 2 missed check-ins detected",
    );
}

#[test]
fn a_failure_that_is_over_at_the_end_of_the_silence_is_not_told() {
    assert_eq!(
        told(&[
            ("10:00", silence("job", "1h")),
            ("10:10", error("a")),
            ("10:20", ok("b")),
            ("10:59", tick()),
            ("11:00:30", ok("c")),
        ]),
        ["! 10:10 a -> 10:20 b"]
    );
}

#[test]
fn a_silence_of_another_monitor_or_environment_keeps_nothing_back() {
    let of_environment = |environment: &str| {
        Event(json!({"silence": {"monitor": "job", "environment": environment, "for": "1h"}}))
    };
    let at_once = ["! 10:10 a", "> 10:10 a An error check-in was detected"];
    assert_eq!(told(&[("10:00", silence("jobs", "1h")), ("10:10", error("a"))]), at_once);
    assert_eq!(told(&[("10:00", of_environment("dev")), ("10:10", error("a"))]), at_once);
    assert_eq!(told(&[("10:00", of_environment("production")), ("10:10", error("a"))]), at_once[..1]);
}
