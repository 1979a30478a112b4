//! A replay of runs that another service has stored.

use std::collections::BTreeSet;
use std::ops::Range;

use crons_types::{CheckInId, MonitorConfig, Slug};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::advice::{HISTORY, History, advise};
use super::replay::Replay;
use super::report::Report;
use crate::domain::{Author, CheckIn, Config, Configured, Monitor, Outage, Status, truncate_to_minute};
use crate::store::{Export, StoreError};

/// A run as its job has reported it to another service.
#[derive(Debug, Clone)]
pub struct ImportedRun {
    /// The id of the run; two runs have two ids.
    pub id: CheckInId,
    /// The environment of the run.
    pub environment: String,
    /// The arrival of its start; `None` if only the end was reported.
    pub started: Option<Timestamp>,
    /// The arrival of its end, and whether the run was successful; `None` if no end was reported.
    pub ended: Option<(Timestamp, bool)>,
    /// Milliseconds that the run took, as the job says; `None` if it does not.
    pub duration_ms: Option<i64>,
    /// Whether the run was kept alive, if it took longer than `max_runtime`: the service has such a limit, and did not count it as timed out.
    pub kept_alive: bool,
    /// The configuration of the monitor at that time.
    pub config: MonitorConfig,
}

/// The result of the replay.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsed {
    /// Everything that a server would have stored.
    pub report: Report,
    /// The advice on the configuration, in the order of environments.
    pub advice: Vec<AdviceRow>,
}

/// A piece of advice for one environment.
#[derive(Debug, Clone, Serialize)]
pub struct AdviceRow {
    /// The environment.
    pub environment: String,
    /// A fixed name, for programs.
    pub kind: &'static str,
    /// The advice, in words.
    pub text: String,
    /// The meanings that the history can have, if there is more than one.
    pub readings: Vec<String>,
    /// The settings to change, with their values.
    pub settings: Map<String, Value>,
    /// The attribute with these settings; `None` if no setting helps.
    pub attribute: Option<String>,
}

impl Replay {
    /// Replays the reports about runs of the monitor `slug`, and evaluates its deadlines until `until`. Deadlines in `outages`, in which the
    /// service was not receiving, are unknown. Runs without any report are left out.
    ///
    /// # Errors
    /// If the database in memory fails.
    pub fn rehearse(
        &self,
        slug: &Slug,
        runs: &[ImportedRun],
        outages: &[Range<Timestamp>],
        until: Timestamp,
    ) -> Result<Rehearsed, StoreError> {
        let rows: Vec<(String, String, CheckIn)> = runs
            .iter()
            .filter_map(|run| Some((slug.to_string(), run.environment.clone(), row(run)?)))
            .collect();
        let outages: Vec<Outage> =
            outages.iter().map(|outage| Outage { since: outage.start, until: outage.end }).collect();
        let simulation = self.simulate(&rows, outages.clone(), Some(until))?;
        let advice = advice(slug, &simulation.export()?, &outages);
        Ok(Rehearsed { report: simulation.finish()?, advice })
    }
}

/// The row of a run, as a server that has received its reports would have it; `None` without any report.
fn row(run: &ImportedRun) -> Option<CheckIn> {
    let ImportedRun { id, started, ended, duration_ms, kept_alive, config, .. } = run;
    let begin = started.or(ended.map(|(at, _)| at))?;
    let reported = match ended {
        Some((_, true)) => Status::Ok,
        Some((_, false)) => Status::Error,
        None => Status::InProgress,
    };
    Some(CheckIn {
        guid: Uuid::from_bytes(*id.as_bytes()),
        status: if *kept_alive { reported } else { Status::Timeout },
        duration_ms: *duration_ms,
        date_added: begin,
        date_updated: ended.map_or(begin, |(at, _)| at.max(begin)),
        date_clock: truncate_to_minute(begin),
        date_in_progress: *started,
        expected_time: None,
        timeout_at: None,
        reported: Some(reported),
        unheard: false,
        note: None,
        decision: None,
        trace: None,
        config: Config::from(config),
    })
}

/// The advice for each environment of the simulated monitor.
fn advice(slug: &Slug, export: &Export, outages: &[Outage]) -> Vec<AdviceRow> {
    let names: BTreeSet<&str> =
        export.check_ins.iter().map(|(_, environment, _)| environment.as_str()).collect();
    let mut found = Vec::new();
    for name in names {
        let of_environment = export.check_ins.iter().filter(|(_, environment, _)| environment == name);
        let mut runs: Vec<CheckIn> = of_environment.map(|(_, _, run)| run.clone()).collect();
        // Newest first; the sort is stable, so of two with the same start the later arrival comes first.
        runs.reverse();
        runs.sort_by_key(|run| std::cmp::Reverse(run.date_added));
        runs.truncate(HISTORY as usize);
        let Some(newest) = runs.first() else { continue };
        let monitor = Monitor {
            guid: Uuid::nil(),
            project: crate::PROJECT,
            slug: slug.clone(),
            name: None,
            spelling: None,
            enabled: true,
            upserting: true,
            config: newest.config.clone(),
            configured: Configured { by: Author::Code, at: newest.date_added },
            owner: None,
            muted: false,
            date_created: newest.date_added,
        };
        let history = History { monitor: &monitor, runs: &runs, outages };
        found.extend(advise(&history).into_iter().map(|advice| AdviceRow {
            environment: name.to_owned(),
            kind: advice.kind,
            text: advice.text,
            readings: advice.readings,
            settings: advice.settings,
            attribute: advice.attribute,
        }));
    }
    found
}

impl From<&MonitorConfig> for Config {
    fn from(config: &MonitorConfig) -> Self {
        Self {
            schedule: config.get_schedule().clone(),
            checkin_margin: config.get_checkin_margin().map(crons_types::Minutes::get),
            max_runtime: config.get_max_runtime().map(crons_types::Minutes::get),
            timezone: config.get_timezone(),
            failure_issue_threshold: config.get_failure_issue_threshold(),
            recovery_threshold: config.get_recovery_threshold(),
        }
    }
}
