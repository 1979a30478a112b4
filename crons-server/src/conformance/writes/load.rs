//! Rows are loaded as they were written: monitors, environments, incidents, deferred ends, cap usage.

use crons_types::CheckInStatus::{Error, InProgress, Ok as Success};
use serde_json::{Value, json};
use uuid::Uuid;

use super::rows::{NewRows, event, keys};
use super::{Opened, instant, on_every_store};
use crate::domain::{
    Acknowledgement, Author, BatchKeys, Broken, CheckInEvent, Configured, EnvironmentStatus, Failures,
    Occurrence, Opening, Snapshot, Status, Verdict,
};
use crate::ingest::parse_check_in;
use crate::pipeline::{Processor, apply_check_ins};
use crate::store::Changes;
use crate::{Quotas, Settings};

/// A decision with a value in each of its fields, in the form in which it is stored.
fn decision() -> Value {
    json!({
        "cause": {"outage": {
            "passed": {"deadline": instant("10:00:01"), "evaluated_at": instant("10:01:00"), "last_report": instant("10:00:00")},
            "since": instant("09:59:00"), "until": instant("10:00:30"),
        }},
        "consequence": {"below_threshold": {
            "failures": 1, "threshold": 2, "last_ok": {"id": Uuid::from_u128(9), "began": instant("09:00:00")},
        }},
        "muted": true,
    })
}

#[test]
fn a_batch_that_was_written_is_loaded_as_it_was() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        let environment = rows.environment(monitor, "a");
        let run = rows.run(environment, 1, Status::Error, "10:00:00");
        let incident = rows.incident(environment, 7, 1);
        let row = &mut rows.snapshot.monitors[monitor].value;
        (row.owner, row.spelling) = (Some("team:ops".to_owned()), Some("Job".to_owned()));
        (row.enabled, row.upserting, row.muted) = (false, false, true);
        row.name = Some("The nightly job".to_owned());
        row.configured = Configured { by: Author::Person, at: instant("09:30:00") };
        let row = &mut rows.snapshot.environments[environment].row.value;
        (row.status, row.muted) = (EnvironmentStatus::Error, true);
        (row.last_check_in, row.last_ok) = (Some(instant("10:00:01")), Some(instant("09:00:01")));
        row.next_check_in = Some(instant("11:00:00"));
        row.next_check_in_latest = Some(instant("11:01:00"));
        let row = &mut rows.snapshot.runs[run].row.value;
        (row.duration_ms, row.reported, row.unheard) = (Some(1_500), Some(Status::Error), true);
        row.date_in_progress = Some(instant("10:00:02"));
        row.expected_time = Some(instant("10:00:03"));
        row.timeout_at = Some(instant("10:00:04"));
        row.note = Some("exit code 3\n\n\"last\" words ä".into());
        row.trace = Some(Uuid::from_u128(5));
        row.decision = Some(serde_json::from_value(decision()).unwrap());
        let row = &mut rows.snapshot.incidents[incident].row.value;
        row.failures = Failures { error: 3, missed: 2, timeout: 1 };
        row.opening = Some(Opening { at: instant("10:00:08"), check_in: Uuid::from_u128(1), threshold: 2 });
        row.acknowledged = Some(Acknowledgement { at: instant("10:00:05"), by: "me".to_owned() });
        let occurrence = Occurrence {
            check_in: Uuid::from_u128(1),
            at: instant("10:00:06"),
            reason: "An error".to_owned(),
        };
        rows.snapshot.occurrences.push((incident, occurrence.clone()));
        let changes = rows.changes();
        opened.commit(&changes);

        let keys = keys(&[event("job", "a", 1, Success)], false);
        let mut loaded = opened.load(&keys);
        assert_same(&loaded, &changes.snapshot);
        let detail = opened.queries().incident(Uuid::from_u128(7)).unwrap().unwrap();
        assert_eq!(detail.occurrences, [occurrence]);

        // A row that is changed is the same row as before.
        loaded.monitors[0].value.owner = None;
        loaded.monitors[0].value.configured = Configured { by: Author::Code, at: instant("09:40:00") };
        loaded.environments[0].row.value.status = EnvironmentStatus::Ok;
        loaded.runs[0].row.value.status = Status::Ok;
        // A trace with the id of the run is stored in another way.
        loaded.runs[0].row.value.trace = Some(Uuid::from_u128(1));
        loaded.runs[0].row.value.decision = None;
        loaded.incidents[0].row.value.resolved_at = Some(instant("10:00:07"));
        loaded.incidents[0].row.value.resolving_check_in = Some(Uuid::from_u128(1));
        loaded.incidents[0].row.value.recovery_threshold = Some(4);
        loaded.monitors[0].changed = true;
        loaded.environments[0].row.changed = true;
        loaded.runs[0].row.changed = true;
        loaded.incidents[0].row.changed = true;
        let changes = Changes::of(loaded);
        opened.commit(&changes);
        let by_incident = BatchKeys { incident: Some(Uuid::from_u128(7)), ..keys };
        assert_same(&opened.load(&by_incident), &changes.snapshot);
        let export = opened.queries().export(None).unwrap();
        let rows = (export.environments.len(), export.check_ins.len(), export.incidents.len());
        assert_eq!(rows, (1, 1, 1));
    });
}

/// The rows of both have the same values.
fn assert_same(a: &Snapshot, b: &Snapshot) {
    let monitors = |of: &Snapshot| of.monitors.iter().map(|row| row.value.clone()).collect::<Vec<_>>();
    assert_eq!(monitors(a), monitors(b));
    let rows = |of: &Snapshot| of.environments.iter().map(|row| row.row.value.clone()).collect::<Vec<_>>();
    assert_eq!(rows(a), rows(b));
    let rows = |of: &Snapshot| of.runs.iter().map(|row| row.row.value.clone()).collect::<Vec<_>>();
    assert_eq!(rows(a), rows(b));
    let rows = |of: &Snapshot| of.incidents.iter().map(|row| row.row.value.clone()).collect::<Vec<_>>();
    assert_eq!(rows(a), rows(b));
}

#[test]
fn a_row_that_does_not_exist_is_in_no_snapshot() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        rows.environment(monitor, "a");
        opened.commit(&rows.changes());
        let others = [event("fig", "a", 1, Error), event("job", "b", 2, Error), event("job", "A", 3, Error)];
        let loaded = opened.load(&keys(&others, true));
        assert_eq!(loaded.monitors.len(), 1);
        assert!(loaded.environments.is_empty() && loaded.runs.is_empty() && loaded.incidents.is_empty());
        assert!(opened.load(&BatchKeys::default()).monitors.is_empty());
    });
}

/// The deferred ends of a snapshot, by the number of their run.
fn deferred(snapshot: &Snapshot) -> Vec<CheckInEvent> {
    snapshot.deferred.values().flatten().map(|row| row.event.clone()).collect()
}

#[test]
fn deferred_ends_are_loaded_for_a_check_in_with_a_config() {
    on_every_store(|opened| {
        let late = CheckInEvent { received: instant("10:00:05"), ..event("fig", "a", 1, Error) };
        let early = event("fig", "b", 2, Success);
        let other = event("pear", "a", 3, Success);
        let mut rows = NewRows::default();
        for event in [&late, &early, &other] {
            rows.snapshot.defer(event.clone());
        }
        opened.commit(&rows.changes());
        let fig = [event("fig", "a", 4, InProgress)];
        assert_eq!(deferred(&opened.load(&keys(&fig, false))), [], "it makes no monitor");
        let mut loaded = opened.load(&keys(&fig, true));
        assert_eq!(deferred(&loaded), [early.clone(), late.clone()], "in order of arrival");
        let all = BatchKeys { all_deferred: true, ..BatchKeys::default() };
        assert_eq!(deferred(&opened.load(&all)), [early, late, other.clone()]);
        assert_eq!(loaded.take_deferred(&"fig".parse().unwrap()).len(), 2);
        opened.commit(&Changes::of(loaded));
        assert_eq!(deferred(&opened.load(&all)), [other]);
    });
}

/// Sends check-ins for a monitor and these environments to a core whose quotas are all `quota`, in one batch. Returns whether each counts.
fn are_accepted(opened: &mut Opened, quota: u32, slug: &str, environments: &[&str]) -> Vec<bool> {
    let quotas = Quotas { monitors: quota, environments: quota };
    let mut processor = Processor::new(&Settings { quotas, ..Settings::default() }, Uuid::new_v4);
    let config = json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}});
    let received: Vec<_> = environments
        .iter()
        .map(|environment| {
            let payload = json!({"monitor_slug": slug, "environment": environment, "status": "ok",
                "check_in_id": Uuid::new_v4().simple().to_string(), "monitor_config": config});
            let mut received = parse_check_in(payload.to_string().as_bytes(), None);
            received.stamp(instant("10:00:00"));
            received
        })
        .collect();
    let received: Vec<_> = received.iter().collect();
    let store = &mut *opened.database.as_mut().unwrap().store;
    let (mut events, mut verdicts) = (Vec::new(), Vec::new());
    apply_check_ins(store, &mut processor, &received, None, &mut events, &mut verdicts).unwrap();
    verdicts.iter().map(|verdict| matches!(verdict, Some(Verdict::Accepted { .. }))).collect()
}

#[test]
fn caps_count_the_monitors_and_environments_that_are_stored() {
    on_every_store(|opened| {
        for (slug, environment, expected) in [
            ("apple", "a", true),
            ("apple", "b", true),
            ("apple", "c", false),
            ("pear", "a", true),
            ("pear", "b", true),
            ("fig", "a", false),
            ("apple", "b", true),
        ] {
            assert_eq!(are_accepted(opened, 2, slug, &[environment]), [expected], "{slug}/{environment}");
        }
    });
}

#[test]
fn new_environments_of_a_muted_monitor_are_muted_in_one_batch_as_in_two() {
    for batches in [&[&["a", "b"][..]][..], &[&["a"], &["b"]]] {
        on_every_store(|opened| {
            let mut rows = NewRows::default();
            let monitor = rows.monitor("job");
            rows.snapshot.monitors[monitor].value.muted = true;
            opened.commit(&rows.changes());
            for environments in batches {
                assert!(!are_accepted(opened, 2, "job", environments).contains(&false));
            }
            let view = opened.queries().monitor("job").unwrap().unwrap();
            let muted: Vec<bool> = view.environments.iter().map(|view| view.environment.muted).collect();
            assert_eq!(muted, [true, true], "{batches:?}");
        });
    }
}

#[test]
fn an_environment_that_the_server_muted_as_broken_mutes_no_new_one() {
    for (others, is_monitor_muted, expected) in [
        (&[][..], false, false),
        // A person has muted the whole monitor.
        (&[], true, true),
        (&[true], false, true),
        (&[true, false], false, false),
    ] {
        on_every_store(|opened| {
            let mut rows = NewRows::default();
            let monitor = rows.monitor("job");
            rows.snapshot.monitors[monitor].value.muted = is_monitor_muted;
            let broken = rows.environment(monitor, "broken");
            rows.snapshot.environments[broken].row.value.muted = true;
            // The mute outlives the incident, and so the second one is not muted for being broken.
            for number in [1, 2] {
                let incident = rows.incident(broken, number, 1);
                let value = &mut rows.snapshot.incidents[incident].row.value;
                value.resolved_at = Some(instant("11:00:00"));
                let broken = Broken { detected_at: instant("10:00:00"), muted_at: Some(instant("10:30:00")) };
                value.broken = (number == 1).then_some(broken);
            }
            rows.snapshot.environments[broken].open_incident = None;
            for (muted, name) in others.iter().zip(["other", "third"]) {
                let other = rows.environment(monitor, name);
                rows.snapshot.environments[other].row.value.muted = *muted;
            }
            opened.commit(&rows.changes());
            assert_eq!(are_accepted(opened, 5, "job", &["new", "newer"]), [true, true]);
            let view = opened.queries().monitor("job").unwrap().unwrap();
            let new = view.environments.iter().filter(|view| view.environment.name.starts_with("new"));
            let muted: Vec<bool> = new.map(|view| view.environment.muted).collect();
            assert_eq!(muted, [expected, expected], "{others:?} {is_monitor_muted}");
        });
    }
}
