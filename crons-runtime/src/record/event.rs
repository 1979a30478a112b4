//! Events in a run, as its job reports them and the worker sends them.

use crons_types::CheckInStatus;

/// An event in a run, reported to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunEvent {
    InProgress,
    Ok,
    Error,
    /// The run is still in progress: sent by the worker, not captured from a job. It has no end to wait for, and is dropped rather than
    /// sent late.
    KeepAlive,
    /// Withdraws the run: its start, if still unsent, is removed, and nothing more of the run is sent.
    Skipped,
}

impl From<CheckInStatus> for RunEvent {
    fn from(status: CheckInStatus) -> Self {
        match status {
            CheckInStatus::InProgress => Self::InProgress,
            CheckInStatus::Ok => Self::Ok,
            CheckInStatus::Error => Self::Error,
        }
    }
}

impl RunEvent {
    /// Whether the event is a check-in, which the statistics count. `false` for [`Skipped`](Self::Skipped), which is never sent, and for
    /// [`KeepAlive`](Self::KeepAlive), which may be dropped.
    pub(crate) fn is_counted(self) -> bool {
        !matches!(self, Self::Skipped | Self::KeepAlive)
    }

    pub(crate) fn status(self) -> CheckInStatus {
        match self {
            Self::InProgress | Self::KeepAlive => CheckInStatus::InProgress,
            // A skipped run is never sent; it has no word of its own.
            Self::Ok | Self::Skipped => CheckInStatus::Ok,
            Self::Error => CheckInStatus::Error,
        }
    }

    /// The status on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        self.status().as_str()
    }
}
