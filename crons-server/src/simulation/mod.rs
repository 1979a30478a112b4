//! Simulations: a timeline, or the check-ins of a database, through the code that serves.

// The modules are in layer order: each uses only those above it.
mod timeline;
mod report;
mod simulator;
mod replay;
mod advice;
mod imported;

pub(crate) use advice::{Advice, HISTORY, History, advise};
pub use imported::{AdviceRow, ImportedRun, Rehearsed};
pub use replay::{ConfigChange, Replay};
pub use report::{CheckInRow, EnvironmentRow, IncidentRow, OccurrenceRow, OutcomeRow, Report};
pub use simulator::{Simulation, Ticks};
pub use timeline::{TimelineAction, TimelineEvent, parse_timeline};
