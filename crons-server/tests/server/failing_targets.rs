//! Tests of targets that fail: shown, counted, and told to the other targets.

use crate::harness::{Harness, check_in, id, instant};
use crate::receiver::{Mode, Receiver, eventually};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Settings in which all failures go to `ops`, and no failure to `boss`, which a rule about another job names.
fn alerts(ops: &Receiver, boss: &Receiver) -> Value {
    let other = json!([{"key": "monitor.slug", "match": "equals", "value": "other"}]);
    json!({
        "webhook": {
            "ops": {"url": ops.url("/s3cret"), "timeout": "1s"},
            "boss": {"url": boss.url("/")},
            "spare": {"url": boss.url("/spare")},
        },
        "alert": [
            {"on": ["opened", "resolved"], "to": ["ops"], "group_wait": "off"},
            {"on": ["opened"], "tags": other, "to": ["boss"]},
        ],
    })
}

fn text(server: &Harness, path: &str) -> String {
    server.agent.get(server.url(path)).call().unwrap().body_mut().read_to_string().unwrap()
}

fn metric(server: &Harness, target: &str) -> String {
    let series = format!("crons_alert_target_failing{{target=\"{target}\"}} ");
    let text = text(server, "/metrics");
    text.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or_default().to_owned()
}

/// Advances the clock by a minute and waits for the attempt that is then due.
fn one_more_attempt(server: &Harness, now: &mut jiff::Timestamp) {
    let attempts = |server: &Harness| {
        let of_ops = |alert: &Value| alert["target"] == "ops" && alert["status"] == "waiting";
        server
            .alerts()
            .iter()
            .filter(|alert| of_ops(alert))
            .map(|alert| alert["attempts"].as_u64().unwrap())
            .sum::<u64>()
    };
    let before = attempts(server);
    *now += SignedDuration::from_mins(1);
    server.advance(&now.to_string());
    eventually("the next attempt", || attempts(server) > before);
}

#[test]
fn the_others_are_told_once_that_a_target_fails_and_once_that_it_is_back() {
    let (ops, boss) = (Receiver::in_mode(Mode::Answer(503)), Receiver::in_mode(Mode::Answer(200)));
    let mut server = Harness::with_alerts("10:00:00", alerts(&ops, &boss));
    assert_eq!([metric(&server, "ops"), metric(&server, "boss")], ["0", "0"]);
    assert!(!text(&server, "/").contains("has accepted no alert"));
    server.send("10:00:00", &check_in(&id('a'), "error"));
    eventually("it is tried", || metric(&server, "ops") == "1");
    assert_eq!(metric(&server, "boss"), "0");
    let page = text(&server, "/");
    let footer = page.split("<footer").nth(1).unwrap();
    assert!(footer.contains("the target ops has accepted no alert since "), "{footer}");
    assert!(
        footer.contains("HTTP 503: the receiver&#39;s own words")
            || footer.contains("HTTP 503: the receiver's own words"),
        "{footer}"
    );
    assert!(!page.contains("s3cret"));

    let mut now = instant("10:00:00");
    for _ in 0..14 {
        one_more_attempt(&server, &mut now);
    }
    assert!(boss.received().is_empty(), "a short failure is not told");
    // The beginning of the failure is stored.
    server.start(&now.to_string());
    assert_eq!(metric(&server, "ops"), "1");
    for _ in 0..6 {
        one_more_attempt(&server, &mut now);
    }
    eventually("the other is told", || !boss.received().is_empty());
    ops.set(Mode::Answer(200));
    now += SignedDuration::from_mins(1);
    server.advance(&now.to_string());
    eventually("it is back", || metric(&server, "ops") == "0");
    eventually("the other is told", || boss.taken().len() == 2);
    assert_eq!(boss.taken(), ["target_failing", "target_recovered"]);
    let received = boss.received();
    assert!(received.iter().all(|message| message.path == "/"), "a target that no rule names gets nothing");
    let [failing, recovered] = [&received[0].body, &received[1].body];
    let words = failing["text"].as_str().unwrap();
    assert!(
        words.starts_with("The target ops has accepted no alert for 15 min, since 2024-06-03 10:00 UTC;"),
        "{words}"
    );
    assert!(words.contains("HTTP 503") && !words.contains("s3cret"), "{words}");
    let words = recovered["text"].as_str().unwrap();
    assert!(
        words.starts_with("The target ops accepts alerts again; it had accepted none for 21 min"),
        "{words}"
    );
    assert_eq!(failing["fingerprint"], recovered["fingerprint"]);
    assert_eq!(failing["incident"]["id"], recovered["incident"]["id"]);
    assert_eq!(ops.taken(), ["opened"], "the target itself is not told");
    assert!(!text(&server, "/").contains("has accepted no alert"));
}

#[test]
fn a_target_that_was_removed_is_not_shown() {
    let (ops, boss) = (Receiver::in_mode(Mode::Answer(404)), Receiver::in_mode(Mode::Answer(200)));
    let mut server = Harness::with_alerts("10:00:00", alerts(&ops, &boss));
    server.send("10:00:00", &check_in(&id('a'), "error"));
    eventually("it is tried", || metric(&server, "ops") == "1");
    server.configure(json!({"webhook": {"boss": {"url": boss.url("/")}}}));
    server.start("10:01:00");
    assert_eq!([metric(&server, "ops"), metric(&server, "boss")], ["", "0"]);
    assert!(!text(&server, "/").contains("has accepted no alert"));
}
