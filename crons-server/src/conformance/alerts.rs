//! Conformance of alerts, and of the next one of each target.

use serde_json::json;

use super::{Written, on_every_backend};
use crate::Settings;
use crate::alerts::DueAlert;

/// Returns settings with two targets at an address where nothing listens.
fn settings() -> Settings {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let webhook = json!({"url": format!("http://{address}/")});
    let alerts = json!({"webhook": {"ops": webhook, "boss": webhook},
        "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"]}, {"on": ["opened"], "to": ["boss"]}]});
    Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() }
}

/// The target and the number of each due alert, by its order of creation.
fn due(written: &Written, without: &[i64]) -> Vec<(String, i64)> {
    let mut due: Vec<_> = written.queries.due_alerts(without).unwrap();
    due.sort_by(|a, b| a.target.cmp(&b.target));
    due.into_iter().map(|alert| (alert.target, alert.id)).collect()
}

#[test]
fn alerts_come_last_first_and_each_target_has_its_oldest_next() {
    on_every_backend(&settings(), |written| {
        written.send("job", "a", 1, "error");
        written.send("job", "a", 2, "error");
        written.advance("10:00:10");
        written.send("job", "a", 3, "ok");
        let listed = written.queries.alerts(100).unwrap();
        let events: Vec<_> =
            listed.iter().map(|alert| (alert.target.as_str(), alert.event.as_str())).collect();
        assert_eq!(events[..2], [("ops", "resolved"), ("ops", "failure")]);
        assert_eq!(events.len(), 4);
        assert!(listed.iter().all(|alert| alert.delivered.is_none() && alert.next_attempt.is_some()));
        assert_eq!(written.queries.alerts(1).unwrap().len(), 1);

        let first = due(written, &[]);
        let [(boss, of_boss), (ops, of_ops)] = &first[..] else { panic!("{first:?}") };
        assert_eq!((boss.as_str(), ops.as_str()), ("boss", "ops"));
        let second = due(written, &[*of_ops]);
        assert!(second.len() == 2 && second[0] == first[0] && second[1].1 > *of_ops, "{second:?}");
        assert_eq!(due(written, &[*of_boss]), first[1..], "it had no other");
    });
}

#[test]
fn the_alerts_behind_another_are_those_of_its_target_that_wait() {
    on_every_backend(&settings(), |written| {
        for (number, status) in [(1, "error"), (2, "error"), (3, "error"), (4, "ok")] {
            written.send("job", "a", number, status);
        }
        let due = written.queries.due_alerts(&[]).unwrap();
        let head = due.iter().find(|alert| alert.target == "ops").unwrap();
        let created = head.created_at;
        assert_eq!(head.group_until, Some(created + jiff::SignedDuration::from_secs(30)));
        let behind = |without: &[i64], limit| written.queries.alerts_behind(head, without, limit).unwrap();
        let all = behind(&[], 9);
        assert!(
            all.len() == 3 && all.iter().all(|alert| alert.target == "ops" && alert.id > head.id),
            "{all:?}"
        );
        assert!(all.is_sorted_by_key(|alert| alert.id) && all[2].body.contains("recovered"));
        assert_eq!(behind(&[], 2), all[..2]);
        assert_eq!(behind(&[all[0].id], 9), all[1..]);
        let refused = DueAlert { refused: true, ..head.clone() };
        assert_eq!(written.queries.alerts_behind(&refused, &[], 9).unwrap(), []);
    });
}
