//! The findings of the command, as a table or as JSON.

use serde_json::{Value, json};

use crate::output::{Painter, Table, Tone};

/// The weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    /// The thing does no harm now.
    Warning,
    /// The thing is wrong, and misleads the server or its schedule; check-ins reach it all the same.
    Misleading,
    /// The thing loses check-ins.
    Fault,
    /// The thing was not looked at, because of a fault above it.
    Skipped,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Misleading | Self::Fault => "fault",
            Self::Skipped => "skipped",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warning => Tone::Warning,
            Self::Misleading | Self::Fault => Tone::Bad,
            Self::Skipped => Tone::Quiet,
        }
    }
}

/// A finding about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// The thing, such as `DSN` or `clock`.
    pub(super) subject: &'static str,
    pub(super) state: State,
    pub(super) text: String,
    /// The remedy; `None` if there is nothing to do.
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, state: State::Ok, text: text.into(), advice: None }
    }

    pub(super) fn skipped(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, state: State::Skipped, text: text.into(), advice: None }
    }

    pub(super) fn warning(subject: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject, state: State::Warning, text: text.into(), advice: Some(advice.into()) }
    }

    pub(super) fn misleading(
        subject: &'static str,
        text: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { subject, state: State::Misleading, text: text.into(), advice: Some(advice.into()) }
    }

    pub(super) fn fault(subject: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { subject, state: State::Fault, text: text.into(), advice: Some(advice.into()) }
    }
}

/// The findings of a run, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// The number of findings of this weight.
    pub(super) fn count(&self, state: State) -> usize {
        self.0.iter().filter(|finding| finding.state == state).count()
    }

    /// The number of faults, whether they lose check-ins or mislead the server.
    pub(super) fn faults(&self) -> usize {
        self.count(State::Fault) + self.count(State::Misleading)
    }

    /// The table, with a last line that sums it up.
    pub(super) fn render(&self, painter: Painter) -> String {
        let mut table = Table::new(&["STATE", "CHECK", "FINDING"]);
        for Finding { subject, state, text, advice } in &self.0 {
            let cells = [(state.tone(), state.as_str()), (Tone::Plain, *subject), (Tone::Plain, text)];
            table.row(cells.map(|(tone, text)| (tone, text.to_owned())).into());
            if let Some(advice) = advice {
                let nothing = || (Tone::Plain, String::new());
                table.row(vec![nothing(), nothing(), (Tone::Plain, format!("-> {advice}"))]);
            }
        }
        format!("{}\n{}\n", table.render(painter), self.sum())
    }

    fn sum(&self) -> String {
        if self.count(State::Fault) == 0 && self.faults() > 0 {
            let wrong = self.0.iter().filter(|finding| finding.state == State::Misleading);
            let subjects: Vec<&str> = wrong.map(|finding| finding.subject).collect();
            return format!(
                "Check-ins from here reach the server, but this is wrong: {}.",
                subjects.join(", ")
            );
        }
        match (self.faults(), self.count(State::Warning)) {
            (0, 0) => "Check-ins from here reach the server.".to_owned(),
            (0, 1) => "Check-ins from here reach the server; there is 1 warning.".to_owned(),
            (0, warnings) => format!("Check-ins from here reach the server; there are {warnings} warnings."),
            (1, _) => "Check-ins from here are lost: 1 fault.".to_owned(),
            (faults, _) => format!("Check-ins from here are lost: {faults} faults."),
        }
    }

    /// The findings for programs.
    pub(super) fn json(&self) -> Value {
        let findings: Vec<Value> = self
            .0
            .iter()
            .map(|Finding { subject, state, text, advice }| {
                json!({"check": subject, "state": state.as_str(), "finding": text, "advice": advice})
            })
            .collect();
        json!({"ok": self.faults() == 0, "findings": findings})
    }
}
