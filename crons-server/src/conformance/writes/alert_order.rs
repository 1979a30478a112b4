//! Conformance of the order in which the alerts of a target are due.

use jiff::Timestamp;

use super::commit::{alert, attempt, due};
use super::{Opened, instant, on_every_store};
use crate::alerts::{Alert, DeliveryOutcome};
use crate::store::Changes;

/// An alert that waits for its group until this time.
fn grouped(number: u128, target: &str, until: &str) -> Alert {
    Alert { group_until: Some(instant(until)), ..alert(number, target) }
}

fn write(opened: &mut Opened, alerts: Vec<Alert>) {
    opened.commit(&Changes { alerts, ..Changes::default() });
}

fn at(expected: &[(u128, &str)]) -> Vec<(u128, Timestamp)> {
    expected.iter().map(|(number, time)| (*number, instant(time))).collect()
}

#[test]
fn an_alert_that_goes_at_once_ends_the_wait_of_those_before_it() {
    on_every_store(|opened| {
        write(
            opened,
            vec![
                grouped(1, "ops", "10:00:30"),
                grouped(2, "ops", "10:00:30"),
                grouped(3, "boss", "10:00:30"),
            ],
        );
        let now = Alert { at: instant("10:00:10"), ..alert(4, "ops") };
        write(opened, vec![now, grouped(5, "ops", "10:00:40")]);
        assert_eq!(due(opened), at(&[(1, "10:00:10"), (3, "10:00:30")]), "and that of no other target");
        for (number, next) in [(1, (2, "10:00:10")), (2, (4, "10:00:10")), (4, (5, "10:00:40"))] {
            attempt(opened, number, DeliveryOutcome::Delivered, "200");
            assert!(due(opened).contains(&(next.0, instant(next.1))), "{number}: {:?}", due(opened));
        }
        let later = DeliveryOutcome::Failed { next: instant("10:30:00"), refused: false };
        attempt(opened, 5, later, "503");
        write(opened, vec![alert(6, "ops")]);
        assert_eq!(due(opened), at(&[(3, "10:00:30"), (5, "10:30:00")]), "a failed one keeps its wait");
    });
}

#[test]
fn refused_alerts_wait_for_one_that_their_target_has_put_off() {
    on_every_store(|opened| {
        write(opened, vec![alert(1, "ops"), alert(2, "ops"), alert(3, "boss")]);
        let failed = |next: &str, refused| DeliveryOutcome::Failed { next: instant(next), refused };
        attempt(opened, 1, failed("10:01:00", true), "400");
        attempt(opened, 3, failed("10:10:00", true), "400");
        assert_eq!(due(opened), at(&[(2, "10:00:00"), (3, "10:10:00")]));
        attempt(opened, 2, failed("10:30:00", false), "429");
        assert_eq!(due(opened), at(&[(3, "10:10:00"), (2, "10:30:00")]), "nothing is sent in the pause");
        attempt(opened, 2, DeliveryOutcome::Delivered, "200");
        assert_eq!(due(opened), at(&[(1, "10:01:00"), (3, "10:10:00")]));
    });
}

#[test]
fn only_alerts_that_came_within_the_wait_are_behind_another() {
    on_every_store(|opened| {
        let created = |number, time| Alert { at: instant(time), ..grouped(number, "ops", "10:09:00") };
        write(opened, vec![grouped(1, "ops", "10:00:30"), created(2, "10:00:30"), created(3, "10:00:31")]);
        let head = opened.queries().due_alerts(&[]).unwrap().remove(0);
        let behind = opened.queries().alerts_behind(&head, &[], 9).unwrap();
        assert_eq!(behind.iter().map(|alert| alert.key.as_u128()).collect::<Vec<_>>(), [2]);
        let alone = crate::alerts::DueAlert { group_until: None, ..head };
        assert_eq!(opened.queries().alerts_behind(&alone, &[], 9).unwrap(), []);
    });
}
