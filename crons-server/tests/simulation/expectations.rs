//! Tests of when a run is expected next: time zones, months, and a monitor that was disabled.

use crate::dsl::*;
use crons_server::{Simulation, parse_timeline};
use serde_json::json;

#[test]
fn a_daily_run_at_half_past_two_is_expected_once_on_the_days_when_the_clocks_change() {
    let vienna = |event: Event| event.crontab("30 2 * * *").set(json!({"timezone": "Europe/Vienna"}));
    // The clocks skip 2:30 on 31 March 2024, so the run is expected at 3:00 (1:00 UTC). On 27 October it is 2:30 twice.
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
fn an_interval_in_hours_is_as_long_as_ever_while_the_clocks_change() {
    let berlin = |event: Event| event.every(2, "hour").set(json!({"timezone": "Europe/Berlin"}));
    // The clocks go from 2:00 to 3:00: upstream expects this run at 1:10 UTC, and reports it as missed.
    proves(
        &[
            ("2024-03-31T00:10:00", berlin(ok("a"))),
            ("2024-03-31T02:10:00", berlin(ok("b"))),
            ("2024-03-31T04:10:59", tick()),
        ],
        "a ok 2024-03-31T00:10
         b ok 2024-03-31T02:10 expected 2024-03-31T02:10
         = ok, last 2024-03-31T02:10, next 2024-03-31T04:10, latest 2024-03-31T04:11",
    );
    // The clocks go from 3:00 to 2:00: upstream expects the run at 2:10 UTC, and notices an hour late that the job is dead.
    proves(
        &[("2024-10-26T23:10:00", berlin(ok("a"))), ("2024-10-27T03:11:00", tick())],
        "a ok 2024-10-26T23:10
         #1 missed 2024-10-27T01:10 expected 2024-10-27T01:10
         #2 missed 2024-10-27T03:10 expected 2024-10-27T03:10
         = error, last 2024-10-26T23:10, next 2024-10-27T05:10, latest 2024-10-27T05:11
         ! 2024-10-27T01:10 #1
         > 2024-10-27T01:11 #1 A missed check-in was detected
         > 2024-10-27T03:11 #2 A missed check-in was detected",
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
    // The end of the run that had not ended by its deadline could not be received.
    proves(
        &[
            ("10:00", in_progress("a")),
            ("10:10", disable(true)),
            ("12:15", disable(false)),
            ("13:01", tick()),
        ],
        "a unknown 10:00 timeout 10:30 begun 10:00
         #1 missed 13:00 expected 13:00
         = error, last 10:00, next 14:00, latest 14:01
         ! 13:00 #1
         > 13:01 #1 A missed check-in was detected",
    );
}

/// Returns the report of a run whose monitor is disabled from 10:10 to 10:20; the open run would be timed out at 10:30.
fn disabled_for_ten_minutes(filtered: Option<Event>, later: &[(&'static str, Event)]) -> String {
    let mut timeline = vec![("10:00", in_progress("a").at("dev")), ("10:10", disable(true))];
    timeline.extend(filtered.map(|report| ("10:12", report)));
    timeline.push(("10:20", disable(false)));
    timeline.extend_from_slice(later);
    timeline.push(("10:54", tick()));
    let told = only(&report(&timeline, EVERY, LIMIT), &['a', '!', '>']);
    told.join("\n").replace(" @dev", "")
}

#[test]
fn a_run_whose_end_was_filtered_while_its_monitor_was_disabled_is_unknown_afterwards() {
    let run = |event: Event| event.at("dev");
    let unknown = "a unknown 10:00 timeout 10:30 begun 10:00";
    for filtered in [ok("a"), error("a"), ok("a").bare(), ok(NIL).bare()] {
        assert_eq!(disabled_for_ten_minutes(Some(run(filtered.clone())), &[]), unknown, "{filtered:?}");
    }
    // The end of the run was not among the filtered reports: at most it was reported to be alive.
    let timeout =
        "a timeout 10:00 timeout 10:30 begun 10:00\n! 10:00 a\n> 10:30 a A timeout check-in was detected";
    let elsewhere = ok(NIL).bare().at("production");
    for filtered in
        [None, Some(run(in_progress("a"))), Some(run(in_progress("b"))), Some(run(ok("b"))), Some(elsewhere)]
    {
        assert_eq!(disabled_for_ten_minutes(filtered.clone(), &[]), timeout, "{filtered:?}");
    }
    // A later report counts as usual.
    let later = |event: Event| disabled_for_ten_minutes(Some(run(ok("a"))), &[("10:25", run(event))]);
    assert_eq!(later(ok("a")), "a ok 10:00 1500000ms begun 10:00");
    assert_eq!(later(in_progress("a")), "a in_progress 10:00 timeout 10:55 begun 10:00");
    assert_eq!(
        later(error("a")),
        "a error 10:00 1500000ms begun 10:00\n! 10:00 a\n> 10:25 a An error check-in was detected"
    );
}

#[test]
fn to_enable_what_is_enabled_changes_nothing() {
    let expected = "a ok 10:00\n= ok, last 10:00, next 11:00, latest 11:01";
    proves(&[("10:00", ok("a")), ("10:59", disable(false)), ("11:00:30", disable(false))], expected);
    proves(&[("10:00", disable(true)), ("10:00", ok("a"))], expected);
}

#[test]
fn a_late_begin_of_a_failed_run_moves_no_expectation_that_a_later_run_has_set() {
    let ten = |event: Event| {
        let schedule = json!({"type": "interval", "value": 10, "unit": "minute"});
        event.set(json!({"schedule": schedule, "failure_issue_threshold": 2}))
    };
    proves(
        &[
            ("10:00:00", ten(error("a"))),
            ("10:05:00", ten(ok("b"))),
            ("10:14:00", ten(in_progress("a"))),
            ("10:16:00", tick()),
        ],
        "a error 10:00 840000ms begun 10:14
         b ok 10:05 expected 10:10
         #1 missed 10:15 expected 10:15
         = ok, last 10:05, next 10:25, latest 10:26",
    );
}

#[test]
fn what_happens_at_one_instant_happens_in_the_order_of_the_file() {
    let status = |runs: &[Event]| {
        let timeline: Vec<_> = runs.iter().map(|run| ("10:00", run.clone())).collect();
        only(&report(&timeline, LISTED, LIMIT), &['a', 'b'])
    };
    assert_eq!(status(&[ok("a"), error("a")]), ["a ok 10:00"]);
    assert_eq!(status(&[error("a"), ok("a")]), ["a error 10:00"]);
    assert_eq!(status(&[ok("b"), ok("a")]), ["b ok 10:00", "a ok 10:00 expected 11:00"]);
    assert_eq!(status(&[ok("a"), disable(true), ok("b")]), ["a ok 10:00"]);
    assert_eq!(status(&[ok("a"), disable(true), disable(false), ok("b")]).len(), 2);
    // The minute is evaluated beside an end, before it or after it.
    let ends = |last: [Event; 2]| {
        let [one, other] = last;
        let timeline = [("10:00", in_progress("a")), ("10:30", one), ("10:30", other)];
        only(&report(&timeline, LISTED, LIMIT), &['a']).concat()
    };
    assert!(ends([ok("a"), tick()]).starts_with("a ok"));
    assert!(ends([tick(), ok("a")]).starts_with("a timeout"));
}

#[test]
fn time_never_runs_backwards() {
    let text = lines(&[("10:00", ok("a")), ("10:00", ok("b")), ("09:59:59.999999999", ok("c"))]);
    let refused = parse_timeline(&text).unwrap_err();
    assert!(
        refused.starts_with("line 3: at: 2024-06-03T09:59:59.999999999Z is before 2024-06-03T10:00:00Z"),
        "{refused}"
    );

    let mut simulation = Simulation::new(EVERY, LIMIT).unwrap();
    let events =
        [("10:00", ok("a")), ("09:00", ok("b"))].map(|event| parse_timeline(&lines(&[event])).unwrap());
    let mut outcomes = events.into_iter().flatten().map(|event| simulation.apply(event));
    assert!(outcomes.next().unwrap().is_ok());
    let refused = outcomes.next().unwrap().unwrap_err().to_string();
    assert_eq!(
        refused,
        "at: 2024-06-03T09:00:00Z is before 2024-06-03T10:00:00Z, the time of the event before it"
    );
}
