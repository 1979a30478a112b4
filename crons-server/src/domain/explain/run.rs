//! The derivation of a run: why it is ok, failed, in progress, missed, timed out or unknown.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::explanation::{Explanation, Prevention, Rule, Step};
use super::follow_up::follow_up;
use super::prevention;
use super::words::{count, minutes, span, time_in};
use crate::domain::decision::{Cause, PassedAt};
use crate::domain::model::{CheckIn, Incident, Status, truncate_to_minute};

/// A run with the rows around it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRun {
    pub monitor_slug: String,
    pub environment: String,
    pub run: CheckIn,
    /// The run that began last before it and that the job itself reported; `None` if there is none.
    pub previous: Option<CheckIn>,
    /// The run that began first after it and that the job itself reported; `None` if there is none.
    pub next: Option<CheckIn>,
    /// The incident that it opened, was counted in, or resolved.
    pub incident: Option<Incident>,
}

/// A status with its reason.
struct Derived {
    title: String,
    steps: Vec<Step>,
    rule: Rule,
    prevention: Vec<Prevention>,
}

/// Derives the status of a run.
pub fn explain_run(explained: &ExplainedRun) -> Explanation {
    let ExplainedRun { monitor_slug, environment, run, incident, .. } = explained;
    let derived = match (run.decision.as_ref().map(|decision| &decision.cause), run.status) {
        (Some(Cause::Outage { passed, since, until }), Status::Unknown) => {
            outage(run, passed, *since, *until)
        }
        (Some(Cause::Disabled { until }), Status::Unknown) => disabled(run, *until),
        (_, Status::Unknown) => unknown(run),
        (cause, Status::Missed) => missed(explained, &passed(run, cause)),
        (cause, Status::Timeout) => timed_out(run, &passed(run, cause)),
        (cause, Status::Error) => failed(run, cause),
        (_, Status::Ok) => ok(run),
        (_, Status::InProgress) => in_progress(run),
    };
    let Derived { title, mut steps, rule, prevention } = derived;
    steps.extend(around(explained));
    steps.sort_by_key(|step| step.at);
    Explanation {
        id: run.guid,
        kind: "check_in",
        status: run.status.as_str(),
        monitor_slug: monitor_slug.clone(),
        environment: environment.clone(),
        timezone: run.config.zone(),
        title,
        steps,
        rule,
        consequence: follow_up(run, incident.as_ref()),
        prevention,
    }
}

/// The runs before and after.
fn around(explained: &ExplainedRun) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(run) = &explained.previous {
        let text = format!("the run before it began; it {}", ending(run));
        steps.push(Step::new("previous_run", run.date_added, text).of(run.guid));
    }
    if let Some(run) = &explained.next {
        let text = format!("the next run began; it {}", ending(run));
        steps.push(Step::new("next_run", run.date_added, text).of(run.guid));
    }
    steps
}

fn ending(run: &CheckIn) -> String {
    let after = run.duration_ms.map_or(String::new(), |milliseconds| {
        format!(" after {}", span(SignedDuration::from_millis(milliseconds)))
    });
    match run.status {
        Status::Ok => format!("was ok{after}"),
        Status::Error => format!("failed{after}"),
        Status::Timeout => "timed out".to_owned(),
        Status::InProgress => "is in progress".to_owned(),
        Status::Missed => "was missed".to_owned(),
        Status::Unknown => "is unknown".to_owned(),
    }
}

/// The deadline that passed. For a run of an earlier version, which did not store it, it is computed from the configuration of the run.
fn passed(run: &CheckIn, cause: Option<&Cause>) -> PassedAt {
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

/// The steps of a run that the job has reported: expected, began, still in progress, ended.
fn reports(run: &CheckIn) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(expected) = run.expected_time {
        steps.push(Step::new("expected", expected, "a run was expected"));
    }
    match run.date_in_progress {
        Some(begin) => steps.push(Step::new("began", begin, "the start of the run arrived")),
        None if run.reported.is_some() => {
            steps.push(Step::new("arrived", run.date_added, "the first report of the run arrived: its end"));
        }
        None => {}
    }
    let end = run.reported.filter(|reported| reported.is_reported_end());
    if let (Some(end), Some(_)) = (end, run.date_in_progress) {
        let text = format!("the end of the run arrived: {}", end.as_str());
        steps.push(Step::new("ended", run.date_updated, text));
    } else if end.is_none() && run.date_in_progress.is_some_and(|begin| run.date_updated > begin) {
        steps.push(Step::new(
            "kept_alive",
            run.date_updated,
            "the last report that it is in progress arrived",
        ));
    }
    steps
}

fn missed(explained: &ExplainedRun, passed: &PassedAt) -> Derived {
    let ExplainedRun { run, previous, next, .. } = explained;
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
                format!("its deadline passed: `checkin_margin` is {}", count(margin, "minute")),
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
        prevention: prevention::of_miss(config, expected, passed, previous.as_ref(), next.as_ref()),
    }
}

fn timed_out(run: &CheckIn, passed: &PassedAt) -> Derived {
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
        format!("its deadline passed: `max_runtime` is {}", count(runtime, "minute")),
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
        prevention: prevention::of_timeout(&run.config, run, passed, end),
    }
}

fn evaluated(passed: &PassedAt) -> Step {
    let late = passed.evaluated_at.duration_since(passed.deadline);
    let text = if late.is_zero() {
        "the server evaluated the deadlines of this minute".to_owned()
    } else {
        format!("the server evaluated the deadline, {} after it", span(late))
    };
    Step::new("evaluated", passed.evaluated_at, text)
}

fn outage(run: &CheckIn, passed: &PassedAt, since: Timestamp, until: Timestamp) -> Derived {
    let zone = run.config.zone();
    let mut steps = if passed.last_report.is_some() {
        reports(run)
    } else {
        vec![Step::new("expected", run.expected_time.unwrap_or(run.date_added), "a run was expected")]
    };
    steps.push(Step::new("outage_began", since, "the server stopped receiving"));
    steps.push(Step::new("outage_ended", until, "the server received again"));
    steps.push(Step::new("deadline", passed.deadline, "the deadline passed"));
    steps.push(evaluated(passed));
    let text = format!(
        "a run is unknown, and no failure, if the report that was due may have been sent while the server was not receiving: from {} to {}",
        time_in(since, zone),
        time_in(until, zone)
    );
    let inputs = [
        ("deadline", passed.deadline),
        ("evaluatedAt", passed.evaluated_at),
        ("outageSince", since),
        ("outageUntil", until),
    ];
    Derived {
        title: format!(
            "the run of {} is unknown: the server was not receiving",
            time_in(run.date_added, zone)
        ),
        steps,
        rule: Rule {
            name: "not_receiving",
            text,
            inputs: inputs.into_iter().map(|(name, at)| (name, json!(at))).collect(),
        },
        prevention: vec![Prevention::from("a server that was running and reachable in that time".to_owned())],
    }
}

fn disabled(run: &CheckIn, until: Timestamp) -> Derived {
    let zone = run.config.zone();
    let mut steps = reports(run);
    steps.push(Step::new("enabled", until, "the monitor was enabled"));
    Derived {
        title: format!("the run of {} is unknown: the monitor was disabled", time_in(run.date_added, zone)),
        steps,
        rule: Rule {
            name: "monitor_disabled",
            text: "a run is unknown, and no failure, if its deadline passed or its end was refused while the monitor was disabled"
                .to_owned(),
            inputs: vec![("enabledAt", json!(until)), ("endRefused", json!(run.unheard)), ("deadline", json!(run.timeout_at))],
        },
        prevention: vec![Prevention::from(
            "muting instead of disabling: check-ins of a muted monitor count, and nobody is notified".to_owned(),
        )],
    }
}

fn unknown(run: &CheckIn) -> Derived {
    Derived {
        title: format!("the run of {} is unknown", time_in(run.date_added, run.config.zone())),
        steps: reports(run),
        rule: Rule {
            name: "unknown",
            text: "a run is unknown if its report may have been sent while the server was not receiving, or was refused while the monitor \
                   was disabled; which of them is not stored, as the run was recorded by an earlier version"
                .to_owned(),
            inputs: Vec::new(),
        },
        prevention: Vec::new(),
    }
}

fn failed(run: &CheckIn, cause: Option<&Cause>) -> Derived {
    let at = match cause {
        Some(Cause::Reported { at }) => *at,
        _ => run.date_updated,
    };
    Derived {
        title: format!("the run of {} failed", time_in(run.date_added, run.config.zone())),
        steps: reports(run),
        rule: Rule {
            name: "error",
            text: "a run fails if the job itself reports the status `error`".to_owned(),
            inputs: vec![("reportedAt", json!(at)), ("durationMs", json!(run.duration_ms))],
        },
        prevention: vec![Prevention::from(
            "a job that does not fail: its own log has the reason; the server knows only the status"
                .to_owned(),
        )],
    }
}

fn ok(run: &CheckIn) -> Derived {
    Derived {
        title: format!("the run of {} was ok", time_in(run.date_added, run.config.zone())),
        steps: reports(run),
        rule: Rule {
            name: "ok",
            text: "a run is ok if the job reports the status `ok` before the run has timed out".to_owned(),
            inputs: vec![("reportedAt", json!(run.date_updated)), ("durationMs", json!(run.duration_ms))],
        },
        prevention: Vec::new(),
    }
}

fn in_progress(run: &CheckIn) -> Derived {
    let zone = run.config.zone();
    let deadline = run.timeout_at.map_or(Value::Null, |deadline| json!(deadline));
    let until = run.timeout_at.map_or(String::new(), |deadline| {
        format!(
            ": it times out at {} unless its end or another report arrives before",
            time_in(deadline, zone)
        )
    });
    Derived {
        title: format!("the run of {} is in progress", time_in(run.date_added, zone)),
        steps: reports(run),
        rule: Rule {
            name: "in_progress",
            text: format!("a run is in progress until its end arrives{until}"),
            inputs: vec![("deadline", deadline), ("maxRuntime", json!(run.config.runtime()))],
        },
        prevention: Vec::new(),
    }
}
