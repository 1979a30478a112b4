//! Transactions are atomic, and a commit outlives a crash.

use std::collections::HashMap;

use crons_types::CheckInStatus;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::rows::{NewRows, event, keys};
use super::{Opened, instant, on_every_store};
use crate::alerts::{Alert, Attempt, DRILL, DeliveryOutcome, UNKNOWN_TARGET};
use crate::domain::{BatchKeys, Outage, Outcome, ProcessingError, Status};
use crate::store::{
    ApiToken, Changes, PageRequest, ProcessingErrors, ProofView, Scope, TokenChange, TokenHash, Usage,
};

/// Changes of every kind.
fn changes() -> Changes {
    let mut rows = NewRows::default();
    let monitor = rows.monitor("job");
    let environment = rows.environment(monitor, "a");
    rows.run(environment, 1, Status::Error, "10:00:00");
    rows.incident(environment, 7, 1);
    let slug = || Some("job".parse().unwrap());
    let usage = Usage { slug: slug(), outcome: Outcome::Accepted, reason: None };
    Changes {
        processing_errors: vec![ProcessingErrors {
            slug: slug(),
            received: instant("10:00:00"),
            payload: "{}".to_owned(),
            errors: vec![ProcessingError::CheckInFinished],
            accepted: false,
        }],
        usage: HashMap::from([((instant("10:00:00").as_second() / 3_600, usage), 3)]),
        alerts: vec![alert(1, "ops")],
        outages: vec![Outage { since: instant("09:00:00"), until: instant("09:30:00") }],
        last_seen: Some(instant("10:00:00")),
        ..rows.changes()
    }
}

pub(super) fn alert(number: u128, target: &str) -> Alert {
    let [key, incident, check_in] = [number, 7, number].map(Uuid::from_u128);
    let (target, body, at) = (target.to_owned(), "{}".to_owned(), instant("10:00:00"));
    Alert { key, target, event: "failure", incident, check_in, at, group_until: None, body }
}

/// The number of rows that queries see, by kind.
fn seen(opened: &mut Opened) -> [usize; 7] {
    let all = PageRequest { skip: 0, limit: 100 };
    let queries = opened.queries();
    let export = queries.export(None).unwrap();
    let usage = queries.usage(None, Timestamp::MIN, all).unwrap().items;
    let seen = [
        queries.summaries().unwrap().len(),
        export.check_ins.len(),
        export.incidents.len(),
        queries.processing_errors(Some("job")).unwrap().len(),
        usage.iter().map(|row| row.count as usize).sum(),
        queries.alerts(100).unwrap().len(),
        export.outages.len(),
    ];
    assert_eq!(opened.begin().last_seen().unwrap(), export.last_heartbeat);
    assert_eq!(export.last_heartbeat.is_some(), seen[6] > 0);
    assert_eq!(opened.begin().outages(instant("09:29:59")).unwrap().len(), seen[6]);
    seen
}

#[test]
fn a_transaction_that_is_dropped_changes_nothing() {
    on_every_store(|opened| {
        let mut transaction = opened.begin();
        transaction.write(&changes()).unwrap();
        let keys = BatchKeys { slugs: vec!["job".parse().unwrap()], ..BatchKeys::default() };
        assert_eq!(transaction.load(&keys).unwrap().monitors.len(), 1, "it sees what it has written");
        assert_eq!(transaction.setting("name", "dropped").unwrap(), "dropped");
        drop(transaction);
        assert_eq!(seen(opened), [0; 7]);
        assert_eq!(opened.change(|transaction| transaction.setting("name", "kept")), "kept");
        opened.crash();
        assert_eq!(seen(opened), [0; 7]);
    });
}

#[test]
fn a_commit_is_seen_by_queries_at_once_and_after_a_crash() {
    on_every_store(|opened| {
        opened.commit(&changes());
        let expected = [1, 1, 1, 1, 3, 1, 1];
        assert_eq!(seen(opened), expected);
        opened.crash();
        assert_eq!(seen(opened), expected);
        // Counts of the same hour add up, and an event is sent to a target once.
        let again = changes();
        let keys = BatchKeys { slugs: vec!["job".parse().unwrap()], ..BatchKeys::default() };
        let snapshot = opened.load(&keys);
        opened.commit(&Changes { snapshot, usage: again.usage, alerts: again.alerts, ..Changes::default() });
        assert_eq!(seen(opened), [1, 1, 1, 1, 6, 1, 1]);
    });
}

#[test]
fn a_setting_is_set_once_and_changed_by_a_batch() {
    on_every_store(|opened| {
        assert_eq!(opened.change(|transaction| transaction.setting("key", "first")), "first");
        assert_eq!(opened.change(|transaction| transaction.setting("key", "second")), "first");
        assert_eq!(opened.change(|transaction| transaction.setting("other", "second")), "second");
        opened.crash();
        assert_eq!(opened.change(|transaction| transaction.setting("key", "third")), "first");
        let settings = vec![("key".to_owned(), "fourth".to_owned()), ("new".to_owned(), "fifth".to_owned())];
        opened.commit(&Changes { settings, ..Changes::default() });
        opened.crash();
        assert_eq!(opened.change(|transaction| transaction.setting("key", "x")), "fourth");
        assert_eq!(opened.change(|transaction| transaction.setting("new", "x")), "fifth");
    });
}

#[test]
fn of_two_tokens_of_one_name_the_first_is_stored() {
    on_every_store(|opened| {
        let token = |number: u8| {
            TokenChange::Create(ApiToken {
                id: Uuid::from_u128(number.into()),
                name: "deploy".to_owned(),
                scope: Scope::Read,
                hash: TokenHash([number; 32]),
                created: instant("10:00:00"),
            })
        };
        opened.commit(&Changes { tokens: vec![token(1), token(2)], ..Changes::default() });
        opened.commit(&Changes { tokens: vec![token(3)], ..Changes::default() });
        let stored = opened.queries().api_tokens().unwrap();
        assert_eq!(stored.iter().map(|token| token.id.as_u128()).collect::<Vec<_>>(), [1]);
    });
}

/// The numbers of the alerts that are due, and when.
pub(super) fn due(opened: &Opened) -> Vec<(u128, Timestamp)> {
    let due = opened.queries().due_alerts(&[]).unwrap();
    due.into_iter().map(|alert| (alert.key.as_u128(), alert.next_attempt_at)).collect()
}

pub(super) fn attempt(opened: &mut Opened, number: u128, outcome: DeliveryOutcome, answer: &str) {
    let due = opened.queries().due_alerts(&[]).unwrap();
    let id = due.iter().find(|alert| alert.key.as_u128() == number).unwrap().id;
    let attempt = Attempt {
        number: 1,
        ids: vec![id],
        target: "ops".to_owned(),
        at: instant("10:00:01"),
        outcome,
        answer: answer.to_owned(),
        is_drill: false,
    };
    opened.commit(&Changes { attempts: vec![attempt], ..Changes::default() });
}

#[test]
fn alerts_of_a_commit_are_due_after_a_crash_until_delivered() {
    on_every_store(|opened| {
        let alerts = vec![alert(1, "ops"), alert(2, "boss"), alert(3, "ops")];
        opened.commit(&Changes { alerts, ..Changes::default() });
        opened.crash();
        let noon = instant("10:00:00");
        assert_eq!(due(opened), [(1, noon), (2, noon)]);
        let later = instant("10:30:00");
        attempt(opened, 1, DeliveryOutcome::Failed { next: later, refused: false }, "503");
        attempt(opened, 2, DeliveryOutcome::Delivered, "200");
        opened.crash();
        assert_eq!(due(opened), [(1, later)], "the next of a target that is down waits for it");
        attempt(opened, 1, DeliveryOutcome::Failed { next: later, refused: true }, "400");
        assert_eq!(due(opened), [(3, noon)], "but not for one that was refused");
        attempt(opened, 3, DeliveryOutcome::Expired, "503");
        opened.crash();
        assert_eq!(due(opened), [(1, later)]);
        let listed = opened.queries().alerts(9).unwrap();
        let attempts: Vec<_> =
            listed.iter().map(|alert| (alert.attempts, alert.last_answer.as_deref())).collect();
        assert_eq!(attempts, [(1, Some("503")), (1, Some("200")), (2, Some("400"))]);
    });
}

#[test]
fn a_drill_is_proven_once_every_alert_of_it_is_delivered() {
    on_every_store(|opened| {
        let drill = |number: u128, of: u128, target: &str| Alert {
            event: DRILL,
            incident: Uuid::from_u128(of),
            check_in: Uuid::nil(),
            ..alert(number, target)
        };
        let alerts = vec![drill(1, 8, "ops"), drill(2, 8, "boss"), drill(3, 9, "other"), alert(4, "fourth")];
        opened.commit(&Changes { alerts, ..Changes::default() });
        let drills = opened.queries().due_alerts(&[]).unwrap();
        let drills: Vec<_> =
            drills.iter().filter(|alert| alert.is_drill).map(|alert| alert.key.as_u128()).collect();
        assert_eq!(drills, [1, 2, 3]);
        attempt(opened, 4, DeliveryOutcome::Delivered, "200");
        attempt(opened, 1, DeliveryOutcome::Delivered, "200");
        assert_eq!(opened.queries().last_proof().unwrap(), None);
        attempt(opened, 2, DeliveryOutcome::Delivered, "200");
        attempt(opened, 3, DeliveryOutcome::Expired, "503");
        opened.crash();
        let took = SignedDuration::from_secs(1);
        assert_eq!(opened.queries().last_proof().unwrap(), Some(ProofView { at: instant("10:00:01"), took }));
        let of_drill = opened.queries().alerts_of(Uuid::from_u128(8)).unwrap();
        let targets: Vec<_> = of_drill.iter().map(|alert| alert.target.as_str()).collect();
        assert_eq!(targets, ["ops", "boss"]);
        assert_eq!(opened.queries().alerts_of(Uuid::nil()).unwrap(), []);
    });
}

#[test]
fn a_start_makes_untried_alerts_due_and_bounds_all_waits() {
    on_every_store(|opened| {
        let grouped = Alert { group_until: Some(instant("10:05:00")), ..alert(5, "grouped") };
        let alerts =
            vec![alert(1, "untried"), alert(2, "tried"), alert(3, "unknown"), alert(4, "far"), grouped];
        opened.commit(&Changes { alerts, ..Changes::default() });
        let fails = |next: &str| DeliveryOutcome::Failed { next: instant(next), refused: false };
        attempt(opened, 2, fails("09:59:00"), "503");
        attempt(opened, 3, fails("10:59:00"), &format!("{UNKNOWN_TARGET}`unknown`"));
        attempt(opened, 4, fails("23:00:00"), "503");
        let start = "09:30:00";
        opened.change(|transaction| transaction.resume_alerts(instant(start)));
        let expected = [(1, start), (3, start), (2, "09:59:00"), (5, "10:05:00"), (4, "10:30:00")];
        assert_eq!(due(opened), expected.map(|(number, time)| (number, instant(time))));
    });
}

#[test]
fn a_text_with_a_nul_is_stored_and_read() {
    on_every_store(|opened| {
        let mut rows = NewRows::default();
        let monitor = rows.monitor("job");
        let environment = rows.environment(monitor, "a\0b");
        let run = rows.run(environment, 1, Status::Error, "10:00:00");
        rows.incident(environment, 7, 1);
        let snapshot = &mut rows.snapshot;
        snapshot.monitors[monitor].value.owner = Some("team:\0".to_owned());
        snapshot.runs[run].row.value.note = Some("\0 of 3 files".into());
        let mut waiting = event("later", "a\0b", 2, CheckInStatus::Ok);
        waiting.note = Some("\0".into());
        snapshot.defer(waiting.clone());
        let mut changes = rows.changes();
        changes.processing_errors = vec![ProcessingErrors {
            slug: Some("job".parse().unwrap()),
            received: instant("10:00:00"),
            payload: "{\0}".to_owned(),
            errors: vec![ProcessingError::CheckInValidationFailed("\0 is no status".to_owned())],
            accepted: false,
        }];
        changes.settings = vec![("of\0one".to_owned(), "val\0ue".to_owned())];
        opened.commit(&changes);
        // PostgreSQL has no U+0000 in texts.
        let is =
            |stored: &str, written: &str| stored == written || stored == written.replace('\0', "\u{fffd}");
        let snapshot = opened.load(&BatchKeys { monitors: vec!["job".to_owned()], ..BatchKeys::default() });
        assert!(is(snapshot.monitors[0].value.owner.as_deref().unwrap(), "team:\0"));
        assert!(is(&snapshot.environments[0].row.value.name, "a\0b"));
        let stored = opened.queries().check_in("job", Uuid::from_u128(1)).unwrap().unwrap();
        assert!(is(stored.check_in.note.as_deref().unwrap(), "\0 of 3 files"));
        let errors = opened.queries().processing_errors(Some("job")).unwrap();
        assert!(is(&errors[0].payload, "{\0}"));
        assert!(errors[0].errors[0].message.contains("\0 is no status"), "JSON has it");
        assert!(is(&opened.change(|transaction| transaction.setting("of\0one", "new")), "val\0ue"));
        let snapshot = opened.load(&keys(&[waiting.clone()], true));
        let deferred: Vec<_> = snapshot.deferred.values().flatten().map(|row| row.event.clone()).collect();
        assert_eq!(deferred, [waiting]);
    });
}
