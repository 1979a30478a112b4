use super::*;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::alerts::{Alert, Attempt, DeliveryOutcome};
use crate::store::limits::ANSWER;
use crate::store::sqlite::{SqliteReader, SqliteStore};
use crate::store::{Changes, Transaction};

const NOON: &str = "2024-06-03T12:00:00Z";

fn alert(id: u8, target: &str) -> Alert {
    let [key, check_in] = [Uuid::from_bytes([id; 16]); 2];
    let (target, body) = (target.to_owned(), format!("{{\"id\": {id}}}"));
    Alert {
        key,
        target,
        event: "failure",
        incident: Uuid::nil(),
        check_in,
        at: NOON.parse().unwrap(),
        group_until: None,
        body,
    }
}

struct Database {
    _folder: tempfile::TempDir,
    store: SqliteStore,
    reader: SqliteReader,
}

impl Database {
    fn with(alerts: &[Alert]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crons.db");
        let mut store = SqliteStore::open(&path).unwrap();
        let changes = Changes { alerts: alerts.to_vec(), ..Changes::default() };
        store.change(|transaction| transaction.write(&changes)).unwrap();
        Self { store, reader: SqliteReader::open(&path).unwrap(), _folder: folder }
    }

    /// Numbers of the next messages, by target.
    fn next(&self) -> Vec<(u8, String)> {
        let mut next: Vec<_> = self.reader.alerts_to_send(&[]).unwrap();
        next.sort_by(|a, b| a.target.cmp(&b.target));
        next.into_iter().map(|alert| (alert.key.as_bytes()[0], alert.target)).collect()
    }

    fn resume(&mut self, now: Timestamp) {
        self.store.change(|transaction| transaction.resume_alerts(now)).unwrap();
    }

    fn record(&mut self, number: u8, outcome: DeliveryOutcome) {
        let (at, answer) = (NOON.parse().unwrap(), "é".repeat(1_000));
        let attempt = Attempt {
            number: 1,
            ids: vec![i64::from(number)],
            target: "ops".to_owned(),
            at,
            outcome,
            answer,
            is_drill: false,
        };
        let changes = Changes { attempts: vec![attempt], ..Changes::default() };
        self.store.change(|transaction| transaction.write(&changes)).unwrap();
    }
}

fn failed(minute: u8, refused: bool) -> DeliveryOutcome {
    DeliveryOutcome::Failed { next: format!("2024-06-03T12:{minute:02}:00Z").parse().unwrap(), refused }
}

fn named(next: &[(u8, &str)]) -> Vec<(u8, String)> {
    next.iter().map(|(number, target)| (*number, (*target).to_owned())).collect()
}

#[test]
fn an_event_is_told_to_a_target_once() {
    let again = Alert { key: Uuid::from_bytes([9; 16]), ..alert(1, "ops") };
    let database = Database::with(&[alert(1, "ops"), again, alert(2, "boss")]);
    let all = database.reader.newest_alerts(100).unwrap();
    assert_eq!(all.iter().map(|alert| alert.id.as_bytes()[0]).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn each_target_has_its_own_order() {
    let mut database =
        Database::with(&[alert(1, "boss"), alert(2, "ops"), alert(3, "ops"), alert(4, "boss")]);
    assert_eq!(database.next(), named(&[(1, "boss"), (2, "ops")]));
    database.record(2, failed(10, false));
    assert_eq!(database.next(), named(&[(1, "boss"), (2, "ops")]), "a later one does not overtake it");
    database.record(2, DeliveryOutcome::Delivered);
    database.record(1, DeliveryOutcome::Expired);
    assert_eq!(database.next(), named(&[(4, "boss"), (3, "ops")]));
    database.record(3, DeliveryOutcome::Delivered);
    assert_eq!(database.next(), named(&[(4, "boss")]));
}

#[test]
fn a_message_that_is_refused_holds_up_no_other() {
    let mut database = Database::with(&[alert(1, "ops"), alert(2, "ops"), alert(3, "ops")]);
    database.record(1, failed(10, true));
    assert_eq!(database.next(), named(&[(2, "ops")]));
    database.record(2, failed(20, false));
    assert_eq!(database.next(), named(&[(2, "ops")]), "the target takes nothing until then");
    database.record(1, failed(30, true));
    assert_eq!(database.next(), named(&[(2, "ops")]));
    database.resume(NOON.parse().unwrap());
    assert_eq!(database.next(), named(&[(2, "ops")]), "a restart leaves each its wait");
}

#[test]
fn what_came_of_it_is_kept() {
    let mut database = Database::with(&[alert(1, "ops"), alert(2, "ops")]);
    database.record(1, failed(10, false));
    database.record(1, DeliveryOutcome::Expired);
    database.record(1, DeliveryOutcome::Delivered);
    let all = database.reader.newest_alerts(100).unwrap();
    let first = &all[1];
    assert!(first.expired.is_some() && first.delivered.is_none(), "what is over stays as it is");
    assert_eq!(first.attempts, 2);
    assert_eq!(first.last_answer.as_deref().map(|answer| answer.chars().count()), Some(ANSWER));
    assert!(all[0].next_attempt.is_some() && all[0].attempts == 0);
    assert_eq!(database.reader.newest_alerts(1).unwrap().len(), 1);
}

#[test]
fn an_unreadable_alert_does_not_hold_up_its_target() {
    let database = Database::with(&[alert(1, "ops"), alert(2, "ops"), alert(3, "ops"), alert(4, "dev")]);
    let damage = "UPDATE alerts SET key = x'01' WHERE id = 1; UPDATE alerts SET attempts = -1 WHERE id = 2;";
    database.store.connection.execute_batch(damage).unwrap();
    assert_eq!(database.next(), [(4, "dev".to_owned()), (3, "ops".to_owned())]);
    assert_eq!(database.next(), [(4, "dev".to_owned()), (3, "ops".to_owned())]);
    let named: Vec<_> =
        database.reader.unreadable().listed().into_iter().map(|(_, row)| row.to_string()).collect();
    assert_eq!(named.len(), 2, "each row is named once: {named:?}");
    assert!(
        named[0].starts_with("row 1 of the table `alerts` cannot be read and is set aside: key: "),
        "{named:?}"
    );
}

#[test]
fn a_restart_keeps_the_wait_of_a_target_that_was_asked() {
    let mut database =
        Database::with(&[alert(1, "down"), alert(2, "gone"), alert(3, "later"), alert(4, "new")]);
    let now: Timestamp = NOON.parse().unwrap();
    database.record(1, failed(30, false));
    database.record(2, failed(30, false));
    let next = now + SignedDuration::from_hours(7 * 24);
    database.record(3, DeliveryOutcome::Failed { next, refused: false });
    let gone = format!("UPDATE alerts SET last_answer = '{UNKNOWN_TARGET}\"gone\" any more' WHERE id = 2");
    database.store.connection.execute_batch(&gone).unwrap();
    database.resume(now);
    let mut waits: Vec<_> = database.reader.alerts_to_send(&[]).unwrap();
    waits.sort_by_key(|alert| alert.id);
    let waits: Vec<_> =
        waits.iter().map(|alert| alert.next_attempt_at.duration_since(now).as_secs()).collect();
    assert_eq!(waits, [1_800, 0, 3_600, 0], "and a clock that was set back holds nothing up for long");
}

#[test]
fn messages_that_are_passed_over_let_the_next_ones_go() {
    let database = Database::with(&[alert(1, "ops"), alert(2, "ops"), alert(3, "dev")]);
    let next: Vec<_> =
        database.reader.alerts_to_send(&[1, 3]).unwrap().into_iter().map(|alert| alert.id).collect();
    assert_eq!(next, [2]);
}
