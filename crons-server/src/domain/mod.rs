//! The rules for monitors, decided without a clock, a database or a network.
//!
//! A store loads a [`Snapshot`] for a batch, [`check_in`], [`missed`], [`timed_out`] and [`command`] change it, and the store writes the
//! changes. Numbers in comments are those of Sentry's own order of steps.

// The modules are in layer order: each uses only those above it.
mod error;
mod received;
mod refused_starts;
mod filter;
mod silenced;
mod follow_up;
mod decision;
mod model;
mod attribute;
mod effects;
mod maintenance;
mod silence;
mod verdict;
mod rate_limit;
mod subject;
mod row;
mod snapshot;
mod snapshot_rows;
mod snapshot_changes;
mod batch_keys;
mod history_query;
mod upsert;
mod broken;
mod incidents;
mod expectation;
mod withheld;
mod reminders;
mod check_in;
mod deadlines;
mod monitor_change;
mod command;
mod revision;
mod change_monitor;
mod silences;
mod commands;
mod rehearsal;
mod explain;

pub use attribute::attribute;
pub use batch_keys::BatchKeys;
pub(crate) use check_in::MAX_DURATION_MS;
pub use check_in::check_in;
pub use command::{Command, CommandError, CommandOutcome};
pub use commands::command;
pub use deadlines::{DeadlineKind, Outage, PassedDeadline, evaluate_environment, missed, timed_out};
pub use decision::Opening;
pub use effects::{
    Effects, IncidentEvent, IncidentEventKind, LEVEL, Occurrence, RunFacts, filter_tags, fingerprint, tags,
    title,
};
pub use error::{Outcome, ProcessingError};
pub use explain::{
    Explained, ExplainedIncident, ExplainedRun, Explanation, ExplanationJson, LOOK_BACK, Prevention, Step,
};
pub use filter::{Filter, InvalidFilter, Operator};
pub use follow_up::{FollowUp, FollowUpTimes, FollowUpsDue};
pub use maintenance::{InvalidMaintenance, Maintenance};
pub use model::{
    Acknowledgement, Author, Broken, CheckIn, Config, Configured, EnvironmentStatus, Failures, FinishedRun,
    Incident, Monitor, MonitorEnvironment, NewId, PROJECT, Quotas, Status, evaluation_minute, next_minute,
    truncate_to_minute,
};
pub use monitor_change::{MonitorChange, NewMonitor};
pub use rate_limit::{RateWindow, ReceivedCounts};
pub use received::{CheckInEvent, ConfigPatch, ConfigUpdate, InvalidCheckIn, ReceivedCheckIn};
pub use refused_starts::RefusedStarts;
pub use rehearsal::{JobReport, Rehearsal, rehearse};
pub use reminders::follow_up;
pub use revision::{is_muted, revision};
pub use silence::{NewSilence, Silence, SilenceEnd, Silences};
pub use silenced::{Silenced, Withheld};
pub use snapshot::{Deletion, Rename, Snapshot, UnreadableKey, environment_in_words};
pub use snapshot_changes::Mark;
pub use subject::QuotaUsage;
pub use verdict::Verdict;
pub use withheld::{ReleasedMessage, release, release_environment};
