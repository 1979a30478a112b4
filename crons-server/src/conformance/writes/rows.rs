//! Rows and keys for the tests.

use crons_types::{CheckInId, CheckInStatus, Slug};
use serde_json::json;
use uuid::Uuid;

use super::super::instant;
use crate::domain::{
    Author, BatchKeys, CheckIn, CheckInEvent, Config, ConfigUpdate, Configured, EnvironmentStatus, Failures,
    Incident, Monitor, MonitorEnvironment, PROJECT, ReceivedCheckIn, Snapshot, Status,
};
use crate::store::Changes;

/// Rows of a batch, all of them new.
#[derive(Default)]
pub(super) struct NewRows {
    /// The snapshot, for a test that changes a row before it is written.
    pub snapshot: Snapshot,
}

impl NewRows {
    pub fn monitor(&mut self, slug: &str) -> usize {
        let monitor = Monitor {
            guid: Uuid::new_v4(),
            project: PROJECT,
            slug: slug.parse().unwrap(),
            name: None,
            spelling: None,
            enabled: true,
            upserting: true,
            config: config(),
            configured: Configured { by: Author::Code, at: instant("09:00:00") },
            muted: false,
            owner: None,
            date_created: instant("09:00:00"),
        };
        self.snapshot.add_monitor(0, monitor)
    }

    pub fn environment(&mut self, monitor: usize, name: &str) -> usize {
        let environment = MonitorEnvironment {
            name: name.to_owned(),
            status: EnvironmentStatus::Active,
            muted: false,
            date_created: instant("09:00:00"),
            last_check_in: None,
            next_check_in: None,
            next_check_in_latest: None,
            last_ok: None,
        };
        self.snapshot.add_environment(monitor, 0, environment)
    }

    /// Adds a run that begins at `start`. Returns its index.
    pub fn run(&mut self, environment: usize, number: u128, status: Status, start: &str) -> usize {
        let start = instant(start);
        let run = CheckIn {
            guid: Uuid::from_u128(number),
            status,
            duration_ms: None,
            date_added: start,
            date_updated: start,
            date_clock: start,
            date_in_progress: None,
            expected_time: None,
            timeout_at: None,
            reported: None,
            unheard: false,
            note: None,
            decision: None,
            trace: None,
            config: config(),
        };
        self.snapshot.add_run(0, Ok(environment), run);
        self.snapshot.runs.len() - 1
    }

    /// Adds an open incident that begins with a run. Returns its index.
    pub fn incident(&mut self, environment: usize, number: u128, run: u128) -> usize {
        let incident = Incident {
            guid: Uuid::from_u128(number),
            started_at: instant("10:00:00"),
            starting_check_in: Uuid::from_u128(run),
            opening: None,
            resolved_at: None,
            recovery_threshold: None,
            resolving_check_in: None,
            failures: Failures::default(),
            notified: true,
            acknowledged: None,
            withheld: None,
            broken: None,
            follow_up: None,
        };
        self.snapshot.add_incident(environment, 0, incident);
        self.snapshot.incidents.len() - 1
    }

    pub fn changes(self) -> Changes {
        let mut snapshot = self.snapshot;
        for row in &mut snapshot.monitors {
            (row.id, row.changed) = (None, true);
        }
        for environment in &mut snapshot.environments {
            (environment.row.id, environment.row.changed) = (None, true);
        }
        for run in &mut snapshot.runs {
            (run.row.id, run.row.changed) = (None, true);
        }
        for incident in &mut snapshot.incidents {
            (incident.row.id, incident.row.changed) = (None, true);
        }
        Changes::of(snapshot)
    }
}

fn config() -> Config {
    let schedule = json!({"type": "crontab", "value": "0 * * * *"});
    serde_json::from_value(json!({"schedule": schedule, "failure_issue_threshold": 2})).unwrap()
}

/// A check-in of the run with a number, 0 for none, and without a configuration.
pub(super) fn event(slug: &str, environment: &str, number: u128, status: CheckInStatus) -> CheckInEvent {
    CheckInEvent {
        project: PROJECT,
        monitor_slug: slug.parse::<Slug>().unwrap(),
        environment: environment.to_owned(),
        check_in_id: CheckInId::from_bytes(number.to_be_bytes()),
        status,
        duration_ms: Some(5_000),
        note: Some("a note".into()),
        config: None,
        received: instant("10:00:00"),
        trace: None,
        spelling: None,
        remarks: vec!["a remark".to_owned()],
    }
}

/// The keys of a batch of check-ins, which bring a configuration or not.
pub(super) fn keys(events: &[CheckInEvent], has_config: bool) -> BatchKeys {
    let mut keys = BatchKeys::default();
    for event in events {
        let config = has_config.then(|| ConfigUpdate::Invalid("for the key only".to_owned()));
        keys.add(&ReceivedCheckIn {
            monitor_slug: Some(event.monitor_slug.clone()),
            environment: event.environment.clone(),
            received: event.received,
            payload: String::new(),
            parsed: Ok(CheckInEvent { config, ..event.clone() }),
        });
    }
    keys
}

/// The numbers of the runs of a snapshot, in order.
pub(super) fn runs(snapshot: &Snapshot) -> Vec<u128> {
    let mut numbers: Vec<_> = snapshot.runs.iter().map(|run| run.row.value.guid.as_u128()).collect();
    numbers.sort_unstable();
    numbers
}
