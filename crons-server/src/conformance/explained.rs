//! Conformance of the rows that derivations mention.

use serde_json::json;
use uuid::Uuid;

use super::{Written, instant, number, on_every_backend, time};
use crate::Settings;
use crate::domain::{CheckIn, Explained, ExplainedIncident, ExplainedRun};

const HOURLY: &str = "0 * * * *";

fn send(written: &Written, number: u32, status: &str) {
    written.send_payload(
        &json!({"monitor_slug": "job", "status": status, "check_in_id": format!("{number:032x}"),
        "monitor_config": {"schedule": {"type": "crontab", "value": HOURLY}, "max_runtime": 10,
            "failure_issue_threshold": 2, "recovery_threshold": 2}}),
    );
}

fn run(written: &Written, id: Uuid) -> ExplainedRun {
    match written.queries.explained(id).unwrap() {
        Some(Explained::Run(run)) => *run,
        other => unreachable!("{other:?} is no run"),
    }
}

fn incident(written: &Written, id: Uuid) -> ExplainedIncident {
    match written.queries.explained(id).unwrap() {
        Some(Explained::Incident(incident)) => *incident,
        other => unreachable!("{other:?} is no incident"),
    }
}

fn started(runs: &[CheckIn]) -> Vec<String> {
    runs.iter().map(|run| time(run.date_added)).collect()
}

/// Writes an ok at 10:00, a run that times out at 10:20, one missed at 11:00, which opens an incident, an error, and two successes.
fn write(written: &Written) {
    send(written, 1, "ok");
    written.advance("10:10:00");
    send(written, 2, "in_progress");
    written.advance("11:05:00");
    send(written, 3, "error");
    written.advance("11:10:00");
    send(written, 4, "ok");
}

#[test]
fn a_run_comes_with_the_reported_runs_around_it() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        let timed_out = run(written, Uuid::from_u128(2));
        let ids = |explained: &ExplainedRun| {
            [&explained.previous, &explained.next].map(|run| run.as_ref().map(|run| number(run.guid)))
        };
        // The missed run in between was not reported by the job.
        assert_eq!(ids(&timed_out), [Some(1), Some(3)]);
        assert_eq!((timed_out.monitor_slug.as_str(), timed_out.environment.as_str()), ("job", "production"));
        assert_eq!(timed_out.incident, None);
        assert_eq!(ids(&run(written, Uuid::from_u128(1))), [None, Some(2)]);
        assert_eq!(ids(&run(written, Uuid::from_u128(4))), [Some(3), None]);

        let failed = run(written, Uuid::from_u128(3));
        let counted = failed.incident.clone().unwrap();
        let missed = run(written, counted.opening.unwrap().check_in);
        assert_eq!((missed.run.status.as_str(), ids(&missed)), ("missed", [Some(2), Some(3)]));
        assert_eq!(missed.incident, failed.incident);
        assert_eq!(written.queries.explained(Uuid::from_u128(99)).unwrap(), None);
    });
}

#[test]
fn an_incident_comes_with_its_failures_and_its_end() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        let id = run(written, Uuid::from_u128(3)).incident.unwrap().guid;
        let open = incident(written, id);
        assert_eq!(started(&open.failures), ["10:10:00", "11:00:00"]);
        assert_eq!(started(&open.newest), ["11:10:00", "11:05:00"]);
        let opening = open.incident.opening.unwrap();
        assert_eq!((opening.at, opening.threshold), (instant("11:01:00"), 2));
        assert_eq!((open.first_notified, open.resolving), (Some(opening.at), None));

        written.advance("11:20:00");
        send(written, 5, "ok");
        let resolved = incident(written, id);
        assert_eq!(started(&resolved.failures), ["10:10:00", "11:00:00"]);
        assert_eq!(resolved.resolving.map(|run| number(run.guid)), Some(5));
        assert_eq!((resolved.newest, resolved.incident.recovery_threshold), (Vec::new(), Some(2)));
        assert_eq!(run(written, Uuid::from_u128(5)).incident.unwrap().guid, id);
    });
}

#[test]
fn a_run_of_a_deleted_monitor_is_not_explained() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        written.delete("/monitors/job/");
        assert_eq!(written.queries.explained(Uuid::from_u128(2)).unwrap(), None);
    });
}
