//! The form of a derivation: the receipts with their times, the rule that applied, its effect, and changes that would have prevented it.

use std::fmt::Write;

use crons_types::Timezone;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::words::time_in;

/// A derivation.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The id of the run or the incident.
    pub id: Uuid,
    /// `check_in` or `incident`.
    pub kind: &'static str,
    /// The status of the run; `open` or `resolved` for an incident.
    pub status: &'static str,
    pub monitor_slug: String,
    pub environment: String,
    /// The zone of the schedule.
    pub timezone: Timezone,
    /// The result in one sentence, without names of monitors.
    pub title: String,
    /// The facts, in the order of time.
    pub steps: Vec<Step>,
    pub rule: Rule,
    /// The effect on incidents; `None` if there is none.
    pub consequence: Option<FollowUp>,
    /// Changes that would have led to another result.
    pub prevention: Vec<Prevention>,
}

/// A fact of a derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// A fixed name, for programs.
    pub name: &'static str,
    pub at: Timestamp,
    pub text: String,
    /// The run of this fact, if that is another one than the derivation's.
    pub check_in: Option<Uuid>,
}

/// The rule that applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// A fixed name, for programs.
    pub name: &'static str,
    /// The rule with its numbers.
    pub text: String,
    /// The numbers, by name.
    pub inputs: Vec<(&'static str, serde_json::Value)>,
}

/// The effect on incidents and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// A fixed name, for programs.
    pub name: &'static str,
    pub text: String,
    /// The incident that the run opened, was counted in, or resolved.
    pub incident: Option<Uuid>,
    /// Whether nobody was notified of the failure since the environment was muted.
    pub muted: bool,
}

/// A change that would have led to another result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prevention {
    pub text: String,
    /// The setting to change, if it is one.
    pub setting: Option<Setting>,
}

/// A setting of the monitor, with the least value that would have been enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Setting {
    pub name: &'static str,
    pub at_least: i64,
}

/// The parts of a derivation that depend on the status of a run.
pub(super) struct Derived {
    pub title: String,
    pub steps: Vec<Step>,
    pub rule: Rule,
    pub prevention: Vec<Prevention>,
}

impl Step {
    pub(super) fn new(name: &'static str, at: Timestamp, text: impl Into<String>) -> Self {
        Self { name, at, text: text.into(), check_in: None }
    }

    pub(super) fn of(self, check_in: Uuid) -> Self {
        Self { check_in: Some(check_in), ..self }
    }
}

impl From<String> for Prevention {
    fn from(text: String) -> Self {
        Self { text, setting: None }
    }
}

impl Explanation {
    /// The derivation as text, for a terminal or a mail.
    pub fn to_text(&self) -> String {
        let Self { monitor_slug, environment, title, steps, rule, consequence, prevention, .. } = self;
        let mut text = format!("{monitor_slug}, environment {environment}: {title}\n\n");
        let times: Vec<String> = steps.iter().map(|step| time_in(step.at, self.timezone)).collect();
        let width = times.iter().map(String::len).max().unwrap_or_default();
        for (step, time) in steps.iter().zip(&times) {
            // A write to a string does not fail.
            let _ = writeln!(text, "  {time:width$}  {}", step.text);
        }
        let _ = writeln!(text, "\nRule `{}`: {}", rule.name, rule.text);
        if let Some(consequence) = consequence {
            let _ = writeln!(text, "\nConsequence: {}", consequence.text);
        }
        if let [only] = prevention.as_slice() {
            let _ = writeln!(text, "\nPrevention: {}", only.text);
        } else if !prevention.is_empty() {
            let _ = writeln!(text, "\nPrevention:");
            for Prevention { text: item, .. } in prevention {
                let _ = writeln!(text, "  - {item}");
            }
        }
        text
    }
}
