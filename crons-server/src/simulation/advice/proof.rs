//! The proof of a piece of advice: the same reports, evaluated with today's configuration and with the advised one.

use serde_json::{Map, Value};

use super::history::{History, Start};
use crate::domain::{Config, JobReport, Monitor, Rehearsal, Status, attribute, rehearse};

/// The fewest expected runs on which advice is given.
const LEAST_SLOTS: usize = 10;
/// The fewest failures of one kind.
const LEAST_FAILURES: usize = 3;
/// The most expected runs that are counted.
const COUNTED_SLOTS: usize = 10_000;

/// A piece of advice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Advice {
    /// A fixed name, for programs.
    pub kind: &'static str,
    pub text: String,
    /// The meanings that the history can have, if there is more than one.
    pub readings: Vec<String>,
    /// The settings to change, with their values.
    pub settings: Map<String, Value>,
    /// The attribute with these settings; `None` if no setting helps.
    pub attribute: Option<String>,
    /// `missed` or `timeout`.
    pub failure: &'static str,
    /// Failures of the history with today's configuration.
    pub before: usize,
    /// Failures of the history with the advice.
    pub after: usize,
    /// Expected runs of the history.
    pub slots: usize,
}

/// The reports, and the failures that today's configuration makes of them.
pub(super) struct Proof<'a> {
    pub history: &'a History<'a>,
    pub monitor: &'a Monitor,
    pub reports: Vec<JobReport>,
    pub starts: Vec<Start>,
    pub today: Rehearsal,
    pub slots: usize,
}

impl<'a> Proof<'a> {
    /// Prepares a proof; `None` if the history is too short, or too long for its schedule.
    pub(super) fn new(history: &'a History<'a>) -> Option<Self> {
        let (reports, starts, monitor) = (history.reports(), history.starts(), history.monitor);
        let slots = slots(&monitor.config, &starts);
        if slots < LEAST_SLOTS {
            return None;
        }
        let today = rehearse(monitor, &reports, history.outages)?;
        Some(Self { history, monitor, reports, starts, today, slots })
    }

    /// Returns whether enough runs were missed, both in the history and with the configuration of today.
    pub(super) fn has_misses(&self) -> bool {
        self.today.missed.len().min(self.history.stored(Status::Missed)) >= LEAST_FAILURES
    }

    /// Returns whether enough runs timed out, both in the history and with the configuration of today.
    pub(super) fn has_timeouts(&self) -> bool {
        self.today.timed_out.len().min(self.history.stored(Status::Timeout)) >= LEAST_FAILURES
    }

    pub(super) fn config(&self) -> &'a Config {
        &self.monitor.config
    }

    /// The failures with another configuration, or other reports; `None` if there are too many to count.
    pub(super) fn with(&self, config: &Config, reports: &[JobReport]) -> Option<Rehearsal> {
        let monitor = Monitor { config: config.clone(), ..self.monitor.clone() };
        rehearse(&monitor, reports, self.history.outages)
    }

    /// The number of missed runs with another configuration, if that is at most a third of today's.
    pub(super) fn removes_misses(&self, config: &Config, reports: &[JobReport]) -> Option<usize> {
        let after = self.with(config, reports)?.missed.len();
        (3 * after <= self.today.missed.len()).then_some(after)
    }

    /// Advice about missed runs that no setting follows from.
    pub(super) fn advice(&self, kind: &'static str, text: String, after: usize) -> Advice {
        Advice {
            kind,
            text,
            readings: Vec::new(),
            settings: Map::new(),
            attribute: None,
            failure: "missed",
            before: self.today.missed.len(),
            after,
            slots: self.slots,
        }
    }

    /// The attribute with another configuration.
    pub(super) fn attribute(&self, config: &Config) -> String {
        attribute(self.monitor.slug.as_str(), config, self.monitor.owner.as_deref())
    }
}

/// The expected times from the first start to the last, counted.
fn slots(config: &Config, starts: &[Start]) -> usize {
    let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return 0 };
    let next =
        |at: &jiff::Timestamp| crons_types::calendar::next_after(&config.schedule, &config.zone(), *at);
    let begin = first.before.filter(|before| *before == first.at).or(first.after);
    std::iter::successors(begin, next).take_while(|slot| *slot <= last.at).take(COUNTED_SLOTS).count()
}
