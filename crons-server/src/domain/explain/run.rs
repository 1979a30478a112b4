//! The derivation of a run: why it is ok, failed, in progress, missed, timed out or unknown.

use jiff::SignedDuration;

use super::deadlines::{missed, passed, timed_out};
use super::explanation::{Derived, Explanation, Step};
use super::follow_up::follow_up;
use super::reports::{failed, in_progress, ok};
use super::unknown::{disabled, outage, unknown};
use super::words::span;
use crate::domain::decision::Cause;
use crate::domain::model::{CheckIn, Incident, Status};

/// A run with the rows around it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedRun {
    pub monitor_slug: String,
    pub environment: String,
    pub run: CheckIn,
    /// The last run that began before this one and that the job itself reported; `None` if there is none.
    pub previous: Option<CheckIn>,
    /// The first run that began after this one and that the job itself reported; `None` if there is none.
    pub next: Option<CheckIn>,
    /// The incident that the run opened, was counted in, or resolved.
    pub incident: Option<Incident>,
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
        (cause, Status::Missed) => {
            missed(run, &passed(run, cause), explained.previous.as_ref(), explained.next.as_ref())
        }
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
