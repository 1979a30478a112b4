//! Tests of drills: a test message to every target that rules or the digest name, by the way that alerts take.

use crate::harness::{API, Harness};
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::{Drill, Settings};
use serde_json::{Value, json};

fn alerts(ops: &Receiver, boss: &Receiver) -> Value {
    json!({
        "webhook": {
            "ops": {"url": ops.url("/ops"), "timeout": "1s"},
            "boss": {"url": boss.url("/boss"), "timeout": "1s"},
            "spare": {"url": boss.url("/spare")},
        },
        "alert": [{"on": ["opened"], "to": ["ops", "boss"]}, {"on": ["resolved"], "to": ["ops"]}],
    })
}

fn start_drill(server: &Harness) -> String {
    let answer = server.post(&format!("{API}/alerts/drill/"), &[], b"");
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body["targets"], 2);
    answer.body["id"].as_str().unwrap().to_owned()
}

/// The statuses of a drill's messages, by target.
fn statuses(server: &Harness, id: &str) -> Vec<(String, String)> {
    let listed = server.api(&format!("/alerts/?incident={id}"));
    let text = |alert: &Value, key: &str| alert[key].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(|alert| (text(alert, "target"), text(alert, "status"))).collect()
}

fn footer(server: &Harness) -> String {
    let page = server.agent.get(server.url("/")).call().unwrap().body_mut().read_to_string().unwrap();
    let footer = page.split("<footer").nth(1).unwrap();
    // Without the tags around instants.
    footer.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

#[test]
fn a_drill_reaches_every_target_of_the_rules_and_the_page_says_when() {
    let (ops, boss) = (Receiver::in_mode(Mode::Answer(200)), Receiver::in_mode(Mode::Answer(503)));
    let mut server = Harness::with_alerts("10:00:00", alerts(&ops, &boss));
    assert!(footer(&server).contains("alert path never proven by a drill"), "{}", footer(&server));
    let id = start_drill(&server);
    eventually("one has it", || {
        statuses(&server, &id) == [("boss".into(), "waiting".into()), ("ops".into(), "delivered".into())]
    });
    eventually("the other is tried", || !boss.received().is_empty());
    assert!(footer(&server).contains("alert path never proven by a drill"), "not before all have it");

    boss.set(Mode::Answer(200));
    server.advance("10:02:00");
    eventually("all have it", || statuses(&server, &id).iter().all(|(_, status)| status == "delivered"));
    // The second attempt is at one of the two minutes.
    let says = |server: &Harness, when: &str, took: &str| {
        footer(server).contains(&format!("alert path last proven {when}, {took}"))
    };
    let mut took = "";
    eventually("the page says so", || {
        took = ["60.0 s", "120.0 s"].into_iter().find(|took| says(&server, "now", took)).unwrap_or_default();
        !took.is_empty()
    });
    server.start("2024-06-05T10:02:00Z");
    assert!(says(&server, "2 d ago", took), "{}", footer(&server));

    let [received] = &ops.received()[..] else { panic!("{:?}", ops.received()) };
    assert_eq!((&received.body["event"], &received.body["incident"]["id"]), (&json!("drill"), &json!(id)));
    let text = received.body["text"].as_str().unwrap();
    assert!(text.starts_with("This is a drill:") && text.ends_with("Nothing has failed."), "{text}");
    assert!(boss.received().iter().all(|message| message.path == "/boss"), "no rule names the spare one");
    assert_eq!(server.api("/incidents/"), json!([]));
}

#[test]
fn a_drill_reaches_targets_that_only_an_escalation_or_the_digest_names() {
    let (ops, boss) = (Receiver::in_mode(Mode::Answer(200)), Receiver::in_mode(Mode::Answer(503)));
    let target = |receiver: &Receiver, path| json!({"url": receiver.url(path), "timeout": "1s"});
    let targets = json!({"ops": target(&ops, "/ops"), "late": target(&ops, "/late"), "spare": target(&ops, "/spare"),
        "reader": target(&boss, "/reader")});
    let digest = json!({"at": "08:00", "to": ["reader", "ops"]});
    let rule = json!({"on": ["opened"], "to": ["ops"], "escalate": {"after": "1h", "to": ["late"]}});
    let alerts = |rules: Value| json!({"webhook": targets, "digest": digest, "alert": rules});

    let server = Harness::with_alerts("10:00:00", alerts(json!([rule])));
    let drill = server.post(&format!("{API}/alerts/drill/"), &[], b"");
    assert_eq!((drill.status, &drill.body["targets"]), (202, &json!(3)), "{drill:?}");
    let id = drill.body["id"].as_str().unwrap().to_owned();
    let reached = |status: &str| {
        [("late", "delivered"), ("ops", "delivered"), ("reader", status)]
            .map(|(name, is)| (name.into(), is.into()))
    };
    eventually("two have it", || statuses(&server, &id) == reached("waiting") && !boss.received().is_empty());
    assert!(footer(&server).contains("alert path never proven by a drill"), "not before the reader has it");
    boss.set(Mode::Answer(200));
    server.advance("10:02:00");
    eventually("all have it", || statuses(&server, &id) == reached("delivered"));
    eventually("the page says so", || footer(&server).contains("alert path last proven "));

    let without_rules = Harness::with_alerts("10:00:00", alerts(json!([])));
    let drill = without_rules.post(&format!("{API}/alerts/drill/"), &[], b"");
    assert_eq!((drill.status, &drill.body["targets"]), (202, &json!(2)), "{drill:?}");
}

#[test]
fn without_a_rule_there_is_nothing_to_drill_and_the_answer_says_so() {
    let server = Harness::at("10:00:00");
    let refused = server.post(&format!("{API}/alerts/drill/"), &[], b"");
    assert_eq!(refused.status, 409);
    assert!(
        refused.body["detail"].as_str().unwrap().starts_with("neither a rule nor the digest names a target"),
        "{refused:?}"
    );
    assert!(!footer(&server).contains("alert path"));
    assert_eq!(server.get(&format!("{API}/alerts/?incident=x")).status, 400);
}

#[test]
fn an_api_token_starts_no_drill() {
    let (ops, boss) = (Receiver::in_mode(Mode::Answer(200)), Receiver::in_mode(Mode::Answer(200)));
    let rules = serde_json::from_value(alerts(&ops, &boss)).unwrap();
    let admin = "an-admin-token-0123456789";
    let settings =
        Settings { alerts: rules, admin_token: Some(admin.parse().unwrap()), ..Settings::default() };
    let server = Harness::with("10:00:00", settings);
    let with = |token: &str, path: &str, body: &[u8]| {
        server.post(&format!("{API}{path}"), &[("authorization", &format!("Bearer {token}"))], body)
    };
    let made = with(admin, "/tokens/", br#"{"name": "program", "scope": "write"}"#);
    let token = made.body["token"].as_str().unwrap().to_owned();
    let refused = with(&token, "/alerts/drill/", b"");
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["detail"], "an API token may not start a drill; present the admin token");
    assert_eq!(with(admin, "/alerts/drill/", b"").status, 202);
}

#[test]
fn a_weekly_drill_begins_at_the_start_and_a_week_after_the_last_one() {
    let (ops, boss) = (Receiver::in_mode(Mode::Answer(200)), Receiver::in_mode(Mode::Answer(200)));
    let rules = serde_json::from_value(alerts(&ops, &boss)).unwrap();
    let settings = Settings { alerts: rules, drill: Drill::Weekly, ..Settings::default() };
    let mut server = Harness::with("2024-06-03T10:00:00Z", settings);
    let drills =
        |server: &Harness| server.alerts().iter().filter(|alert| alert["event"] == "drill").count() / 2;
    server.advance("2024-06-03T10:01:00Z");
    assert_eq!(drills(&server), 1);
    server.advance("2024-06-03T12:00:00Z");
    server.start("2024-06-05T09:00:00Z");
    server.advance("2024-06-05T09:05:00Z");
    assert_eq!(drills(&server), 1, "a restart begins none");
    server.start("2024-06-10T10:00:00Z");
    assert_eq!(drills(&server), 1, "a week is not over");
    server.advance("2024-06-10T10:02:00Z");
    assert_eq!(drills(&server), 2);
    // A drill that a person starts delays the weekly one.
    server.start("2024-06-14T10:00:00Z");
    start_drill(&server);
    server.start("2024-06-21T09:50:00Z");
    server.advance("2024-06-21T09:59:00Z");
    assert_eq!(drills(&server), 3);
    server.advance("2024-06-21T10:01:00Z");
    assert_eq!(drills(&server), 4);
    eventually("all are delivered", || ops.taken().len() == 4 && boss.taken().len() == 4);
}
