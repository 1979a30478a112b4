//! Tests of muted environments: their alerts are not sent, but everything else goes on.

use crate::dsl::*;
use serde_json::json;

fn told(timeline: Timeline<'_>) -> Vec<String> {
    only(&report(timeline, EVERY, LIMIT), &['!', '>'])
}

#[test]
fn while_it_is_muted_an_incident_opens_and_nobody_is_told_also_not_afterwards() {
    proves(
        &[
            ("10:00", ok("a")),
            ("10:30", mute("production", true)),
            ("11:00", error("b")),
            ("12:30", mute("production", false)),
            ("12:45", tick()),
        ],
        "a ok 10:00
         b error 11:00 expected 11:00
         #1 missed 12:00 expected 12:00
         = error, last 11:00, next 13:00, latest 13:01
         ! 11:00 b",
    );
    assert_eq!(
        told(&[
            ("10:00", ok("a")),
            ("10:30", mute("", true)),
            ("11:00", error("b")),
            ("11:30", mute("production", false)),
            ("12:00", error("c")),
        ]),
        ["! 11:00 b", "> 12:00 c An error check-in was detected"]
    );
}

#[test]
fn a_muted_incident_resolves_like_any_other() {
    assert_eq!(
        told(&[("10:00", error("a")), ("10:30", mute("production", true)), ("11:00", ok("b"))]),
        ["! 10:00 a -> 11:00 b", "> 10:00 a An error check-in was detected"]
    );
}

#[test]
fn muting_is_for_one_environment_and_a_new_one_is_muted_if_all_others_are() {
    proves(
        &[
            ("10:00", ok("a")),
            ("10:01", ok("b").at("dev")),
            ("10:02", mute("production", true)),
            ("10:03", error("c").at("test")),
            ("10:04", mute("dev", true)),
            ("10:05", mute("test", true)),
            ("10:06", error("d").at("stage")),
            ("10:07", mute("nowhere", true)),
            ("10:08", mute("stage", false)),
            ("10:09", ok("e").at("last")),
        ],
        "a ok 10:00
         b ok 10:01 @dev
         c error 10:03 @test
         d error 10:06 @stage
         e ok 10:09 @last
         = ok, last 10:00, next 11:00, latest 11:01, muted
         = ok, last 10:01, next 11:00, latest 11:01, muted @dev
         = error, last 10:03, next 11:00, latest 11:01, muted @test
         = error, last 10:06, next 11:00, latest 11:01 @stage
         = ok, last 10:09, next 11:00, latest 11:01 @last
         ! 10:03 c @test
         ! 10:06 d @stage
         > 10:03 c An error check-in was detected @test",
    );
}

#[test]
fn a_monitor_is_found_by_any_spelling_of_its_slug_and_production_needs_no_name() {
    let mute = Event(json!({"mute": {"monitor": " Job! ", "muted": true}}));
    let disable = Event(json!({"disable": {"monitor": "JOB", "disabled": true}}));
    proves(
        &[
            ("10:00", ok("a").of("Job")),
            ("10:01", mute),
            ("10:02", error("b")),
            ("10:03", disable),
            ("12:00", tick()),
        ],
        "a ok 10:00
         b error 10:02 expected 11:00
         = error, last 10:02, next 11:00, latest 11:01, muted
         ! 10:02 b
         ? 10:02 accepted CHECKIN_VALIDATION_FAILED",
    );
}

#[test]
fn a_job_that_is_missed_for_four_weeks_is_muted_and_no_further_miss_is_told() {
    // Misses are told from 4 June on, the incident is two weeks old on the 18th, and four on 2 July, a minute before the miss of that day.
    for (end, muted, misses_told) in
        [("2024-07-02T09:59", false, 28), ("2024-07-02T10:00", true, 28), ("2024-07-10T11:00", true, 28)]
    {
        let timeline = [("2024-06-03T10:00", ok("a").crontab("0 10 * * *")), (end, tick())];
        let report = report(&timeline, EVERY, LIMIT);
        assert_eq!(report["environments"][0]["muted"], muted, "{end}");
        assert_eq!(only(&report, &['>']).len(), misses_told, "{end}");
    }
}

#[test]
fn a_job_that_does_not_run_any_more_is_muted_on_the_day_and_not_at_its_next_failure() {
    let failures =
        |count| ["a", "b", "c", "d"].into_iter().take(count).zip(["10:00", "10:10", "10:20", "10:30"]);
    // Two weeks after the first failure it is broken, and two later muted, if there are four.
    for (count, end, muted) in
        [(4, "2024-07-01T09:59", false), (4, "2024-07-01T10:00", true), (3, "2024-07-30T10:00", false)]
    {
        let mut timeline: Vec<_> =
            failures(count).map(|(letter, time)| (time, error(letter).crontab("0 0 1 1 *"))).collect();
        timeline.push((end, tick()));
        let report = report(&timeline, EVERY, LIMIT);
        assert_eq!(report["environments"][0]["muted"], muted, "{count} failures, at {end}");
    }
}
