//! The derivation of a run from the reports of the job: ok, failed, or in progress.

use serde_json::json;

use super::explanation::{Derived, Prevention, Rule, Step};
use super::words::{minutes, time_in};
use crate::domain::decision::Cause;
use crate::domain::model::{CheckIn, truncate_to_minute};

/// The steps of a run that the job has reported: expected, began, still in progress, ended.
pub(super) fn reports(run: &CheckIn) -> Vec<Step> {
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

/// Derives a failure that the job has reported.
pub(super) fn failed(run: &CheckIn, cause: Option<&Cause>) -> Derived {
    let at = match cause {
        Some(Cause::Reported { at }) => *at,
        _ => run.date_updated,
    };
    let reason = match run.note {
        Some(_) => "the note of the run has what it reported",
        None => "its own log has the reason; its report had no note",
    };
    Derived {
        title: format!("the run of {} failed", time_in(run.date_added, run.config.zone())),
        steps: reports(run),
        rule: Rule {
            name: "error",
            text: "a run fails if the job itself reports the status `error`".to_owned(),
            inputs: vec![("reportedAt", json!(at)), ("durationMs", json!(run.duration_ms))],
        },
        prevention: vec![Prevention::from(format!("a job that does not fail: {reason}"))],
    }
}

/// Derives a success.
pub(super) fn ok(run: &CheckIn) -> Derived {
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

/// Derives that a run goes on.
pub(super) fn in_progress(run: &CheckIn) -> Derived {
    let zone = run.config.zone();
    // The configuration may have changed since the run began, so the limit is that of the deadline.
    let runtime = run.timeout_at.map(|deadline| minutes(truncate_to_minute(run.date_updated), deadline));
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
            inputs: vec![("deadline", json!(run.timeout_at)), ("maxRuntime", json!(runtime))],
        },
        prevention: Vec::new(),
    }
}
