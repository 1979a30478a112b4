//! The targets of several servers on one database of PostgreSQL: one server sends the messages of each.

use crons_server::Settings;
use serde_json::{Value, json};

use crate::harness::*;
use crate::receiver::{Mode, Receiver};

/// Settings by which failures go to the target `ops`, which this receiver is.
fn to(ops: &Receiver) -> Settings {
    let alerts = json!({"webhook": {"ops": {"url": ops.url("/"), "timeout": "5s"}},
        "alert": [{"on": ["opened", "resolved"], "to": ["ops"], "group_wait": "off"}]});
    Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() }
}

/// The targets of each server, the one that has run longest first.
fn targets(server: &Harness) -> Vec<Value> {
    server.api("/nodes/").as_array().unwrap().iter().map(|node| node["targets"].clone()).collect()
}

/// The number of ticks of a server so far: at each it looks for messages.
fn ticks(server: &Harness) -> u64 {
    let metrics = server.get("/metrics").body;
    let ticks = metrics.as_str().unwrap().lines().find_map(|line| line.strip_prefix("crons_ticks_total "));
    ticks.unwrap().parse().unwrap()
}

/// Waits until this many attempts to send the first message are stored.
fn wait_for_attempts(server: &Harness, attempts: u64) {
    eventually(|| (server.alerts()[0]["attempts"].as_u64() >= Some(attempts)).then_some(()));
}

#[test]
fn one_server_sends_the_messages_of_a_target_and_another_when_that_one_has_ended() {
    let ops = Receiver::in_mode(Mode::Answer(200));
    let Some(mut first) = Harness::on_postgres("10:00:00", to(&ops)) else { return };
    first.send_now(&check_in(&id('a'), "error"));
    eventually(|| (ops.received().len() == 1).then_some(()));
    let second = first.node();
    eventually(|| (targets(&second) == [json!(["ops"]), json!([])]).then_some(()));
    second.send_now(&check_in(&id('b'), "ok"));
    eventually(|| (ops.received().len() == 2).then_some(()));
    assert_eq!(targets(&second), [json!(["ops"]), json!([])], "the message of another server, too");
    assert!(second.page().contains("alerts to ops"));
    first.stop();
    second.send_now(&check_in(&id('c'), "error"));
    eventually(|| (ops.received().len() == 3).then_some(()));
    assert_eq!(targets(&second), [json!(["ops"])]);
}

#[test]
fn a_target_that_a_server_does_not_reach_three_times_is_handed_to_the_next_server() {
    let (ops, unreachable) = (Receiver::in_mode(Mode::Answer(200)), Receiver::in_mode(Mode::Answer(502)));
    let Some(first) = Harness::on_postgres("10:00:00", to(&unreachable)) else { return };
    first.send_now(&check_in(&id('a'), "error"));
    wait_for_attempts(&first, 1);
    let second = first.node_with(to(&ops));
    for (minute, attempts) in [(1, 2), (2, 3)] {
        assert_eq!(ops.received().len(), 0);
        first.advance(&format!("10:0{minute}:00"));
        wait_for_attempts(&first, attempts);
    }
    eventually(|| (targets(&first) == [json!([]), json!(["ops"])]).then_some(()));
    first.advance("10:03:00");
    second.advance("10:03:00");
    let sent = eventually(|| Some(ops.received()).filter(|sent| !sent.is_empty()));
    let tried = unreachable.received();
    assert_eq!((sent.len(), tried.len()), (1, 3));
    assert_eq!(sent[0].header("webhook-id"), tried[0].header("webhook-id"));
}

#[test]
fn a_server_alone_keeps_a_target_that_it_does_not_reach() {
    let ops = Receiver::in_mode(Mode::Answer(502));
    let Some(server) = Harness::on_postgres("10:00:00", to(&ops)) else { return };
    server.send_now(&check_in(&id('a'), "error"));
    for minute in 1..=4 {
        wait_for_attempts(&server, minute);
        server.advance(&format!("10:0{minute}:00"));
    }
    wait_for_attempts(&server, 5);
    assert_eq!(targets(&server), [json!(["ops"])]);
}

#[test]
fn a_message_to_a_target_that_no_server_has_any_more_fails_after_some_seconds() {
    let ops = Receiver::in_mode(Mode::Answer(502));
    let Some(mut first) = Harness::on_postgres("10:00:00", to(&ops)) else { return };
    first.send_now(&check_in(&id('a'), "error"));
    wait_for_attempts(&first, 1);
    let nodes = [first.node_with(Settings::default()), first.node_with(Settings::default())];
    first.stop();
    nodes[0].advance("10:00:08");
    eventually(|| (targets(&nodes[0]) == [json!([]), json!([])]).then_some(()));
    for node in &nodes {
        let before = ticks(node);
        eventually(|| (ticks(node) >= before + 3).then_some(()));
    }
    assert_eq!(nodes[0].alerts()[0]["attempts"], 1, "another server may know it");
    nodes[0].advance("10:01:00");
    wait_for_attempts(&nodes[0], 2);
    let alert = &nodes[0].alerts()[0];
    let answer = alert["lastAnswer"].as_str().unwrap();
    assert!(answer.starts_with("there is no target \"ops\" any more"), "{answer}");
}
