//! Tests of derivations: their numbers reproduce each decision of a simulation, and the changes that they name would have prevented it.

use std::collections::BTreeSet;

use crate::any::*;
use crate::dsl::*;
use crons_server::{RateLimit, Simulation, parse_timeline};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

type Story = Vec<(String, Event)>;

/// The report of a story, and the simulation that derives each of its ids.
struct Derived {
    report: Value,
    simulation: Simulation,
}

impl Derived {
    fn of(story: &Story) -> Self {
        // Ids are counted, so both simulations make the same.
        let report = report_of(story);
        let mut simulation = Simulation::new(EVERY, RateLimit::OFF).unwrap();
        for event in parse_timeline(&lines(&timeline_of(story))).unwrap() {
            simulation.apply(event).unwrap();
        }
        Self { report, simulation }
    }

    fn rows(&self, table: &str) -> Vec<Value> {
        self.report[table].as_array().unwrap().clone()
    }

    fn why(&self, id: &Value) -> Value {
        self.simulation.explain(id.as_str().unwrap()).unwrap().unwrap()
    }

    /// The ids of incidents, by the derivations of the runs that opened them.
    fn incidents(&self) -> Vec<Value> {
        let rows = self.rows("check_ins");
        let follow_ups = rows.iter().map(|row| self.why(&row["check_in_id"])["consequence"].clone());
        let opened = follow_ups.filter(|follow_up| follow_up["name"] == "opened");
        opened.map(|follow_up| self.why(&follow_up["incidentId"])).collect()
    }
}

fn timeline_of(story: &Story) -> Vec<(&str, Event)> {
    story.iter().map(|(time, event)| (time.as_str(), event.clone())).collect()
}

/// Returns the report of a story alone, which takes half the time of a [`Derived`].
fn report_of(story: &Story) -> Value {
    report(&timeline_of(story), EVERY, RateLimit::OFF)
}

fn at(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("{value} is no time")).parse().unwrap()
}

fn minutes(number: &Value) -> SignedDuration {
    SignedDuration::from_mins(number.as_i64().unwrap())
}

fn minute(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second() / 60 * 60).unwrap()
}

/// An id without hyphens: reports and derivations write it differently.
fn plain(id: &Value) -> String {
    id.as_str().unwrap().replace('-', "")
}

/// Generates events of a job within four hours, under one configuration, with its margin, maximum runtime and failure threshold.
fn story() -> impl Strategy<Value = (Story, i64, i64, i64)> {
    let second = prop_oneof![
        0..4 * 3600_u32,
        (1..4_u32, 0..240_u32).prop_map(|(hour, second)| hour * 3600 - 60 + second)
    ];
    let events = proptest::collection::vec((second, happening()), 1..16);
    (events, 1..12_i64, 1..50_i64, 1..4_i64).prop_map(|(mut events, margin, runtime, threshold)| {
        events.sort_by_key(|(second, _)| *second);
        let config = json!({"checkin_margin": margin, "max_runtime": runtime,
            "failure_issue_threshold": threshold, "recovery_threshold": 4 - threshold});
        let described = |event: Event| match event.0.pointer("/check_in/monitor_config") {
            Some(_) => event.set(config.clone()),
            None => event,
        };
        let clock =
            |second: u32| format!("{:02}:{:02}:{:02}", 10 + second / 3600, second / 60 % 60, second % 60);
        let mut story: Story =
            events.into_iter().map(|(second, event)| (clock(second), described(event))).collect();
        story.push(("15:30:00".to_owned(), tick()));
        (story, margin, runtime, threshold)
    })
}

/// The numbers of a missed or timed out run lead to its status.
fn deadline_is_right(
    rows: &[Value],
    row: &Value,
    why: &Value,
    margin: i64,
    runtime: i64,
) -> Result<(), TestCaseError> {
    let inputs = &why["rule"]["inputs"];
    if row["status"] == "missed" {
        let (expected, deadline) = (at(&inputs["expected"]), at(&inputs["deadline"]));
        prop_assert_eq!(at(&row["expected_time"]), expected);
        prop_assert_eq!(&inputs["checkinMargin"], &json!(margin));
        prop_assert_eq!(expected + minutes(&inputs["checkinMargin"]), deadline);
        prop_assert_eq!(at(&inputs["evaluatedAt"]), deadline);
        // The run did not begin in time.
        let began =
            rows.iter().filter(|other| other["status"] != "missed").map(|other| at(&other["date_added"]));
        let in_time: Vec<_> = began.filter(|began| (expected..deadline).contains(began)).collect();
        prop_assert!(in_time.is_empty(), "{in_time:?} in {why}");
    } else if row["status"] == "timeout" {
        let (last, deadline) = (at(&inputs["lastReport"]), at(&inputs["deadline"]));
        prop_assert_eq!(&inputs["maxRuntime"], &json!(runtime));
        prop_assert_eq!(minute(last) + minutes(&inputs["maxRuntime"]), deadline);
        prop_assert!(at(&row["date_added"]) <= last && at(&inputs["evaluatedAt"]) == deadline, "{why}");
        prop_assert!(inputs["ended"].is_null() || at(&inputs["ended"]) >= deadline, "{why}");
    }
    Ok(())
}

/// The least value of a setting is the least.
fn prevention_is_least(why: &Value) -> Result<(), TestCaseError> {
    let inputs = &why["rule"]["inputs"];
    for setting in why["prevention"].as_array().unwrap().iter().map(|change| &change["setting"]) {
        let (from, until) = match setting["name"].as_str() {
            Some("checkin_margin") => {
                let steps = why["steps"].as_array().unwrap();
                let next = steps.iter().find(|step| step["name"] == "next_run").unwrap();
                (at(&inputs["expected"]), at(&next["at"]))
            }
            Some("max_runtime") => (minute(at(&inputs["lastReport"])), at(&inputs["ended"])),
            _ => continue,
        };
        let deadline = |minutes: i64| from + SignedDuration::from_mins(minutes);
        let least = setting["at_least"].as_i64().unwrap();
        prop_assert!(deadline(least) > minute(until) && deadline(least - 1) <= minute(until), "{why}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn the_numbers_of_a_derivation_reproduce_the_decision((story, margin, runtime, threshold) in story()) {
        let derived = Derived::of(&story);
        let rows = derived.rows("check_ins");
        let mut notified = BTreeSet::new();
        for row in &rows {
            let why = derived.why(&row["check_in_id"]);
            prop_assert_eq!(&why["status"], &row["status"]);
            prop_assert!(why["text"].as_str().unwrap().contains(why["title"].as_str().unwrap()));
            let steps: Vec<Timestamp> = why["steps"].as_array().unwrap().iter().map(|step| at(&step["at"])).collect();
            prop_assert!(steps.is_sorted() && !steps.is_empty(), "{}", why);
            deadline_is_right(&rows, row, &why, margin, runtime)?;
            prevention_is_least(&why)?;
            let follow_up = &why["consequence"];
            let failed = ["error", "missed", "timeout"].iter().any(|status| row["status"] == *status);
            let names = ["opened", "further", "below_threshold", "superseded"];
            prop_assert_eq!(names.iter().any(|name| follow_up["name"] == *name), failed, "{}", why);
            if follow_up["name"] == "further" && follow_up["muted"] == false {
                notified.insert(plain(&row["check_in_id"]));
            }
            prop_assert_eq!(row["status"] == "unknown", why["rule"]["name"] == "monitor_disabled");
        }
        // The threshold is the number of failures that opened each incident, and the run that opened it says so.
        let incidents = derived.incidents();
        let stored = derived.rows("incidents");
        prop_assert_eq!(incidents.len(), stored.len());
        for why in &incidents {
            let inputs = &why["rule"]["inputs"];
            let starting = plain(&inputs["startingCheckIn"]);
            let row = stored.iter().find(|row| plain(&row["starting_check_in_id"]) == starting
                && row["resolved_at"] == inputs["resolvedAt"]).unwrap();
            prop_assert_eq!(&inputs["failureIssueThreshold"], &json!(threshold));
            let steps = why["steps"].as_array().unwrap().clone();
            let failures: Vec<String> = steps.iter().filter(|step| step["name"] == "failure").map(|step| plain(&step["checkInId"])).collect();
            prop_assert_eq!(i64::try_from(failures.len()).unwrap(), threshold, "{}", why);
            prop_assert_eq!(&failures[0], &starting);
            prop_assert_eq!(failures.last().unwrap(), &plain(&inputs["openingCheckIn"]));
            let is_failed = |id: &String| rows.iter().any(|row| plain(&row["check_in_id"]) == *id
                && (row["status"] == "error" || row["status"] == "missed" || row["status"] == "timeout"));
            prop_assert!(failures.iter().all(is_failed), "{}", why);
            if row["resolved_at"].is_null() {
                prop_assert_eq!(&why["status"], "open");
            } else {
                prop_assert_eq!(&inputs["recoveryThreshold"], &json!(4 - threshold));
                prop_assert_eq!(plain(&inputs["resolvingCheckIn"]), plain(&row["resolving_check_in_id"]));
            }
            if !derived.why(&inputs["openingCheckIn"])["consequence"]["muted"].as_bool().unwrap() {
                notified.extend(failures);
            }
        }
        let told: BTreeSet<String> = derived.rows("occurrences").iter().map(|row| plain(&row["check_in_id"])).collect();
        prop_assert_eq!(told, notified);
    }

    /// Checks a job that is late, and one that takes long: with the least value that the derivation names they do not fail, with
    /// less they do.
    #[test]
    fn the_setting_that_a_derivation_names_prevents_the_failure(late in 61..3_500_u32, took in 60..3_000_u32) {
        let clock = |second: u32| format!("{:02}:{:02}:{:02}", 11 + second / 3600, second / 60 % 60, second % 60);
        let story = |margin: i64, runtime: i64| -> Story {
            let described = |event: Event| event.set(json!({"checkin_margin": margin, "max_runtime": runtime}));
            vec![
                ("10:00:05".to_owned(), described(ok("a"))),
                (clock(late), described(in_progress("b"))),
                (clock(late + took), described(ok("b"))),
                ("13:59:00".to_owned(), tick()),
            ]
        };
        let failure = |report: &Value, status: &str| {
            let at_eleven = |row: &&Value| row["status"] == status && (status != "missed" || row["date_added"] == "2024-06-03T11:00:00Z");
            report["check_ins"].as_array().unwrap().iter().find(at_eleven).map(|row| row["check_in_id"].clone())
        };
        let fails = |story: &Story, status: &str| failure(&report_of(story), status).is_some();
        let least = |story: &Story, status: &str| {
            let derived = Derived::of(story);
            let why = derived.why(&failure(&derived.report, status).unwrap());
            why["prevention"][0]["setting"]["at_least"].as_i64().unwrap()
        };
        let margin = least(&story(1, 120), "missed");
        prop_assert!(!fails(&story(margin, 120), "missed"));
        prop_assert!(margin == 1 || fails(&story(margin - 1, 120), "missed"));
        let runtime = least(&story(60, 1), "timeout");
        prop_assert!(!fails(&story(60, runtime), "timeout"));
        prop_assert!(fails(&story(60, runtime - 1), "timeout"));
    }
}

/// The derivation of the only check-in with this status.
fn why(timeline: &[(&str, Event)], status: &str) -> Value {
    let story: Story = timeline.iter().map(|(time, event)| ((*time).to_owned(), event.clone())).collect();
    let derived = Derived::of(&story);
    let rows = derived.rows("check_ins");
    let mut of_status = rows.iter().filter(|row| row["status"] == status);
    let row = of_status.next().unwrap_or_else(|| panic!("{status}: {rows:?}"));
    derived.why(&row["check_in_id"])
}

#[test]
fn a_missed_run_is_derived_as_people_read_it() {
    let vienna = |event: Event| event.set(json!({"timezone": "Europe/Vienna"}));
    let derived = why(
        &[
            ("10:00:05", vienna(in_progress("a"))),
            ("10:02:05", vienna(ok("a"))),
            ("11:06:12", vienna(ok("b")).with("duration", 3.25)),
        ],
        "missed",
    );
    let expected = "\
job, environment production: the run of 2024-06-03 11:00:00 UTC (13:00:00 in Europe/Vienna) was missed

  2024-06-03 10:00:05 UTC (12:00:05 in Europe/Vienna)  the run before it began; it was ok after 2 min
  2024-06-03 11:00:00 UTC (13:00:00 in Europe/Vienna)  a run was expected (Every hour, on the hour, Europe/Vienna)
  2024-06-03 11:01:00 UTC (13:01:00 in Europe/Vienna)  the deadline passed: `checkin_margin` is 1 minute
  2024-06-03 11:01:00 UTC (13:01:00 in Europe/Vienna)  the server evaluated the deadlines of this minute
  2024-06-03 11:06:12 UTC (13:06:12 in Europe/Vienna)  the next run began; it was ok after 3 s

Rule `missed`: a run is missed if no report of the job arrives before its deadline, the expected time plus `checkin_margin`. \
2024-06-03 11:00:00 UTC (13:00:00 in Europe/Vienna) + 1 minute = 2024-06-03 11:01:00 UTC (13:01:00 in Europe/Vienna), and no report \
arrived before

Consequence: the run opened an incident: 1 failure is as many as `failure_issue_threshold`

Prevention: a `checkin_margin` of 7 minutes or more: the next run began 6 min 12 s after the expected time
";
    assert_eq!(derived["text"], expected, "{}", derived["text"].as_str().unwrap());
    assert_eq!(derived["steps"][1]["local"], "2024-06-03T13:00:00+02:00");
}

#[test]
fn a_failure_without_an_incident_is_derived_with_the_reason() {
    let three = |event: Event| event.set(json!({"failure_issue_threshold": 3}));
    for (case, timeline, status, name, part) in [
        (
            "below, after an ok",
            vec![("10:00", three(ok("a"))), ("11:00", three(error("b")))],
            "error",
            "below_threshold",
            "1 failure in a row, and `failure_issue_threshold` is 3; the run of 2024-06-03 10:00:00 UTC was ok",
        ),
        (
            "below, without history",
            vec![("10:00", three(error("b")))],
            "error",
            "below_threshold",
            "no more finished runs before it",
        ),
        (
            "a later run has ended",
            vec![("10:00", in_progress("a")), ("10:10", ok("b")), ("10:20", error("a"))],
            "error",
            "superseded",
            "a later run, of 2024-06-03 10:10:00 UTC, had already ended",
        ),
        (
            "open already",
            vec![("10:00", error("a")), ("11:03", ok("c").with("check_in_id", hex("a")))],
            "missed",
            "further",
            "one was open since 2024-06-03 10:00:00 UTC",
        ),
        (
            "muted",
            vec![("10:00", ok("a")), ("10:01", mute("production", true)), ("11:00:30", error("b"))],
            "error",
            "opened",
            "nobody was notified, as the environment was muted",
        ),
    ] {
        let derived = why(&timeline, status);
        assert_eq!(derived["consequence"]["name"], name, "{case}");
        let text = derived["consequence"]["text"].as_str().unwrap();
        assert!(text.contains(part), "{case}: {text}");
    }
}

#[test]
fn a_run_a_second_early_is_derived_as_early() {
    let derived = why(&[("10:00", ok("a")), ("10:59:59", ok("b")), ("11:02", tick())], "missed");
    let text = derived["prevention"][0]["text"].as_str().unwrap();
    assert!(text.contains("the run of 2024-06-03 10:59:59 UTC began 1 s before it"), "{text}");
}

#[test]
fn a_timeout_names_the_limit_that_its_deadline_had() {
    let within = |event: Event, minutes: u32| event.set(json!({"max_runtime": minutes}));
    let timeline = [
        ("10:00:05", within(in_progress("a"), 30)),
        ("10:05:05", within(in_progress("a"), 10)),
        ("10:20:00", ok("a")),
    ];
    let derived = why(&timeline, "timeout");
    assert_eq!(derived["rule"]["inputs"]["maxRuntime"], 10, "{derived}");
    let text = derived["prevention"][1]["text"].as_str().unwrap();
    assert!(text.contains("again before 10 minutes have passed"), "{text}");
    let derived = why(&timeline[..2], "in_progress");
    assert_eq!(derived["rule"]["inputs"]["maxRuntime"], 10, "{derived}");
}
