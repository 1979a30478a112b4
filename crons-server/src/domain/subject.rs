//! The part of a snapshot that one input is about.

use jiff::SignedDuration;

use super::decision::Consequence;
use super::model::{CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment};
use super::silence::Silences;
use super::silenced::Silenced;

/// Monitor, environment and run of one input, with the history that its rules look at. The rules change it in place;
/// [`Snapshot::put`](super::Snapshot::put) takes it back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subject {
    pub monitor: Option<Monitor>,
    pub environment: Option<MonitorEnvironment>,
    /// The run that the input is about, in whatever environment.
    pub check_in: Option<LoadedCheckIn>,
    /// Finished runs of this environment, in no order: at least as many of the newest as the thresholds look at.
    pub finished: Vec<FinishedRun>,
    /// The open incident.
    pub incident: Option<Incident>,
    pub quota_usage: QuotaUsage,
    pub silences: Silences,
    /// The shortest time after which a rule tells people again of an open incident; `None` if none does.
    pub first_follow_up: Option<SignedDuration>,
    pub(super) place: Place,
}

impl Subject {
    /// Records the effect of the failure of the run in its decision. `silenced` is the silence that kept the message about it back.
    pub(super) fn conclude(&mut self, consequence: Consequence, silenced: Option<Silenced>) {
        let muted = self.environment.as_ref().is_some_and(|environment| environment.muted);
        if let Some(LoadedCheckIn { row, .. }) = &mut self.check_in
            && let Some(decision) = &mut row.decision
        {
            (decision.consequence, decision.muted, decision.silenced) = (Some(consequence), muted, silenced);
        }
    }
}

/// Indexes of the rows of a [`Subject`] in its snapshot; `None` for a row that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub monitor: Option<usize>,
    pub environment: Option<usize>,
    pub run: Option<usize>,
    pub incident: Option<usize>,
}

/// The numbers that caps limit, counted only where one more monitor or environment may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaUsage {
    /// Monitors of the project.
    pub monitors: u32,
    /// Environments of the monitor.
    pub environments: u32,
    /// Whether all environments of the monitor are muted, without regard to those that the server has muted as broken; `None` if there
    /// are no others.
    pub all_muted: Option<bool>,
}

/// A run that was found, or made.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedCheckIn {
    pub row: CheckIn,
    /// The place of the run in the order of arrival; `None` for one just made.
    pub arrival_seq: Option<i64>,
    /// The monitor and environment that it belongs to, in words, if that is not the environment of the input.
    pub other_environment: Option<String>,
}
