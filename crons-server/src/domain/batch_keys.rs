//! The rows that the inputs of a batch ask a store for.

use crons_types::{CheckInId, CheckInStatus, Slug};
use jiff::Timestamp;
use uuid::Uuid;

use super::received::{CheckInEvent, ConfigUpdate, ReceivedCheckIn};

/// The keys of a batch: of each input those by which its rows are found.
#[derive(Debug, Clone, Default)]
pub struct BatchKeys {
    pub check_ins: Vec<CheckInKey>,
    /// The slugs for which only the monitor is asked for.
    pub slugs: Vec<Slug>,
    /// Deadlines up to this minute are evaluated with each check-in: the open runs of its environment that have timed out by then are
    /// asked for, too.
    pub overdue_until: Option<Timestamp>,
    /// Row ids of environments and runs whose deadline has passed, and of deferred ends whose wait is over.
    pub missed: Vec<i64>,
    pub timed_out: Vec<i64>,
    pub expired: Vec<i64>,
    /// Monitors with all their environments, and those of their open runs of which a report was filtered, or whose deadline has passed by
    /// `as_of`.
    pub monitors: Vec<String>,
    pub as_of: Option<Timestamp>,
    /// Whether all open runs of `monitors` are asked for.
    pub all_open_runs: bool,
    /// Whether the number of monitors is asked for, as it is where a check-in may make one.
    pub monitor_count: bool,
    pub incident: Option<Uuid>,
    /// Row ids of incidents about which a message is to be decided: one that was kept back until now, a reminder or an escalation.
    pub incidents_due: Vec<i64>,
    /// Silences that end after this instant are asked for; `None`: none are.
    pub silences_after: Option<Timestamp>,
    /// A silence, whether it has ended or not.
    pub silence: Option<Uuid>,
    /// Whether all deferred ends are asked for.
    pub all_deferred: bool,
}

/// The keys of one check-in.
#[derive(Debug, Clone)]
pub struct CheckInKey {
    pub slug: Slug,
    pub environment: String,
    pub id: CheckInId,
    pub status: CheckInStatus,
    /// The larger threshold that it brings along.
    pub threshold: usize,
    /// Whether the check-in has a configuration, so that it may create its monitor.
    pub has_config: bool,
}

impl BatchKeys {
    /// Adds the keys of what has arrived.
    pub fn add(&mut self, received: &ReceivedCheckIn) {
        match &received.parsed {
            Ok(event) => self.check_ins.push(CheckInKey::new(event)),
            Err(_) => self.slugs.extend(received.monitor_slug.clone()),
        }
    }

    /// Whether a check-in of the batch may end a run: it reports the end of one, or has a configuration, and so may make the monitor for
    /// which the end of a run waits. Without one, and without deadlines, silences have no effect on the batch.
    pub fn may_end_runs(&self) -> bool {
        self.check_ins.iter().any(|key| key.status.is_terminal() || key.has_config)
    }
}

impl CheckInKey {
    fn new(event: &CheckInEvent) -> Self {
        let patch = match &event.config {
            Some(ConfigUpdate::Valid(patch)) => Some(patch),
            Some(ConfigUpdate::Invalid(_)) | None => None,
        };
        let thresholds = patch.map(|patch| [patch.failure_issue_threshold, patch.recovery_threshold]);
        let threshold = thresholds.into_iter().flatten().flatten().flatten().max().unwrap_or(1);
        Self {
            slug: event.monitor_slug.clone(),
            environment: event.environment.clone(),
            id: event.check_in_id,
            status: event.status,
            threshold: threshold as usize,
            has_config: event.config.is_some(),
        }
    }
}
