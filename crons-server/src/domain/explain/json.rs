//! A derivation as JSON, with keys in Sentry's spelling.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::explanation::{Explanation, Setting};
use super::words::local;

/// The shape of a derivation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplanationJson<'a> {
    consequence: Option<FollowUpJson<'a>>,
    environment: &'a str,
    id: Uuid,
    kind: &'static str,
    monitor_slug: &'a str,
    prevention: Vec<PreventionJson<'a>>,
    rule: RuleJson<'a>,
    status: &'static str,
    steps: Vec<StepJson<'a>>,
    /// The derivation as `crons explain` prints it.
    text: String,
    timezone: &'static str,
    title: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FollowUpJson<'a> {
    incident_id: Option<Uuid>,
    muted: bool,
    name: &'static str,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct PreventionJson<'a> {
    setting: Option<Setting>,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct RuleJson<'a> {
    inputs: Map<String, Value>,
    name: &'static str,
    text: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StepJson<'a> {
    at: Timestamp,
    check_in_id: Option<Uuid>,
    /// `at` in the zone of the monitor.
    local: String,
    name: &'static str,
    text: &'a str,
}

impl<'a> From<&'a Explanation> for ExplanationJson<'a> {
    fn from(explanation: &'a Explanation) -> Self {
        let Explanation { rule, timezone, .. } = explanation;
        let prevention = explanation.prevention.iter();
        let steps = explanation.steps.iter();
        Self {
            consequence: explanation.consequence.as_ref().map(|follow_up| FollowUpJson {
                incident_id: follow_up.incident,
                muted: follow_up.muted,
                name: follow_up.name,
                text: &follow_up.text,
            }),
            environment: &explanation.environment,
            id: explanation.id,
            kind: explanation.kind,
            monitor_slug: &explanation.monitor_slug,
            prevention: prevention
                .map(|change| PreventionJson { setting: change.setting, text: &change.text })
                .collect(),
            rule: RuleJson {
                inputs: rule.inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
                name: rule.name,
                text: &rule.text,
            },
            status: explanation.status,
            steps: steps
                .map(|step| StepJson {
                    at: step.at,
                    check_in_id: step.check_in,
                    local: local(step.at, *timezone),
                    name: step.name,
                    text: &step.text,
                })
                .collect(),
            text: explanation.to_text(),
            timezone: timezone.as_str(),
            title: &explanation.title,
        }
    }
}
