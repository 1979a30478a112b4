//! The derivation of a run whose outcome is unknown.

use jiff::Timestamp;
use serde_json::json;

use super::deadlines::evaluated;
use super::explanation::{Derived, Prevention, Rule, Step};
use super::reports::reports;
use super::words::time_in;
use crate::domain::decision::PassedAt;
use crate::domain::model::CheckIn;

/// Derives that the report of a run may have been sent while the server was not receiving.
pub(super) fn outage(run: &CheckIn, passed: &PassedAt, since: Timestamp, until: Timestamp) -> Derived {
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

/// Derives that the deadline or the end of a run came while its monitor was disabled.
pub(super) fn disabled(run: &CheckIn, until: Timestamp) -> Derived {
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

/// Derives an unknown run of an earlier version, which did not store the cause.
pub(super) fn unknown(run: &CheckIn) -> Derived {
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
