//! Deleted monitors and environments, and rows that retention does not keep.

use std::collections::HashMap;
use std::sync::Arc;

use crons_types::CheckInStatus::InProgress;
use jiff::Timestamp;
use uuid::Uuid;

use super::rows::{NewRows, event, keys, runs};
use super::{Opened, instant, on_every_store};
use crate::Retention;
use crate::alerts::Alert;
use crate::domain::{Deletion, Outcome, ProcessingError, Status};
use crate::store::{Changes, DueKind, Expired, PageRequest, Pass, ProcessingErrors, Usage};

/// A monitor with two environments, each with a run, an open incident with an alert, and a deadline.
fn write(opened: &mut Opened) {
    let mut rows = NewRows::default();
    let monitor = rows.monitor("job");
    let mut alerts = Vec::new();
    for (number, name) in [(1, "a"), (2, "b")] {
        let environment = rows.environment(monitor, name);
        rows.snapshot.environments[environment].row.value.next_check_in_latest = Some(instant("11:00:00"));
        let run = rows.run(environment, number, Status::InProgress, "10:00:00");
        rows.snapshot.runs[run].row.value.timeout_at = Some(instant("11:00:00"));
        rows.incident(environment, 70 + number, number);
        let [key, incident, check_in] = [number, 70 + number, number].map(Uuid::from_u128);
        let (target, body, at) = (name.to_owned(), "{}".to_owned(), instant("10:00:00"));
        alerts.push(Alert { key, target, event: "opened", incident, check_in, at, group_until: None, body });
    }
    let slug = || Some("job".parse().unwrap());
    let usage = Usage { slug: slug(), outcome: Outcome::Accepted, reason: None };
    let processing_errors = ProcessingErrors {
        slug: slug(),
        received: instant("10:00:00"),
        payload: "{}".to_owned(),
        errors: vec![ProcessingError::CheckInFinished],
        accepted: false,
    };
    let hour = instant("10:00:00").as_second() / 3_600;
    opened.commit(&Changes {
        usage: HashMap::from([((hour, usage), 3)]),
        processing_errors: vec![processing_errors],
        alerts,
        ..rows.changes()
    });
}

fn delete(opened: &mut Opened, environments: &[&str]) {
    let environments = environments.iter().map(ToString::to_string).collect();
    let deletion = Deletion { slug: "job".to_owned(), environments, at: instant("10:30:00") };
    let mut changes = Changes::default();
    changes.snapshot.deletion = Some(deletion);
    opened.commit(&changes);
}

fn purge(opened: &mut Opened) {
    while opened.change(|transaction| transaction.purge_deleted()) {}
    assert!(!opened.queries().has_deleted().unwrap());
}

/// The number of rows that are due.
fn due(opened: &mut Opened) -> usize {
    let mut transaction = opened.begin();
    [DueKind::Missed, DueKind::TimedOut]
        .map(|kind| transaction.claim(kind, instant("12:00:00"), 9, Pass::ALL).unwrap().len())
        .iter()
        .sum()
}

#[test]
fn a_deleted_environment_is_never_due_and_frees_its_run_ids() {
    on_every_store(|opened| {
        write(opened);
        assert_eq!(due(opened), 4);
        delete(opened, &["a"]);
        // The id of a run that is not purged yet can be used again.
        let again = keys(&[event("job", "b", 1, InProgress)], false);
        let loaded = opened.change(|transaction| transaction.load(&again));
        assert!(runs(&loaded).is_empty() && loaded.environments.len() == 1, "{loaded:?}");
        purge(opened);
        assert_eq!(due(opened), 2);
        let targets: Vec<_> = opened.queries().due_alerts(&[]).unwrap();
        assert_eq!(targets.iter().map(|alert| alert.target.as_str()).collect::<Vec<_>>(), ["b"]);
        let expired = &opened.queries().alerts(9).unwrap()[1];
        assert_eq!((expired.expired, expired.next_attempt), (Some(instant("10:30:00")), None));
        assert_eq!(opened.queries().processing_errors(Some("job")).unwrap().len(), 1);
        let export = opened.queries().export(None).unwrap();
        assert_eq!((export.check_ins.len(), export.environments.len(), export.incidents.len()), (1, 1, 1));
    });
}

#[test]
fn a_deleted_monitor_leaves_its_counts_to_no_monitor() {
    on_every_store(|opened| {
        write(opened);
        delete(opened, &[]);
        assert_eq!(due(opened), 0);
        assert!(!opened.queries().has_monitor("job").unwrap());
        assert!(opened.load(&keys(&[event("job", "a", 1, InProgress)], true)).monitors.is_empty());
        purge(opened);
        let all = PageRequest { skip: 0, limit: 9 };
        let usage = opened.queries().usage(None, Timestamp::MIN, all).unwrap().items;
        let usage: Vec<_> = usage.iter().map(|row| (row.monitor.as_deref(), row.count)).collect();
        assert_eq!(usage, [(None, 3)]);
        write(opened);
        assert_eq!(due(opened), 4, "a monitor of the same name is another one");
        assert_eq!(opened.queries().processing_errors(Some("job")).unwrap().len(), 1);
    });
}

/// Sweeps with a retention that keeps one run of each kind. Returns the rows that it finds.
fn sweep(opened: &Opened) -> Vec<Expired> {
    let kept = Retention { success_days: 1, failure_days: 1, check_ins: 1 };
    let sweeper = Arc::clone(&opened.database.as_ref().unwrap().sweeper);
    let mut sweep = sweeper.sweep(instant("12:00:00"), kept);
    std::iter::from_fn(|| sweep.advance().unwrap()).collect()
}

#[test]
fn expired_rows_are_deleted_but_for_runs_that_go_on_after_all() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        let environment = rows.environment(monitor, "a");
        for (number, start) in (1..).zip(["10:00:00", "10:01:00", "10:02:00", "10:03:00", "10:04:00"]) {
            rows.run(environment, number, Status::Timeout, start);
        }
        let day_before = |time: &str| instant(time) - jiff::SignedDuration::from_hours(48);
        let [old, new] = [day_before("09:00:00"), instant("09:00:00")];
        let outages = [old, new].map(|at| crate::domain::Outage { since: at, until: at }).to_vec();
        opened.commit(&Changes { outages, ..rows.changes() });
        let found = sweep(opened);
        // The monitor's threshold looks at the last two.
        assert_eq!(found.iter().map(Expired::rows).sum::<usize>(), 3 + 1);
        let mut meanwhile = opened.load(&keys(&[event("job", "a", 2, InProgress)], false));
        meanwhile.runs[0].row.value.status = Status::InProgress;
        meanwhile.runs[0].row.changed = true;
        opened.commit(&Changes::of(meanwhile));
        let deleted: usize =
            found.iter().map(|found| opened.change(|transaction| transaction.delete_expired(found))).sum();
        assert_eq!(deleted, 2);
        let export = opened.queries().export(None).unwrap();
        let left: Vec<_> = export.check_ins.iter().map(|(.., run)| run.guid.as_u128()).collect();
        assert_eq!((left, export.outages.len()), (vec![2, 4, 5], 1));
        while opened.change(|transaction| transaction.reclaim_space()) {}
        assert_eq!(sweep(opened).iter().map(Expired::rows).sum::<usize>(), 0);
    });
}
