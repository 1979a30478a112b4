//! The rows that the server keeps: monitors, their environments, check-ins, incidents.

// The modules are in layer order: each uses only those above it.
mod minute;
mod monitor;
mod check_in;
mod incident;

use uuid::Uuid;

pub use check_in::{CheckIn, FinishedRun, Status};
pub use incident::{Acknowledgement, Broken, Failures, Incident};
pub use minute::{evaluation_minute, next_minute, truncate_to_minute};
pub use monitor::{Author, Config, Configured, EnvironmentStatus, Monitor, MonitorEnvironment};

/// The only project of the server.
pub const PROJECT: u64 = 1;

/// The source of ids of new rows: random on the server, counted in a simulation.
pub type NewId<'a> = &'a mut dyn FnMut() -> Uuid;

/// The most monitors and environments that clients can create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Monitors of a project.
    pub monitors: u32,
    /// Environments of a monitor.
    pub environments: u32,
}

impl Default for Quotas {
    /// Returns Sentry's quotas.
    fn default() -> Self {
        Self { monitors: 1_500, environments: 1_000 }
    }
}
