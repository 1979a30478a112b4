//! A replay of stored check-ins with another configuration, such as another margin.

use crons_types::{CheckInId, CheckInStatus, Schedule, Slug, Timezone};
use jiff::{SignedDuration, Timestamp};

use super::report::Report;
use super::simulator::{Simulation, Ticks};
use crate::domain::{
    CheckIn, CheckInEvent, Config, ConfigPatch, ConfigUpdate, Outage, ReceivedCheckIn, Status,
    truncate_to_minute,
};
use crate::settings::{Database, Quotas, RateLimit};
use crate::store::{self, StoreError};

/// Changes to the stored configurations; a key that is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ConfigChange {
    /// The schedule, by which runs are expected.
    pub schedule: Option<Schedule>,
    /// The zone of the schedule.
    pub timezone: Option<Timezone>,
    /// The margin in minutes.
    pub checkin_margin: Option<u32>,
    /// The longest run in minutes.
    pub max_runtime: Option<u32>,
    /// Failures that open an incident.
    pub failure_issue_threshold: Option<u32>,
    /// Successes that resolve one.
    pub recovery_threshold: Option<u32>,
}

/// A simulation of what a server has stored.
///
/// Runs are replayed as they were reported. The times in which a monitor was muted or disabled are not stored, and a
/// successful run that took longer than `max_runtime` is taken to have been kept alive.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// The slug of the only monitor to replay; all monitors if left out.
    pub monitor_slug: Option<String>,
    /// The changes.
    pub change: ConfigChange,
}

impl Replay {
    /// Replays all stored check-ins. Returns the number of incidents that the server opened, and the report of the
    /// replay; `None` if there is no such monitor.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn run(&self, database: &Database) -> Result<Option<(usize, Report)>, StoreError> {
        let export = store::open_for_reading(database)?.export(self.monitor_slug.as_deref())?;
        if self.monitor_slug.is_some() && export.environments.is_empty() {
            return Ok(None);
        }
        let stored = export.incidents.len();
        let simulation = self.simulate(&export.check_ins, export.outages, export.last_heartbeat)?;
        Ok(Some((stored, simulation.finish()?)))
    }

    /// Simulates the reports about these runs, each with the slug and the environment of its monitor, and then lets time pass until `until`.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub(super) fn simulate(
        &self,
        runs: &[(String, String, CheckIn)],
        outages: Vec<Outage>,
        until: Option<Timestamp>,
    ) -> Result<Simulation, StoreError> {
        let mut arrivals = Vec::new();
        for (slug, environment, row) in runs {
            if let Ok(slug) = Slug::parse(slug) {
                // An end that was held until its begin is older than it, and was taken after it.
                let reports = self.reports(&slug, environment, row).into_iter();
                arrivals.extend(reports.map(|report| (report.received.max(row.date_added), report)));
            }
        }
        arrivals.sort_by_key(|(taken, _)| *taken);
        let quotas = Quotas { monitors: u32::MAX, environments: u32::MAX };
        let mut simulation = Simulation::with_quotas(Ticks::EveryMinute, RateLimit::OFF, quotas)?;
        simulation.set_outages(outages);
        for (taken, arrival) in &arrivals {
            simulation.advance(*taken, false)?;
            simulation.check_in(arrival)?;
        }
        // The time since the last report is replayed, too, as deadlines have passed in it.
        if let (Some(until), false) = (until, arrivals.is_empty()) {
            simulation.advance(until, false)?;
        }
        Ok(simulation)
    }

    /// The reports of the job about a run, in order.
    fn reports(&self, slug: &Slug, environment: &str, row: &CheckIn) -> Vec<ReceivedCheckIn> {
        let config = self.changed(&row.config);
        let arrival = |(at, status, duration_ms)| {
            let event = CheckInEvent {
                project: crate::PROJECT,
                monitor_slug: slug.clone(),
                environment: environment.to_owned(),
                check_in_id: CheckInId::from_bytes(row.guid.into_bytes()),
                status,
                duration_ms,
                note: None,
                config: Some(ConfigUpdate::Valid(Box::new(config.clone()))),
                received: at,
                trace: None,
                spelling: None,
                remarks: Vec::new(),
            };
            ReceivedCheckIn {
                monitor_slug: Some(slug.clone()),
                environment: environment.to_owned(),
                received: at,
                payload: String::new(),
                parsed: Ok(event),
            }
        };
        reports_of(row).into_iter().map(arrival).collect()
    }

    fn changed(&self, config: &Config) -> ConfigPatch {
        let ConfigChange {
            schedule,
            timezone,
            checkin_margin,
            max_runtime,
            failure_issue_threshold,
            recovery_threshold,
        } = &self.change;
        ConfigPatch {
            schedule: schedule.clone().unwrap_or_else(|| config.schedule.clone()),
            timezone: Some(timezone.or(config.timezone)),
            checkin_margin: Some(checkin_margin.or(config.checkin_margin)),
            max_runtime: Some(max_runtime.or(config.max_runtime)),
            failure_issue_threshold: Some(failure_issue_threshold.or(config.failure_issue_threshold)),
            recovery_threshold: Some(recovery_threshold.or(config.recovery_threshold)),
            owner: None,
            owner_refused: None,
        }
    }
}

/// The reports of the job about a run, in order: the time, the status and the duration of each.
pub(super) fn reports_of(row: &CheckIn) -> Vec<(Timestamp, CheckInStatus, Option<i64>)> {
    let end = row.reported.filter(|reported| reported.is_reported_end());
    let mut reports = Vec::new();
    if let Some(last) = row.date_in_progress {
        // A begin that came again after the end has replaced the first one in the row, which made the row at `date_added`.
        let again = row.date_added < row.date_updated && row.date_updated < last;
        let begin = if again { row.date_added } else { last };
        reports.push((begin, CheckInStatus::InProgress, None));
        if again {
            reports.push((last, CheckInStatus::InProgress, None));
        }
        // The last report of a run that is not its end says that it was alive.
        let still_open = end.is_none() && row.date_updated > begin;
        if row.status.is_reported_end() || still_open {
            let alive = kept_alive(begin, row.date_updated, row.config.runtime());
            reports.extend(alive.map(|at| (at, CheckInStatus::InProgress, None)));
        }
        if still_open {
            reports.push((row.date_updated, CheckInStatus::InProgress, None));
        }
    }
    if let Some(end) = end {
        let status = if end == Status::Ok { CheckInStatus::Ok } else { CheckInStatus::Error };
        reports.push((row.date_updated, status, row.duration_ms));
    }
    reports
}

/// The reports that kept a run from timing out, at the latest instants: without one, its deadline would have passed before its end.
fn kept_alive(begin: Timestamp, end: Timestamp, runtime: u32) -> impl Iterator<Item = Timestamp> {
    let minutes = |minutes: u32| SignedDuration::from_mins(i64::from(minutes));
    let next = move |at: &Timestamp| {
        let deadline = truncate_to_minute(*at).checked_add(minutes(runtime)).ok()?;
        if end < deadline { None } else { at.checked_add(minutes(runtime.max(2) - 1)).ok() }
    };
    std::iter::successors(next(&begin), next).take_while(move |at| *at < end)
}
