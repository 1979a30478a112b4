//! Reminders and escalations on a server, by the held clock: each once, whatever happens to the server meanwhile.

use crate::harness::*;
use serde_json::{Value, json};

/// Rules with a webhook for all events and another for escalations, at an address where nothing listens: the messages wait.
fn rules(more: &Value) -> Value {
    let webhook = json!({"url": "http://127.0.0.1:1/"});
    let mut rule = json!({"on": ["opened", "resolved"], "to": ["ops"]});
    for (key, value) in more.as_object().unwrap() {
        rule[key] = value.clone();
    }
    json!({"webhook": {"ops": webhook, "boss": webhook}, "alert": [rule]})
}

/// A check-in of a job that is expected once a year: nothing is missed meanwhile.
fn yearly(letter: char, status: &str) -> Value {
    with(&id(letter), status, &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}))
}

/// The messages about incidents: the time at which each was decided, its event, and its target. Those about failing targets are left out.
fn messages(server: &Harness) -> Vec<String> {
    let row = |alert: &Value| {
        let text = |key: &str| alert[key].as_str().unwrap();
        format!("{} {} {}", &text("dateCreated")[11..16], text("event"), text("target"))
    };
    let about_incidents = |alert: &&Value| alert["event"] != "target_failing";
    server.alerts().iter().filter(about_incidents).map(row).collect()
}

/// The message at a place, as it is stored to be sent.
fn body(server: &Harness, place: usize) -> Value {
    let text = server.file().text(&format!(
        "SELECT body FROM alerts WHERE event <> 'target_failing' ORDER BY id LIMIT 1 OFFSET {place}"
    ));
    serde_json::from_str(&text).unwrap()
}

fn acknowledge(server: &Harness, acknowledged: bool) {
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{API}/incidents/{incident}/acknowledgement/");
    let answer = if acknowledged { server.put(&path, &json!({"by": "Ada"})) } else { server.delete(&path) };
    assert!(answer.status < 300, "{answer:?}");
}

/// Silences all monitors from now on. Returns the id of the silence.
fn silence(server: &Harness, length: &str) -> String {
    let matchers = json!([{"key": "monitor.slug", "match": "matches pattern", "value": "*"}]);
    let body = json!({"matchers": matchers, "for": length, "by": "ana", "why": "migration"});
    let made = server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes());
    made.body["id"].as_str().unwrap().to_owned()
}

/// Has a server that has just started evaluate its minute, by a command that changes nothing. Otherwise the first message does, which may be
/// an attempt of the alert dispatcher, now or a minute later.
fn evaluate_minute_of_start(server: &Harness) {
    assert_eq!(server.put(&format!("{API}/monitors/job/"), &json!({"isMuted": false})).status, 200);
}

#[test]
fn a_reminder_comes_each_time_until_the_incident_is_over() {
    let server = Harness::with_alerts("10:00:00", rules(&json!({"remind": "20m"})));
    server.send("10:00:30", &yearly('a', "error"));
    server.send("10:30:00", &yearly('b', "error"));
    server.send("10:50:00", &yearly('c', "ok"));
    server.advance("12:00:00");
    assert_eq!(
        messages(&server),
        ["10:00 opened ops", "10:21 reminder ops", "10:41 reminder ops", "10:50 resolved ops"]
    );
    assert_eq!(
        body(&server, 2)["text"],
        "`job` in `production` is still failing, since 2024-06-03 10:00 UTC: 2 runs failed."
    );
    assert_eq!(
        body(&server, 3)["text"],
        "`job` in `production` has recovered after 49 min 30 s: 2 runs failed."
    );
}

#[test]
fn an_acknowledgement_stops_reminders_and_its_withdrawal_lets_them_go_on() {
    let server = Harness::with_alerts("10:00:00", rules(&json!({"remind": "20m"})));
    server.send("10:00:00", &yearly('a', "error"));
    server.advance("10:25:00");
    acknowledge(&server, true);
    server.advance("11:30:00");
    assert_eq!(messages(&server), ["10:00 opened ops", "10:20 reminder ops"]);
    acknowledge(&server, false);
    server.advance("11:45:00");
    assert_eq!(messages(&server)[2..], ["11:31 reminder ops", "11:40 reminder ops"]);
}

#[test]
fn a_restart_a_kill_and_an_outage_neither_lose_nor_multiply_reminders() {
    let mut server = Harness::with_alerts("10:00:00", rules(&json!({"remind": "20m"})));
    server.send("10:00:00", &yearly('a', "error"));
    server.advance("10:20:00");
    server.start("10:20:30");
    evaluate_minute_of_start(&server);
    server.advance("10:22:00");
    assert_eq!(messages(&server), ["10:00 opened ops", "10:20 reminder ops"], "none again");
    server.kill();
    server.start("10:39:00");
    evaluate_minute_of_start(&server);
    server.advance("10:41:00");
    assert_eq!(messages(&server)[2..], ["10:40 reminder ops"], "none lost");
    server.stop();
    server.start("13:10:00");
    evaluate_minute_of_start(&server);
    server.advance("13:30:00");
    assert_eq!(
        messages(&server)[3..],
        ["13:10 reminder ops", "13:20 reminder ops"],
        "one for all of the outage"
    );
}

#[test]
fn a_rule_that_is_new_reminds_of_incidents_that_are_open() {
    let mut server = Harness::with_alerts("10:00:00", rules(&json!({})));
    server.send("10:00:00", &yearly('a', "error"));
    server.advance("11:00:00");
    assert_eq!(messages(&server), ["10:00 opened ops"]);
    server.configure(rules(&json!({"remind": "45m"})));
    server.start("11:05:00");
    evaluate_minute_of_start(&server);
    server.advance("11:31:00");
    assert_eq!(messages(&server)[1..], ["11:05 reminder ops", "11:30 reminder ops"]);
}

#[test]
fn reminders_that_fall_in_a_silence_are_left_out_and_those_in_a_mute_are_one_after_it() {
    let mut server = Harness::with_alerts("10:00:00", rules(&json!({"remind": "20m"})));
    server.send("10:00:00", &yearly('a', "error"));
    silence(&server, "50m");
    server.advance("10:55:00");
    assert_eq!(messages(&server)[1..], [""; 0], "nothing has changed at the end of the silence");
    server.advance("11:05:00");
    assert_eq!(messages(&server)[1..], ["11:00 reminder ops"], "the next one");
    let id = silence(&server, "3h");
    server.advance("11:30:00");
    server.start("11:31:00");
    evaluate_minute_of_start(&server);
    assert_eq!(server.delete(&format!("{API}/silences/{id}/")).status, 204);
    server.advance("11:39:00");
    assert_eq!(messages(&server)[2..], [""; 0], "the silence has ended early");
    server.advance("11:45:00");
    assert_eq!(messages(&server)[2..], ["11:40 reminder ops"]);
    let mute = |muted: bool| server.put(&format!("{API}/monitors/job/"), &json!({"isMuted": muted})).status;
    assert_eq!(mute(true), 200);
    server.advance("12:15:00");
    assert_eq!(messages(&server).len(), 3);
    assert_eq!(mute(false), 200);
    server.advance("12:30:00");
    assert_eq!(messages(&server)[3..], ["12:16 reminder ops", "12:20 reminder ops"]);
}

#[test]
fn an_escalation_that_falls_in_a_silence_comes_at_its_end() {
    let more = json!({"remind": "20m", "escalate": {"after": "30m", "to": ["boss"]}});
    let server = Harness::with_alerts("10:00:00", rules(&more));
    server.send("10:00:00", &yearly('a', "error"));
    silence(&server, "50m");
    server.advance("11:05:00");
    assert_eq!(messages(&server)[1..], ["10:50 opened boss", "11:00 reminder ops"]);
}

#[test]
fn an_incident_that_nobody_acknowledges_escalates_once_and_its_end_is_told_there_too() {
    let escalate = json!({"on": ["opened"], "escalate": {"after": "30m", "to": ["boss"]}});
    let mut server = Harness::with_alerts("10:00:00", rules(&escalate));
    server.send("10:00:00", &yearly('a', "error"));
    server.advance("10:29:00");
    server.start("10:31:00");
    evaluate_minute_of_start(&server);
    server.advance("12:00:00");
    assert_eq!(messages(&server), ["10:00 opened ops", "10:31 opened boss"]);
    let [opened, escalated] = [0, 1].map(|place| body(&server, place));
    assert_eq!((&opened["escalated"], &escalated["escalated"]), (&Value::Null, &json!(true)));
    assert!(escalated["text"].as_str().unwrap().contains("nobody has acknowledged it"), "{escalated}");
    server.send("12:01:00", &yearly('b', "ok"));
    assert_eq!(messages(&server)[2..], ["12:01 resolved boss"], "the rule of `ops` is about openings only");

    server.send("13:00:00", &yearly('c', "error"));
    server.advance("13:10:00");
    acknowledge(&server, true);
    server.advance("14:00:00");
    server.send("14:01:00", &yearly('d', "ok"));
    assert_eq!(messages(&server)[3..], ["13:00 opened ops"], "acknowledged in time");
}
