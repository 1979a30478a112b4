//! The derivation of a run whose deadline has passed: missed, or timed out.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::explanation::{Derived, Rule, Step};
use super::prevention;
use super::reports::reports;
use super::words::{count, minutes, span, time_in};
use crate::domain::decision::{Cause, PassedAt};
use crate::domain::model::{CheckIn, Status, truncate_to_minute};

/// Returns the deadline that a run passed. For a run of an earlier version, which did not store it, it is computed from the configuration
/// of the run.
pub(super) fn passed(run: &CheckIn, cause: Option<&Cause>) -> PassedAt {
    if let Some(Cause::Deadline(passed)) = cause {
        return *passed;
    }
    let add = |instant: Timestamp, minutes: u32| {
        instant.saturating_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(instant)
    };
    if run.status == Status::Missed {
        let deadline = add(run.expected_time.unwrap_or(run.date_added), run.config.margin());
        return PassedAt { deadline, evaluated_at: run.date_clock.max(deadline), last_report: None };
    }
    let begin = run.date_in_progress.unwrap_or(run.date_added);
    let deadline = run.timeout_at.unwrap_or_else(|| add(truncate_to_minute(begin), run.config.runtime()));
    PassedAt { deadline, evaluated_at: deadline, last_report: Some(begin) }
}

/// Derives a miss. `previous` and `next` are the runs around it that the job has reported.
pub(super) fn missed(
    run: &CheckIn,
    passed: &PassedAt,
    previous: Option<&CheckIn>,
    next: Option<&CheckIn>,
) -> Derived {
    let (config, zone) = (&run.config, run.config.zone());
    let expected = run.expected_time.unwrap_or(run.date_added);
    let margin = minutes(expected, passed.deadline);
    let schedule = format!("{}, {zone}", config.schedule.describe());
    let text = format!(
        "a run is missed if no report of the job arrives before its deadline, the expected time plus `checkin_margin`. {} + {} = {}, and \
         no report arrived before",
        time_in(expected, zone),
        count(margin, "minute"),
        time_in(passed.deadline, zone)
    );
    Derived {
        title: format!("the run of {} was missed", time_in(expected, zone)),
        steps: vec![
            Step::new("expected", expected, format!("a run was expected ({schedule})")),
            Step::new(
                "deadline",
                passed.deadline,
                format!("the deadline passed: `checkin_margin` is {}", count(margin, "minute")),
            ),
            evaluated(passed),
        ],
        rule: Rule {
            name: "missed",
            text,
            inputs: vec![
                ("expected", json!(expected)),
                ("checkinMargin", json!(margin)),
                ("deadline", json!(passed.deadline)),
                ("evaluatedAt", json!(passed.evaluated_at)),
            ],
        },
        prevention: prevention::of_miss(config, expected, passed, previous, next),
    }
}

/// Derives a timeout.
pub(super) fn timed_out(run: &CheckIn, passed: &PassedAt) -> Derived {
    let zone = run.config.zone();
    let last_report = passed.last_report.unwrap_or(run.date_added);
    let runtime = minutes(truncate_to_minute(last_report), passed.deadline);
    let end = run.reported.filter(|reported| reported.is_reported_end()).map(|_| run.date_updated);
    let mut steps = reports(run);
    if Some(last_report) != run.date_in_progress && steps.iter().all(|step| step.at != last_report) {
        steps.push(Step::new("kept_alive", last_report, "the last report that it is in progress arrived"));
    }
    steps.push(Step::new(
        "deadline",
        passed.deadline,
        format!("the deadline passed: `max_runtime` is {}", count(runtime, "minute")),
    ));
    steps.push(evaluated(passed));
    let text = format!(
        "a run times out if neither its end nor a report that it is in progress arrives within `max_runtime` after the minute of its last \
         report. {} + {} = {}, and {}",
        time_in(truncate_to_minute(last_report), zone),
        count(runtime, "minute"),
        time_in(passed.deadline, zone),
        match end {
            Some(end) => format!("the end arrived {} later", span(end.duration_since(passed.deadline))),
            None => "no end arrived".to_owned(),
        }
    );
    Derived {
        title: format!("the run of {} timed out", time_in(run.date_added, zone)),
        steps,
        rule: Rule {
            name: "timeout",
            text,
            inputs: vec![
                ("lastReport", json!(last_report)),
                ("maxRuntime", json!(runtime)),
                ("deadline", json!(passed.deadline)),
                ("evaluatedAt", json!(passed.evaluated_at)),
                ("ended", json!(end)),
            ],
        },
        prevention: prevention::of_timeout(zone, last_report, passed.deadline, end),
    }
}

/// The step in which the server noticed that the deadline had passed.
pub(super) fn evaluated(passed: &PassedAt) -> Step {
    let late = passed.evaluated_at.duration_since(passed.deadline);
    let text = if late.is_zero() {
        "the server evaluated the deadlines of this minute".to_owned()
    } else {
        format!("the server evaluated the deadline, {} after it", span(late))
    };
    Step::new("evaluated", passed.evaluated_at, text)
}
