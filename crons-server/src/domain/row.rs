//! The rows of a snapshot: values of the model with their ids in the store, and their previous values.

use crons_types::Slug;

use super::model::{CheckIn, FinishedRun, Incident, Monitor, MonitorEnvironment};
use super::received::CheckInEvent;
use super::subject::QuotaUsage;

/// A row, its id in the store (`None`: it is made in this batch), and whether it differs from the stored one.
#[derive(Debug, Clone)]
pub struct Row<T> {
    pub id: Option<i64>,
    pub value: T,
    pub changed: bool,
}

#[derive(Debug, Clone)]
pub struct EnvironmentRow {
    pub monitor: usize,
    pub row: Row<MonitorEnvironment>,
    pub finished: Vec<FinishedRun>,
    /// Indexes of its runs that are in the snapshot.
    pub runs: Vec<usize>,
    /// The index of its open incident.
    pub open_incident: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct RunRow {
    /// The index of its environment; in words, if that is not in the snapshot.
    pub environment: Result<usize, String>,
    pub row: Row<CheckIn>,
    pub arrival_seq: i64,
}

#[derive(Debug, Clone)]
pub struct IncidentRow {
    pub environment: usize,
    pub row: Row<Incident>,
}

/// The end of a run of an unknown monitor, with its row id if it is stored already.
#[derive(Debug, Clone)]
pub struct DeferredRow {
    pub id: Option<i64>,
    pub event: CheckInEvent,
}

impl<T> Row<T> {
    /// A row that is made in this batch.
    pub(super) fn new(value: T) -> Self {
        Self { id: None, value, changed: true }
    }

    /// A row as it is stored.
    pub(super) fn stored(id: i64, value: T) -> Self {
        Self { id: Some(id), value, changed: false }
    }
}

impl EnvironmentRow {
    pub(super) fn new(monitor: usize, row: Row<MonitorEnvironment>) -> Self {
        Self { monitor, row, finished: Vec::new(), runs: Vec::new(), open_incident: None }
    }
}

/// A previous value.
#[derive(Debug)]
pub(super) enum Undo {
    Monitor(usize, Box<Row<Monitor>>),
    Environment(usize, Box<EnvironmentRow>),
    Run(usize, Box<Row<CheckIn>>),
    Incident(usize, Box<Row<Incident>>),
    QuotaUsage(usize, QuotaUsage),
    MonitorCount(u32),
    Deferred(Slug, Vec<DeferredRow>),
}
