//! The derivation of an incident: why it began, and why it ended or goes on.

use serde_json::json;
use uuid::Uuid;

use super::explanation::{Explanation, FollowUp, Prevention, Rule, Setting, Step};
use super::words::{count, span, time_in};
use crate::domain::decision::Consequence;
use crate::domain::model::{CheckIn, Config, Incident, Status};
use crate::domain::silenced::Silenced;

/// An incident with the rows around it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedIncident {
    pub monitor_slug: String,
    pub environment: String,
    /// The configuration that the monitor has now.
    pub config: Config,
    pub incident: Incident,
    /// The newest of the failures that opened it, in the order of their starts.
    pub failures: Vec<CheckIn>,
    /// The run that resolved it.
    pub resolving: Option<CheckIn>,
    /// The newest finished runs of the environment, newest first, as many as the recovery threshold looks at.
    pub newest: Vec<CheckIn>,
    /// The time of the first notification; `None` if nobody was notified.
    pub first_notified: Option<jiff::Timestamp>,
}

/// The most rows of a history that a derivation looks at.
pub const LOOK_BACK: usize = 1_000;
/// The most failures that a derivation lists.
const LISTED: usize = 10;

impl ExplainedIncident {
    /// Chooses the failures that opened the incident among failed runs up to the last of them, which are newest first: those that were
    /// decided by then, and not for an incident that was open already.
    pub fn take_failures(&mut self, runs: &mut Vec<CheckIn>) {
        let (opened, threshold) = match self.incident.opening {
            Some(opening) => (opening.at, opening.threshold as usize),
            None => (jiff::Timestamp::MAX, 1),
        };
        let is_counted = |run: &CheckIn| match run.decision.as_deref() {
            Some(decision) => {
                !matches!(decision.consequence, Some(Consequence::Further { .. }))
                    && decision.cause.decided_at() <= opened
            }
            None => true,
        };
        runs.retain(is_counted);
        runs.truncate(threshold.min(LISTED));
        runs.reverse();
        self.failures = std::mem::take(runs);
    }
}

/// Derives the beginning and the end of an incident.
pub fn explain_incident(explained: &ExplainedIncident) -> Explanation {
    let ExplainedIncident { monitor_slug, environment, config, incident, .. } = explained;
    let zone = config.zone();
    let since = time_in(incident.started_at, zone);
    let title = match incident.resolved_at {
        Some(resolved) => {
            format!(
                "an incident from {since}, resolved after {}",
                span(resolved.duration_since(incident.started_at))
            )
        }
        None => format!("an incident since {since}, not resolved"),
    };
    let mut steps = steps(explained);
    steps.sort_by_key(|step| step.at);
    Explanation {
        id: incident.guid,
        kind: "incident",
        status: if incident.resolved_at.is_some() { "resolved" } else { "open" },
        monitor_slug: monitor_slug.clone(),
        environment: environment.clone(),
        timezone: zone,
        title,
        steps,
        rule: rule(explained),
        consequence: Some(end(explained)),
        prevention: prevention(explained),
    }
}

fn steps(explained: &ExplainedIncident) -> Vec<Step> {
    let ExplainedIncident { incident, failures, resolving, first_notified, .. } = explained;
    let mut steps = Vec::new();
    let failed = |run: &CheckIn| match run.status {
        Status::Missed => "a run was missed",
        Status::Timeout => "a run began that timed out",
        _ => "a run began that failed",
    };
    if failures.iter().all(|run| run.guid != incident.starting_check_in) {
        let text = "the first of the failures that opened the incident";
        steps.push(Step::new("failure", incident.started_at, text).of(incident.starting_check_in));
    }
    steps.extend(failures.iter().map(|run| Step::new("failure", run.date_added, failed(run)).of(run.guid)));
    if let Some(opening) = &incident.opening {
        let text = match opening.threshold {
            1 => "the incident was opened, by this failure".to_owned(),
            threshold => format!("the incident was opened, by the last of {threshold} failures in a row"),
        };
        steps.push(Step::new("opened", opening.at, text).of(opening.check_in));
    }
    if let Some(at) = first_notified {
        steps.push(Step::new("notified", *at, "the rules for messages were first asked about the incident"));
    }
    if let Some(withheld) = &incident.withheld {
        let Silenced { until, by, why } = &withheld.silence;
        // A message about the end is kept back by a silence that goes on after it.
        let is_end = incident.notified && incident.resolved_at.is_some_and(|end| end < *until);
        let what = if is_end { "the message that it is resolved" } else { "the message that it was opened" };
        let effect = match (withheld.pending, incident.notified) {
            (true, _) => "waits for its end",
            (false, true) => "was sent at its end or after it",
            (false, false) => "was never sent, as there was nothing to tell any more",
        };
        // A silence that a person ended early has ended by then: nothing was left to tell.
        let end = if withheld.pending || incident.notified {
            *until
        } else {
            incident.resolved_at.unwrap_or(*until).min(*until)
        };
        let planned = time_in(*until, explained.config.zone());
        let text = format!("a silence by {by} until {planned} ({why}) kept back {what}, which {effect}");
        steps.push(Step::new("silence_end", end, text));
    }
    if let Some(acknowledged) = &incident.acknowledged {
        steps.push(Step::new(
            "acknowledged",
            acknowledged.at,
            format!("{} acknowledged the incident", acknowledged.by),
        ));
    }
    if let (Some(at), Some(id)) = (incident.resolved_at, incident.resolving_check_in) {
        let began = resolving.as_ref().filter(|run| run.date_added < at);
        if let Some(run) = began {
            steps.push(
                Step::new("resolving_run", run.date_added, "the run that resolved the incident began").of(id),
            );
        }
        steps.push(
            Step::new("resolved", at, "the incident was resolved, by a report of the status `ok`").of(id),
        );
    }
    steps
}

fn rule(explained: &ExplainedIncident) -> Rule {
    let ExplainedIncident { incident, failures, .. } = explained;
    let id = |id: Uuid| json!(id);
    let Some(opening) = incident.opening else {
        return Rule {
            name: "incident",
            text: "an incident is opened by as many failures in a row as `failure_issue_threshold` says; an earlier version opened this \
                   one, and did not store how many these were"
                .to_owned(),
            inputs: vec![("startingCheckIn", id(incident.starting_check_in))],
        };
    };
    let shown = failures.iter().map(|run| run.status.as_str()).collect::<Vec<_>>();
    let before = if (shown.len() as u64) < u64::from(opening.threshold) { "…, " } else { "" };
    let text = format!(
        "an incident is opened by `failure_issue_threshold` failures in a row, counted over finished runs in the order of their starts: {} \
         ({before}{})",
        count(i64::from(opening.threshold), "failure"),
        shown.join(", ")
    );
    Rule {
        name: "incident",
        text,
        inputs: vec![
            ("failureIssueThreshold", json!(opening.threshold)),
            ("openedAt", json!(opening.at)),
            ("startingCheckIn", id(incident.starting_check_in)),
            ("openingCheckIn", id(opening.check_in)),
            ("failures", json!(incident.failures)),
            ("recoveryThreshold", json!(incident.recovery_threshold)),
            ("resolvedAt", json!(incident.resolved_at)),
            ("resolvingCheckIn", json!(incident.resolving_check_in)),
        ],
    }
}

/// Explains why an incident has ended, or what it waits for.
fn end(explained: &ExplainedIncident) -> FollowUp {
    let ExplainedIncident { config, incident, newest, .. } = explained;
    // A message that a silence keeps back, or kept back, is no mute.
    let muted = incident.opening.is_some() && !incident.notified && incident.withheld.is_none();
    if incident.resolved_at.is_some() {
        let text = match incident.recovery_threshold {
            Some(needed) => {
                let runs = count(i64::from(needed), "successful run");
                format!("the incident was resolved by {runs} in a row, as many as `recovery_threshold`")
            }
            None => "the incident was resolved by the success of a run".to_owned(),
        };
        return FollowUp { name: "resolved", text, incident: None, muted };
    }
    let needed = config.recoveries();
    let well = newest.iter().take(needed).take_while(|run| run.status == Status::Ok).count();
    let last = newest.get(well).map_or(String::new(), |run| {
        format!("; the run of {} is `{}`", time_in(run.date_added, config.zone()), run.status.as_str())
    });
    let needed = match needed {
        1 => "a run ends successfully".to_owned(),
        needed => format!("{needed} runs in a row have ended successfully"),
    };
    let text = format!("the incident is open until {needed}; {well} so far{last}");
    FollowUp { name: "open", text, incident: None, muted }
}

fn prevention(explained: &ExplainedIncident) -> Vec<Prevention> {
    let incident = &explained.incident;
    let mut found = vec![Prevention::from(
        "ask for the failed runs by their ids: the answer names what would have prevented each of them"
            .to_owned(),
    )];
    let failures = incident.failures.error + incident.failures.missed + incident.failures.timeout;
    // The failures of an incident with a recovery threshold of 1 have no success among them, so they are all in a row.
    if incident.recovery_threshold == Some(1) && failures < crons_types::MonitorConfig::MAX_THRESHOLD {
        found.push(Prevention {
            text: format!(
                "a `failure_issue_threshold` of {} or more: the incident had {} in a row",
                failures + 1,
                count(i64::from(failures), "failure")
            ),
            setting: Some(Setting { name: "failure_issue_threshold", at_least: i64::from(failures) + 1 }),
        });
    }
    found
}
