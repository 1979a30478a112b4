//! The verdict of a service on a run, as a file has it.

use crons_types::MonitorConfig;
use jiff::Timestamp;

/// The verdict of the service on a run.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) environment: String,
    /// The start of the run; of a missed one the time at which it was expected.
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    /// The failures in a row that open an incident.
    pub(super) failures: u32,
    /// The successes in a row that resolve one.
    pub(super) recoveries: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok,
    Failed,
    Missed,
    /// The service does not know: it was not receiving.
    Unknown,
}

impl Verdict {
    pub(super) fn new(environment: &str, at: Timestamp, kind: Kind, config: &MonitorConfig) -> Self {
        Self {
            environment: environment.to_owned(),
            at,
            kind,
            failures: config.get_failure_issue_threshold().unwrap_or(1),
            recoveries: config.get_recovery_threshold().unwrap_or(1),
        }
    }
}
