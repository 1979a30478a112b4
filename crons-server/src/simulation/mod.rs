//! `crons simulate`: a timeline, or what a database holds, through the code that serves.

// In layer order: a module uses only those above it.
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
