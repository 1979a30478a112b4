//! Advice about jobs that keep another zone, schedule, clock or margin, and about those that are on time.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Advice, History, advise};
use crate::domain::{Author, CheckIn, Configured, JobReport, Monitor, Status, rehearse};
use crate::settings::RateLimit;
use crate::simulation::{Simulation, Ticks, parse_timeline};
use crate::store::Export;

const START: &str = "2024-06-03T00:00:00Z";

fn start() -> Timestamp {
    START.parse().unwrap()
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Simulates a job with this configuration that ends well a second after each of these starts. Returns all rows.
fn job(config: &Value, starts: impl IntoIterator<Item = Timestamp>) -> Export {
    job_that_takes(config, starts, SignedDuration::from_secs(1))
}

fn job_that_takes(
    config: &Value,
    starts: impl IntoIterator<Item = Timestamp>,
    length: SignedDuration,
) -> Export {
    let mut events = Vec::new();
    for (number, start) in (1_u64..).zip(starts) {
        for (at, status) in [(start, "in_progress"), (start + length, "ok")] {
            let check_in = json!({"monitor_slug": "job", "check_in_id": format!("{number:032x}"), "status": status,
                "monitor_config": config});
            events.push((at, json!({"at": at.to_string(), "check_in": check_in})));
        }
    }
    simulated(events)
}

fn simulated(mut events: Vec<(Timestamp, Value)>) -> Export {
    events.sort_by_key(|(at, _)| *at);
    let mut simulation = Simulation::new(Ticks::EveryMinute, RateLimit::OFF).unwrap();
    let lines: Vec<String> = events.iter().map(|(_, event)| event.to_string()).collect();
    for event in parse_timeline(&lines.join("\n")).unwrap() {
        simulation.apply(event).unwrap();
    }
    simulation.export().unwrap()
}

fn config(schedule: &str, more: &Value) -> Value {
    let mut config = json!({"schedule": {"type": "crontab", "value": schedule}});
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

/// The monitor of a job, as its newest run has it, and its runs, newest first.
fn history(export: &Export) -> (Monitor, Vec<CheckIn>) {
    let mut runs: Vec<(usize, CheckIn)> =
        export.check_ins.iter().map(|(_, _, run)| run.clone()).enumerate().collect();
    runs.sort_by_key(|(place, run)| std::cmp::Reverse((run.date_added, *place)));
    let runs: Vec<CheckIn> = runs.into_iter().map(|(_, run)| run).collect();
    let newest = runs.iter().max_by_key(|run| run.date_clock).unwrap();
    let monitor = Monitor {
        guid: uuid::Uuid::nil(),
        project: crate::PROJECT,
        slug: "job".parse().unwrap(),
        spelling: None,
        enabled: true,
        upserting: true,
        config: newest.config.clone(),
        owner: None,
        date_created: start(),
        name: None,
        muted: false,
        configured: Configured { by: Author::Code, at: start() },
    };
    (monitor, runs)
}

fn advice(export: &Export) -> Vec<Advice> {
    let (monitor, runs) = history(export);
    advise(&History { monitor: &monitor, runs: &runs, outages: &[] })
}

#[track_caller]
fn only(export: &Export, kind: &str) -> Advice {
    let found = advice(export);
    let [advice] = found.as_slice() else { unreachable!("{found:?}") };
    assert_eq!(advice.kind, kind, "{advice:?}");
    assert!(3 * advice.after <= advice.before, "{advice:?}");
    advice.clone()
}

fn settings(advice: &Advice) -> Value {
    Value::Object(advice.settings.clone())
}

/// `days` instants, each a day after the one before.
fn daily(first: &str, days: i64) -> impl Iterator<Item = Timestamp> {
    let first: Timestamp = first.parse().unwrap();
    (0..days).map(move |day| first + SignedDuration::from_hours(24 * day))
}

#[test]
fn runs_that_keep_the_hours_of_another_zone_name_it() {
    // The job was declared in Vienna, and runs by a scheduler in UTC: 3:00 UTC is two hours after 3:00 in Vienna.
    let vienna = config("0 3 * * *", &json!({"timezone": "Europe/Vienna", "checkin_margin": 5}));
    let rows = job(&vienna, daily("2024-06-03T03:00:07Z", 20));
    let found = only(&rows, "time_zone");
    assert_eq!(settings(&found), json!({"timezone": "UTC"}));
    assert!(found.text.contains("2 hours after their time in Europe/Vienna"), "{found:?}");
    let attribute = found.attribute.as_ref().unwrap();
    assert!(
        attribute.contains("timezone = \"UTC\"") && attribute.contains("checkin_margin = 5"),
        "{attribute}"
    );
    // The job keeps Vienna's hours, and the crontab is in UTC.
    let rows = job(&config("0 3 * * *", &json!({})), daily("2024-06-03T01:00:02Z", 20));
    let found = only(&rows, "time_zone");
    assert_eq!(settings(&found), json!({"timezone": "Europe/Vienna"}));
    assert!(found.text.contains("2 hours before their time in UTC"), "{found:?}");
}

#[test]
fn half_as_many_runs_as_slots_have_two_readings() {
    let rows = job(&config("*/5 * * * *", &json!({})), (0..24).map(|run| start() + minutes(10 * run)));
    let found = only(&rows, "schedule");
    assert_eq!(settings(&found), json!({"schedule": "*/10 * * * *"}));
    assert_eq!(found.readings.len(), 2, "{found:?}");
    assert!(found.text.contains("half as many"), "{found:?}");
    assert!(found.readings[1].contains("leaves out each second run"), "{found:?}");
    // The step goes into the field of the hours in a crontab of hours.
    let rows = job(&config("7 * * * *", &json!({})), (0..16).map(|run| start() + minutes(7 + 120 * run)));
    let found = only(&rows, "schedule");
    assert_eq!(settings(&found), json!({"schedule": "7 */2 * * *"}));
}

#[test]
fn weekdays_of_another_dialect_are_recognised() {
    // The weekdays 2-6 are Monday to Friday for Quartz. 3 June 2024 is a Monday.
    let days = (0..40).filter(|day| day % 7 < 5);
    let starts = days.map(|day| start() + SignedDuration::from_hours(24 * day + 9));
    let rows = job(&config("0 9 * * 2-6", &json!({})), starts);
    let found = only(&rows, "dialect");
    assert_eq!(settings(&found), json!({"schedule": "0 9 * * 1-5"}));
}

#[test]
fn runs_a_second_early_are_a_matter_of_the_clock() {
    let starts = (1..16).map(|hour| start() + minutes(60 * hour) - SignedDuration::from_secs(1));
    let rows = job_that_takes(&config("0 * * * *", &json!({})), starts, SignedDuration::from_millis(400));
    let found = only(&rows, "clock");
    assert_eq!((settings(&found), &found.attribute), (json!({}), &None));
    assert!(found.text.contains("began 1 second before their time"), "{found:?}");
}

#[test]
fn a_margin_that_avoids_nine_of_ten_misses_is_named() {
    // The runs are late by 2 to 6 minutes, and once by half an hour.
    let late = |run: i64| if run == 7 { 31 } else { 2 + run % 5 };
    let rows =
        job(&config("0 * * * *", &json!({})), (0..20).map(|run| start() + minutes(60 * run + late(run))));
    let found = only(&rows, "margin");
    assert_eq!(settings(&found), json!({"checkin_margin": 7}));
    assert_eq!(found.after, 1, "{found:?}");
    assert!(found.attribute.as_ref().unwrap().contains("checkin_margin = 7,"), "{found:?}");
}

#[test]
fn a_run_time_that_fits_nearly_all_runs_is_named() {
    let hourly = config("0 * * * *", &json!({"max_runtime": 10}));
    let starts = || (0..15).map(|run| start() + minutes(60 * run) + SignedDuration::from_secs(2));
    let rows = job_that_takes(&hourly, starts(), minutes(17));
    let found = only(&rows, "max_runtime");
    assert_eq!((settings(&found), found.failure), (json!({"max_runtime": 18}), "timeout"));
}

#[test]
fn a_job_that_is_on_time_gets_no_advice() {
    let hourly = || config("0 * * * *", &json!({}));
    for (case, rows) in [
        ("on time", job(&hourly(), (0..30).map(|run| start() + minutes(60 * run)))),
        ("fewer than ten slots", job(&hourly(), (0..9).map(|run| start() + minutes(60 * run + 5)))),
        (
            "two misses of thirty",
            job(
                &hourly(),
                (0..30).map(|run| start() + minutes(60 * run + if run % 15 == 7 { 5 } else { 0 })),
            ),
        ),
        // A margin below the time between two runs cannot remove two thirds of the misses.
        (
            "a job that is often absent",
            job(&hourly(), [0, 1, 2, 9, 10, 20, 21, 22, 33, 40].map(|run| start() + minutes(60 * run))),
        ),
    ] {
        assert_eq!(advice(&rows), Vec::<Advice>::new(), "{case}");
    }
}

#[test]
fn advice_that_was_taken_is_not_given_again() {
    let late = |run: i64| start() + minutes(60 * run + 4);
    let rows = job(&config("0 * * * *", &json!({})), (0..20).map(late));
    assert_eq!(settings(&only(&rows, "margin")), json!({"checkin_margin": 5}));
    let (mut monitor, runs) = history(&rows);
    monitor.config.checkin_margin = Some(5);
    assert_eq!(advise(&History { monitor: &monitor, runs: &runs, outages: &[] }), Vec::new());
    // A history with another schedule proves nothing about the new one.
    monitor.config.schedule = crons_types::Schedule::crontab("4 * * * *").unwrap();
    assert_eq!(advise(&History { monitor: &monitor, runs: &runs, outages: &[] }), Vec::new());
}

#[test]
fn a_run_that_ends_before_its_deadline_sent_no_keep_alive() {
    let runs = vec![(15_968, 1, false), (18_720, 1, false), (15_900, 2_101, false)];
    let (found, expected) = rehearsed_and_simulated(runs, 1, 36);
    assert_eq!(found, expected);
    assert_eq!(expected.0.len(), 1, "the end of the oldest run moves no expectation");
}

/// The missed and the timed-out runs of overlapping runs (second of the start, length, whether it went well): as rehearsed and as simulated.
#[expect(clippy::type_complexity, reason = "two pairs of one kind")]
fn rehearsed_and_simulated(
    runs: Vec<(i64, i64, bool)>,
    margin: u32,
    runtime: u32,
) -> ((Vec<Timestamp>, Vec<Timestamp>), (Vec<Timestamp>, Vec<Timestamp>)) {
    let hourly = config("0 * * * *", &json!({"checkin_margin": margin, "max_runtime": runtime}));
    let mut events = Vec::new();
    for (number, (second, length, well)) in (1_u64..).zip(runs) {
        let begin = start() + SignedDuration::from_secs(second);
        let end = if well { "ok" } else { "error" };
        for (at, status) in [(begin, "in_progress"), (begin + SignedDuration::from_secs(length), end)] {
            let check_in = json!({"monitor_slug": "job", "check_in_id": format!("{number:032x}"), "status": status,
                "monitor_config": hourly});
            events.push((at, json!({"at": at.to_string(), "check_in": check_in})));
        }
    }
    let rows = simulated(events);
    let (monitor, runs) = history(&rows);
    let reports: Vec<JobReport> = History { monitor: &monitor, runs: &runs, outages: &[] }.reports();
    let mut found = rehearse(&monitor, &reports, &[]).unwrap();
    let of = |status: Status| {
        let rows = rows.check_ins.iter().filter(|(_, _, run)| run.status == status);
        let mut began: Vec<Timestamp> = rows.map(|(_, _, run)| run.date_added).collect();
        began.sort();
        began
    };
    found.timed_out.sort();
    ((found.missed, found.timed_out), (of(Status::Missed), of(Status::Timeout)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The rules that advice is proved with are those of the server.
    #[test]
    fn a_rehearsal_fails_the_runs_that_the_server_fails(
        runs in proptest::collection::vec((0..6 * 3_600_i64, 1..4_000_i64, any::<bool>()), 1..14),
        margin in 1..30_u32, runtime in 1..50_u32,
    ) {
        let (found, expected) = rehearsed_and_simulated(runs, margin, runtime);
        prop_assert_eq!(found, expected);
    }
}
