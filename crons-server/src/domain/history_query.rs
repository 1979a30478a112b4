//! What of the past a decision asks for, so that a store looks nothing up in vain.

use crons_types::CheckInStatus;

use super::model::{EnvironmentStatus, MonitorEnvironment};

/// What of the past a decision asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryQuery {
    /// This many runs that are over: the newest, and the newest up to the one in question.
    pub runs: usize,
    /// The newest run whose end the job itself has reported.
    pub reported: bool,
    /// The incident that is not resolved.
    pub incident: bool,
}

impl HistoryQuery {
    /// By a report; `failed`: of a run that is known to have; `thresholds` are the monitor's and those that it brings
    /// along, the larger one.
    pub fn by_report(
        status: CheckInStatus,
        failed: bool,
        environment: &MonitorEnvironment,
        thresholds: usize,
    ) -> Self {
        let incident = environment.status == EnvironmentStatus::Error;
        let runs = if thresholds > 1 { thresholds } else { 0 };
        match status {
            CheckInStatus::InProgress => Self { reported: failed, ..Self::default() },
            CheckInStatus::Ok if environment.status == EnvironmentStatus::Ok => Self::default(),
            CheckInStatus::Ok => Self { runs, reported: false, incident },
            CheckInStatus::Error => Self { runs: if incident { 0 } else { runs }, reported: true, incident },
        }
    }

    /// By a run that has not begun, or has not ended; `threshold` is that of failures.
    pub fn by_deadline(environment: &MonitorEnvironment, threshold: usize, began: bool) -> Self {
        let incident = environment.status == EnvironmentStatus::Error;
        let runs = if incident || threshold <= 1 { 0 } else { threshold };
        Self { runs, reported: began, incident }
    }
}
