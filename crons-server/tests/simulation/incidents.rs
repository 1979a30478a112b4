//! Tests of incidents: which failures open one, which messages people get, and which runs resolve it.

use crate::dsl::*;
use serde_json::{Value, json};

fn hours<'a>(config: &Value, runs: &[Event]) -> Vec<(&'a str, Event)> {
    const HOURS: [&str; 8] = ["10:00", "11:00", "12:00", "13:00", "14:00", "15:00", "16:00", "17:00"];
    HOURS.into_iter().zip(runs.iter().cloned().map(|run| run.set(config.clone()))).collect()
}

fn told(timeline: Timeline<'_>) -> Vec<String> {
    only(&report(timeline, EVERY, LIMIT), &['!', '>'])
}

#[test]
fn an_incident_never_opens_on_fewer_failures_than_the_threshold() {
    let three = json!({"failure_issue_threshold": 3});
    let timeline = hours(&three, &[error("a"), error("b"), error("c")]);
    assert!(told(&timeline[..1]).is_empty());
    assert!(told(&timeline[..2]).is_empty());
    assert_eq!(
        told(&timeline),
        [
            "! 10:00 a",
            "> 12:00 a 3 error check-ins detected",
            "> 12:00 b 3 error check-ins detected",
            "> 12:00 c 3 error check-ins detected",
        ]
    );
    let status = |timeline| only(&report(timeline, EVERY, LIMIT), &['=']).concat();
    assert_eq!(status(&timeline[..2]), "= active, last 11:00, next 12:00, latest 12:01");
}

#[test]
fn a_success_among_the_last_runs_begins_the_count_anew() {
    let two = json!({"failure_issue_threshold": 2});
    assert!(told(&hours(&two, &[error("a"), ok("b"), error("c"), ok("d"), error("e")])).is_empty());
    assert_eq!(told(&hours(&two, &[error("a"), ok("b"), error("c"), error("d")]))[0], "! 12:00 c");
}

#[test]
fn each_kind_of_failure_counts_and_the_sentence_names_them_as_they_came() {
    let three = json!({"failure_issue_threshold": 3, "max_runtime": 5});
    let expected = |sentence: &str| {
        vec![
            "! 10:00 a".to_owned(),
            format!("> 12:01 a {sentence}"),
            format!("> 12:01 #1 {sentence}"),
            format!("> 12:01 #2 {sentence}"),
        ]
    };
    assert_eq!(
        told(&[("10:00", error("a").set(three.clone())), ("12:01", tick())]),
        expected("1 error and 2 missed check-ins detected")
    );
    assert_eq!(
        told(&[("10:00", in_progress("a").set(three.clone())), ("12:01", tick())]),
        expected("1 timeout and 2 missed check-ins detected")
    );
    assert_eq!(
        told(&[
            ("10:00", error("a").set(three.clone())),
            ("11:30", in_progress("b").set(three)),
            ("11:35", tick())
        ]),
        [
            "! 10:00 a",
            "> 11:35 a 1 error, 1 missed and 1 timeout check-ins detected",
            "> 11:35 #1 1 error, 1 missed and 1 timeout check-ins detected",
            "> 11:35 b 1 error, 1 missed and 1 timeout check-ins detected",
        ]
    );
    assert_eq!(
        told(&[("10:00", ok("a").set(json!({"failure_issue_threshold": 3}))), ("13:01", tick())])[1],
        "> 13:01 #1 3 missed check-ins detected"
    );
}

#[test]
fn an_open_run_is_neither_a_failure_nor_a_success() {
    let two = json!({"failure_issue_threshold": 2, "recovery_threshold": 2, "max_runtime": 600});
    let timeline = hours(
        &two,
        &[error("a"), in_progress("o"), error("b"), in_progress("p"), ok("c"), in_progress("q"), ok("d")],
    );
    assert_eq!(told(&timeline[..2]), [""; 0]);
    assert_eq!(told(&timeline[..3])[0], "! 10:00 a");
    assert_eq!(told(&timeline[..6])[0], "! 10:00 a");
    assert_eq!(told(&timeline)[0], "! 10:00 a -> 16:00 d");
}

#[test]
fn a_missed_run_between_two_successes_keeps_an_incident_open() {
    let two = json!({"recovery_threshold": 2});
    let run = |event: Event| event.set(two.clone());
    let timeline = [
        ("10:00", run(error("a"))),
        ("11:00", run(ok("b"))),
        ("13:00", run(ok("c"))),
        ("14:00", run(ok("d"))),
    ];
    assert_eq!(
        told(&timeline[..3]),
        [
            "! 10:00 a",
            "> 10:00 a An error check-in was detected",
            "> 12:01 #1 A missed check-in was detected"
        ]
    );
    assert_eq!(told(&timeline)[0], "! 10:00 a -> 14:00 d");
}

#[test]
fn an_end_of_an_older_run_counts_at_its_begin() {
    // The newest two by their begin are b and c, so that the late end of a cannot be one of them.
    let two = json!({"recovery_threshold": 2});
    let run = |event: Event| event.set(two.clone());
    let timeline = [
        ("10:00", run(in_progress("a"))),
        ("10:01", run(error("b"))),
        ("10:02", run(ok("c"))),
        ("10:03", run(ok("a"))),
    ];
    assert_eq!(told(&timeline), ["! 10:01 b", "> 10:01 b An error check-in was detected"]);
}

#[test]
fn with_less_history_than_the_threshold_all_of_it_must_be_well() {
    let five = json!({"recovery_threshold": 5});
    let status = |runs: &[Event]| only(&report(&hours(&five, runs), EVERY, LIMIT), &['=']).concat();
    assert!(status(&[ok("a")]).starts_with("= ok"));
    assert!(status(&[error("a"), ok("b")]).starts_with("= error"));
    let patient = json!({"recovery_threshold": 5, "failure_issue_threshold": 2});
    let told = report(&hours(&patient, &[error("a"), ok("b")]), EVERY, LIMIT);
    assert!(
        only(&told, &['=']).concat().starts_with("= active"),
        "one failure is none yet, but it is no success"
    );
}

#[test]
fn an_end_of_an_older_run_resolves_even_beside_a_newer_failure() {
    proves(
        &[("10:00", in_progress("a")), ("10:01", error("b")), ("10:02", ok("a"))],
        "a ok 10:00 120000ms begun 10:00
         b error 10:01 expected 11:00
         = ok, last 10:00, next 11:00, latest 11:01
         ! 10:01 b -> 10:02 a
         > 10:01 b An error check-in was detected",
    );
}

#[test]
fn an_incident_ends_when_the_report_that_resolves_it_arrives_however_long_its_run_took() {
    let long = json!({"max_runtime": 300});
    let incident = |timeline: Timeline<'_>| only(&report(timeline, EVERY, LIMIT), &['!']);
    // The successful run began before the miss that opened the incident, or after it.
    for begin in ["10:30", "11:01:30"] {
        let timeline = [
            ("10:00", ok("a").set(long.clone())),
            (begin, in_progress("b").set(long.clone())),
            ("13:30", ok("b")),
        ];
        assert_eq!(incident(&timeline), ["! 11:00 #1 -> 13:30 b"], "{begin}");
    }
    // A deferred end may be older than the incident that it resolves.
    assert_eq!(
        incident(&[("10:00:10", ok("a").bare()), ("10:00:12", error("b"))]),
        ["! 10:00:12 b -> 10:00:12 a"]
    );
}

#[test]
fn a_late_success_of_a_run_that_timed_out_resolves_nothing() {
    let timeline = [("10:00", in_progress("a")), ("10:31", ok("a")), ("10:32", error("a"))];
    assert_eq!(told(&timeline), ["! 10:00 a", "> 10:30 a A timeout check-in was detected"]);
}

#[test]
fn each_further_failure_is_told_once_and_the_next_incident_is_a_new_one() {
    proves(
        &hours(&json!({}), &[error("a"), error("b"), ok("c"), error("d")]),
        "a error 10:00
         b error 11:00 expected 11:00
         c ok 12:00 expected 12:00
         d error 13:00 expected 13:00
         = error, last 13:00, next 14:00, latest 14:01
         ! 10:00 a -> 12:00 c
         ! 13:00 d
         > 10:00 a An error check-in was detected
         > 11:00 b An error check-in was detected
         > 13:00 d An error check-in was detected",
    );
}

#[test]
fn the_thresholds_are_those_of_the_configuration_that_comes_with_the_check_in() {
    let runs =
        [("10:00", error("a").set(json!({"failure_issue_threshold": 9}))), ("11:00", error("b").bare())];
    let with = |event: Event| told(&[runs.to_vec(), vec![("12:00", event)]].concat());
    assert!(with(error("c").bare()).is_empty());
    assert_eq!(with(error("c").set(json!({"failure_issue_threshold": 3})))[0], "! 10:00 a");
    assert_eq!(
        with(error("c").set(json!({"failure_issue_threshold": null}))),
        ["! 12:00 c", "> 12:00 c An error check-in was detected"]
    );
}

#[test]
fn runs_of_the_same_instant_count_in_the_order_they_arrived() {
    let two = json!({"failure_issue_threshold": 2});
    let at_once = |runs: [Event; 3]| told(&runs.map(|run| ("10:00", run.set(two.clone()))));
    assert!(at_once([error("a"), ok("b"), error("c")]).is_empty());
    assert_eq!(at_once([ok("a"), error("b"), error("c")])[0], "! 10:00 b");
}
