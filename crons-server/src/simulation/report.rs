//! The report of a simulation.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{Outcome, ProcessingError, ReceivedCheckIn, Verdict};
use crate::store::Export;

/// Ids as the timeline writes them.
pub(crate) type OriginalIds = HashMap<Uuid, String>;

/// The result of a simulation: everything that a server would have stored, and the outcome of each check-in.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Runs, in order of their first report.
    pub check_ins: Vec<CheckInRow>,
    /// Environments, in order of their first check-in.
    pub environments: Vec<EnvironmentRow>,
    /// Incidents, in the order in which they were opened.
    pub incidents: Vec<IncidentRow>,
    /// The notifications that would have been sent, in order.
    pub occurrences: Vec<OccurrenceRow>,
    /// The outcome of each check-in of the timeline, in its order.
    pub outcomes: Vec<OutcomeRow>,
}

/// A run.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of the wire")]
pub struct CheckInRow {
    pub check_in_id: String,
    pub monitor_slug: String,
    pub environment: String,
    pub status: &'static str,
    pub duration_ms: Option<i64>,
    pub date_added: Timestamp,
    pub expected_time: Option<Timestamp>,
    pub timeout_at: Option<Timestamp>,
    pub date_in_progress: Option<Timestamp>,
}

/// An environment at the end.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of the wire")]
pub struct EnvironmentRow {
    pub monitor_slug: String,
    pub environment: String,
    pub status: &'static str,
    pub last_check_in: Option<Timestamp>,
    pub next_check_in: Option<Timestamp>,
    pub next_check_in_latest: Option<Timestamp>,
    pub muted: bool,
}

/// An incident.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of the wire")]
pub struct IncidentRow {
    pub monitor_slug: String,
    pub environment: String,
    pub started_at: Timestamp,
    pub starting_check_in_id: String,
    pub resolved_at: Option<Timestamp>,
    pub resolving_check_in_id: Option<String>,
}

/// A failure that people would have been notified of.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of the wire")]
pub struct OccurrenceRow {
    pub monitor_slug: String,
    pub environment: String,
    /// The time of the notification.
    pub at: Timestamp,
    pub check_in_id: String,
    pub reason: String,
}

/// The outcome of a check-in.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the words of the wire")]
pub struct OutcomeRow {
    /// The time of its arrival.
    pub at: Timestamp,
    /// The slug; `None` if the check-in named none.
    pub monitor_slug: Option<String>,
    pub outcome: &'static str,
    pub reason: Option<&'static str>,
    /// Sentry's names of what was wrong, or was not taken as it was sent, each once. The log has
    /// the same in words.
    pub errors: Vec<&'static str>,
}

impl OutcomeRow {
    /// The row of a check-in whose verdict is not known yet.
    pub(crate) fn pending(arrival: &ReceivedCheckIn) -> Self {
        let monitor_slug = arrival.monitor_slug.as_ref().map(ToString::to_string);
        let outcome = Outcome::Accepted.as_str();
        Self { at: arrival.received, monitor_slug, outcome, reason: None, errors: Vec::new() }
    }

    pub(crate) fn record(&mut self, verdict: &Verdict) {
        if let Some((outcome, reason)) = verdict.outcome() {
            (self.outcome, self.reason) = (outcome.as_str(), reason);
        }
        let errors: &[ProcessingError] = match verdict {
            Verdict::Accepted { warnings, .. } => warnings,
            Verdict::Refused(errors) => errors,
            Verdict::Deferred => &[],
        };
        self.errors.clear();
        for name in errors.iter().map(ProcessingError::name) {
            if !self.errors.contains(&name) {
                self.errors.push(name);
            }
        }
    }
}

impl Report {
    pub(crate) fn new(export: Export, outcomes: Vec<OutcomeRow>, original_ids: &OriginalIds) -> Self {
        let id = |guid: Uuid| original_ids.get(&guid).cloned().unwrap_or_else(|| guid.simple().to_string());
        let Export { check_ins, environments, incidents, occurrences, .. } = export;
        Self {
            check_ins: check_ins
                .into_iter()
                .map(|(monitor_slug, environment, row)| CheckInRow {
                    check_in_id: id(row.guid),
                    monitor_slug,
                    environment,
                    status: row.status.as_str(),
                    duration_ms: row.duration_ms,
                    date_added: row.date_added,
                    expected_time: row.expected_time,
                    timeout_at: row.timeout_at,
                    date_in_progress: row.date_in_progress,
                })
                .collect(),
            environments: environments
                .into_iter()
                .map(|(monitor_slug, row)| EnvironmentRow {
                    monitor_slug,
                    environment: row.name,
                    status: row.status.as_str(),
                    last_check_in: row.last_check_in,
                    next_check_in: row.next_check_in,
                    next_check_in_latest: row.next_check_in_latest,
                    muted: row.muted,
                })
                .collect(),
            incidents: incidents
                .into_iter()
                .map(|(monitor_slug, environment, row)| IncidentRow {
                    monitor_slug,
                    environment,
                    started_at: row.started_at,
                    starting_check_in_id: id(row.starting_check_in),
                    resolved_at: row.resolved_at,
                    resolving_check_in_id: row.resolving_check_in.map(id),
                })
                .collect(),
            occurrences: occurrences
                .into_iter()
                .map(|(monitor_slug, environment, row)| OccurrenceRow {
                    monitor_slug,
                    environment,
                    at: row.at,
                    check_in_id: id(row.check_in),
                    reason: row.reason,
                })
                .collect(),
            outcomes,
        }
    }
}
