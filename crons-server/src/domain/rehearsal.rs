//! Applies the reports of one environment with another configuration, to find the runs that would have been missed or timed out.

use std::collections::{BTreeMap, HashMap};

use crons_types::{CheckInId, CheckInStatus};
use jiff::Timestamp;
use uuid::Uuid;

use super::check_in::decide;
use super::deadlines::{Outage, miss, time_out};
use super::model::{
    CheckIn, EnvironmentStatus, FinishedRun, Monitor, MonitorEnvironment, Quotas, Status, evaluation_minute,
    truncate_to_minute,
};
use super::received::CheckInEvent;
use super::subject::{LoadedCheckIn, Subject};

/// The most deadlines that are evaluated.
const MAX_DEADLINES: usize = 20_000;

/// A report of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobReport {
    pub run: Uuid,
    pub at: Timestamp,
    pub status: CheckInStatus,
    pub duration_ms: Option<i64>,
}

/// The runs that would have failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rehearsal {
    /// The expected times of the runs that would have been missed.
    pub missed: Vec<Timestamp>,
    /// The starts of the runs that would have timed out.
    pub timed_out: Vec<Timestamp>,
}

/// Applies reports, which are in the order of time, with the configuration of `monitor`. Deadlines are evaluated up to the last report.
/// `None` if there are too many of them.
pub fn rehearse(monitor: &Monitor, reports: &[JobReport], outages: &[Outage]) -> Option<Rehearsal> {
    let mut stage = Stage {
        monitor: Monitor { enabled: true, ..monitor.clone() },
        environment: None,
        runs: HashMap::new(),
        open: BTreeMap::new(),
        newest: None,
        made: 0,
        found: Rehearsal::default(),
        deadlines: 0,
    };
    for report in reports {
        stage.advance(truncate_to_minute(report.at), outages)?;
        stage.apply(report);
    }
    Some(stage.found)
}

/// The state of the environment between two reports.
struct Stage {
    monitor: Monitor,
    environment: Option<MonitorEnvironment>,
    runs: HashMap<Uuid, CheckIn>,
    /// The deadlines of open runs, by start and id.
    open: BTreeMap<(Timestamp, Uuid), Timestamp>,
    /// The newest run whose end was reported, by its start.
    newest: Option<FinishedRun>,
    made: u128,
    found: Rehearsal,
    deadlines: usize,
}

impl Stage {
    fn subject(&self, run: Option<Uuid>) -> Subject {
        let row = run.and_then(|run| self.runs.get(&run).cloned());
        Subject {
            monitor: Some(self.monitor.clone()),
            // An open incident changes no expectation, so none is assumed.
            environment: self
                .environment
                .clone()
                .map(|environment| MonitorEnvironment { status: EnvironmentStatus::Ok, ..environment }),
            check_in: row.map(|row| LoadedCheckIn { row, arrival_seq: None, other_environment: None }),
            finished: self.newest.into_iter().collect(),
            ..Subject::default()
        }
    }

    fn put(&mut self, subject: Subject) -> Option<Status> {
        self.environment = subject.environment;
        let row = subject.check_in?.row;
        let status = row.status;
        if status.is_reported_end() && self.newest.is_none_or(|newest| newest.date_added <= row.date_added) {
            self.newest =
                Some(FinishedRun { guid: row.guid, status, date_added: row.date_added, arrival_seq: 0 });
        }
        let place = (row.date_added, row.guid);
        match row.timeout_at.filter(|_| status == Status::InProgress) {
            Some(deadline) => self.open.insert(place, deadline),
            None => self.open.remove(&place),
        };
        self.runs.insert(row.guid, row);
        Some(status)
    }

    /// Evaluates the deadlines of each minute up to `minute`. `None` if there are too many.
    fn advance(&mut self, minute: Timestamp, outages: &[Outage]) -> Option<()> {
        loop {
            let missed = self.environment.as_ref().and_then(|environment| environment.next_check_in_latest);
            let due = self.open.values().copied().chain(missed).min();
            let Some(due) = due.filter(|due| *due <= minute) else { return Some(()) };
            self.deadlines += 1;
            if self.deadlines > MAX_DEADLINES {
                return None;
            }
            self.evaluate(evaluation_minute(due), outages);
        }
    }

    fn evaluate(&mut self, tick: Timestamp, outages: &[Outage]) {
        let mut made = self.made;
        let mut new_id = || {
            made += 1;
            Uuid::from_u128(made)
        };
        let mut subject = self.subject(None);
        if miss(&mut subject, tick, outages, &mut new_id).is_some() {
            let row = subject.check_in.take().map(|missed| missed.row);
            self.found
                .missed
                .extend(row.filter(|row| row.status == Status::Missed).map(|row| row.date_added));
            self.put(subject);
        }
        // The overdue runs are ordered, oldest first.
        let overdue: Vec<(Timestamp, Uuid)> =
            self.open.iter().filter(|(_, deadline)| **deadline <= tick).map(|(place, _)| *place).collect();
        for (began, run) in overdue {
            let mut subject = self.subject(Some(run));
            if time_out(&mut subject, tick, outages, &mut new_id).is_some()
                && self.put(subject) == Some(Status::Timeout)
            {
                self.found.timed_out.push(began);
            }
        }
        self.made = made;
    }

    fn apply(&mut self, report: &JobReport) {
        let event = CheckInEvent {
            note: None,
            trace: None,
            project: super::model::PROJECT,
            monitor_slug: self.monitor.slug.clone(),
            environment: crons_types::Environment::DEFAULT.to_owned(),
            check_in_id: CheckInId::from_bytes(report.run.into_bytes()),
            status: report.status,
            duration_ms: report.duration_ms,
            config: None,
            received: report.at,
            spelling: None,
            remarks: Vec::new(),
        };
        let mut made = self.made;
        let mut new_id = || {
            made += 1;
            Uuid::from_u128(made)
        };
        let quotas = Quotas { monitors: u32::MAX, environments: u32::MAX };
        let mut subject = self.subject(Some(report.run));
        let _ = decide(&mut subject, &event, quotas, &mut new_id);
        self.put(subject);
        self.made = made;
    }
}
