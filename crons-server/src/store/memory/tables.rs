//! The tables, each a map by row id, shared by the store and its readers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::alerts::Alert;
use crate::domain::{
    CheckIn, CheckInEvent, Incident, Monitor, MonitorEnvironment, Occurrence, Outage, Silence,
};
use crate::store::api_token::ApiToken;
use crate::store::views::ProcessingErrorsView;

/// The hour in seconds since 1970, slug (empty for no known monitor), outcome and reason (empty if accepted).
pub(super) type UsageKey = (i64, String, &'static str, &'static str);

/// A database in memory. Copies share their tables.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryDatabase(Arc<Mutex<Tables>>);

impl MemoryDatabase {
    /// The tables. A commit replaces them as a whole, so a panic never leaves half of one.
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The contents of the database.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// The last row id. One sequence serves all tables, so that an id is never used again.
    last_id: i64,
    pub monitors: BTreeMap<i64, Monitor>,
    /// The environments, each with the row id of its monitor.
    pub environments: BTreeMap<i64, Child<MonitorEnvironment>>,
    /// The runs, each with the row id of its environment.
    pub runs: BTreeMap<i64, Child<CheckIn>>,
    /// The incidents, each with the row id of its environment.
    pub incidents: BTreeMap<i64, Child<Incident>>,
    /// The occurrences, each with the row id of its incident.
    pub occurrences: BTreeMap<i64, Child<Occurrence>>,
    pub deferred: BTreeMap<i64, CheckInEvent>,
    pub processing_errors: BTreeMap<i64, ErrorsRow>,
    pub usage: BTreeMap<UsageKey, u32>,
    pub alerts: BTreeMap<i64, AlertRow>,
    pub outages: BTreeMap<i64, Outage>,
    /// In the order of their creation.
    pub silences: BTreeMap<i64, Silence>,
    pub tokens: Vec<ApiToken>,
    pub settings: BTreeMap<String, String>,
    pub last_seen: Option<Timestamp>,
}

/// A row that belongs to one of another table.
#[derive(Debug, Clone)]
pub(super) struct Child<T> {
    /// The row id in the other table.
    pub parent: i64,
    pub value: T,
}

#[derive(Debug, Clone)]
pub(super) struct ErrorsRow {
    /// `None` for payloads of no known monitor.
    pub monitor: Option<i64>,
    pub view: ProcessingErrorsView,
}

#[derive(Debug, Clone)]
pub(super) struct AlertRow {
    pub alert: Alert,
    pub attempts: u32,
    /// `None` once the alert is delivered or expired.
    pub next_attempt: Option<Timestamp>,
    pub refused: bool,
    pub delivered: Option<Timestamp>,
    pub expired: Option<Timestamp>,
    pub last_answer: Option<String>,
}

impl Tables {
    /// A row id that no row has or had.
    pub fn new_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// The row id of a monitor; `None` if there is none of this slug.
    pub fn monitor_id(&self, slug: &str) -> Option<i64> {
        self.monitors.iter().find(|(_, monitor)| monitor.slug.as_str() == slug).map(|(id, _)| *id)
    }

    /// The environments of a monitor, in the order of row ids.
    pub fn environments_of(&self, monitor: i64) -> impl Iterator<Item = (i64, &MonitorEnvironment)> {
        children(&self.environments, monitor)
    }

    /// The runs of an environment, in the order of row ids.
    pub fn runs_of(&self, environment: i64) -> impl Iterator<Item = (i64, &CheckIn)> {
        children(&self.runs, environment)
    }

    /// The runs of an environment, the newest start first, of two with the same start the later arrival first.
    pub fn newest_runs(&self, environment: i64) -> Vec<(i64, &CheckIn)> {
        let mut runs: Vec<_> = self.runs_of(environment).collect();
        runs.sort_by_key(|(id, run)| std::cmp::Reverse((run.date_added, *id)));
        runs
    }

    /// The open incident of an environment, with its row id.
    pub fn open_incident(&self, environment: i64) -> Option<(i64, &Incident)> {
        children(&self.incidents, environment).find(|(_, incident)| incident.resolved_at.is_none())
    }

    /// The monitor of an environment.
    pub fn monitor_of(&self, environment: i64) -> &Monitor {
        &self.monitors[&self.environments[&environment].parent]
    }

    /// The slug and the name of an environment.
    pub fn names(&self, environment: i64) -> (String, String) {
        let name = self.environments[&environment].value.name.clone();
        (self.monitor_of(environment).slug.to_string(), name)
    }
}

/// The rows of a table that belong to the row `parent`, in the order of row ids.
pub(super) fn children<T>(table: &BTreeMap<i64, Child<T>>, parent: i64) -> impl Iterator<Item = (i64, &T)> {
    table.iter().filter(move |(_, row)| row.parent == parent).map(|(id, row)| (*id, &row.value))
}
