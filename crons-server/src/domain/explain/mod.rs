//! Derivations: why a run has its status, and why an incident began and ended, from the rows and the decisions stored with them.

// The modules are in layer order: each uses only those above it.
mod words;
mod explanation;
mod json;
mod prevention;
mod follow_up;
mod reports;
mod deadlines;
mod unknown;
mod run;
mod incident;

pub use explanation::{Explanation, Prevention, Step};
pub use incident::{ExplainedIncident, LOOK_BACK, explain_incident};
pub use json::ExplanationJson;
pub use run::{ExplainedRun, explain_run};

/// A run or an incident, with the rows around it that its derivation mentions.
#[derive(Debug, Clone, PartialEq)]
pub enum Explained {
    Run(Box<ExplainedRun>),
    Incident(Box<ExplainedIncident>),
}

impl Explained {
    /// Derives the status from the rows.
    pub fn explanation(&self) -> Explanation {
        match self {
            Self::Run(run) => explain_run(run),
            Self::Incident(incident) => explain_incident(incident),
        }
    }
}
