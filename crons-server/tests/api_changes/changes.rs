//! Tests of changes of a monitor: their effects, revisions, authors, new slugs.

use serde_json::{Value, json};

use crate::harness::{API, Harness, api, check_in, hourly, id, with};
use crate::requests::{MONITORS, nightly, post, put, put_if_match, tag};

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let server = Harness::at("10:00:00");
    let before = post(&server, &nightly()).body;
    let changes = [
        ("name", json!({"name": "Backup"}), "/name", json!("Backup")),
        ("name", json!({"name": null}), "/name", json!("nightly")),
        ("owner", json!({"owner": "user:ada"}), "/owner/id", json!("ada")),
        ("owner", json!({"owner": null}), "/owner", Value::Null),
        ("status", json!({"status": "active"}), "/status", json!("active")),
        ("isMuted", json!({"is_muted": false}), "/isMuted", json!(false)),
        ("config", json!({"config": {"checkin_margin": 5}}), "/config/checkin_margin", json!(5)),
        ("config", json!({"config": {"checkin_margin": 0}}), "/config/checkin_margin", json!(1)),
        ("config", json!({"config": {"max_runtime": null}}), "/config/max_runtime", Value::Null),
        ("config", json!({"config": {"timezone": ""}}), "/config/timezone", json!("UTC")),
        ("config", json!({"config": {"schedule": [3, "day"]}}), "/config/schedule_type", json!("interval")),
        (
            "config",
            json!({"config": {"schedule": {"type": "interval", "value": 4, "unit": "week"}}}),
            "/config/schedule",
            json!([4, "week"]),
        ),
        ("nothing", json!({}), "/slug", json!("nightly")),
    ];
    let mut known = before;
    for (changed, body, pointer, expected) in changes {
        let answer = put(&server, "nightly", &body);
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        assert_eq!(answer.body.pointer(pointer), Some(&expected), "{body}");
        assert_eq!(answer.body, server.monitor("nightly"), "{body}");
        for (key, value) in answer.body.as_object().unwrap() {
            assert!(key == changed || *value == known[key], "{body} has changed {key}");
        }
        known = answer.body;
    }
    // The answer of a GET can be sent back.
    let answer = put(&server, "nightly", &known);
    assert_eq!((answer.status, answer.body), (200, known));
    assert_eq!(put(&server, "nothing", &json!({"name": "x"})).status, 404);
}

#[test]
fn two_people_who_change_a_monitor_notice_each_other() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    let old = tag(&server, "job");
    server.send("10:20:05", &check_in(&id('b'), "ok"));
    assert_eq!(tag(&server, "job"), old, "a check-in is no change");
    assert_eq!(put_if_match(&server, "job", &old, &json!({"name": "First"})), 200);
    assert_eq!(put_if_match(&server, "job", &old, &json!({"name": "Second"})), 409);
    assert_eq!(server.monitor("job")["name"], "First");
    let new = tag(&server, "job");
    for (given, expected) in [
        ("\"0000000000000000\"", 409),
        ("anything", 409),
        ("*", 200),
        (&format!("{old}, {new}"), 200),
        (&format!("W/{new}"), 200),
    ] {
        assert_eq!(put_if_match(&server, "job", given, &json!({})), expected, "{given}");
    }
    assert_eq!(put(&server, "job", &json!({"name": "Third"})).status, 200, "without `If-Match`");
    // Changes of any kind make another revision.
    let environment = format!("{MONITORS}job/environments/production/");
    let mut tags = vec![tag(&server, "job")];
    for body in [
        json!({"status": "disabled"}),
        json!({"isMuted": true}),
        json!({"owner": "team:ops"}),
        json!({"config": {"max_runtime": 5}}),
        json!({"slug": "renamed"}),
    ] {
        let slug = if tags.len() > 5 { "renamed" } else { "job" };
        assert_eq!(put(&server, slug, &body).status, 200);
        tags.push(tag(&server, if body.get("slug").is_some() { "renamed" } else { slug }));
    }
    assert_eq!(put(&server, "renamed", &json!({"status": "active", "slug": "job"})).status, 200);
    tags.push(tag(&server, "job"));
    assert_eq!(server.put(&environment, &json!({"isMuted": false})).status, 200);
    tags.push(tag(&server, "job"));
    server.send("10:30:05", &with(&id('c'), "ok", &hourly(&json!({"checkin_margin": 7}))));
    tags.push(tag(&server, "job"));
    let count = tags.len();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), count, "{tags:?}");
}

#[test]
fn who_has_set_the_configuration_is_remembered() {
    let server = Harness::at("10:00:00");
    let told = || {
        let monitor = server.monitor("job");
        (monitor["configuredBy"].as_str().unwrap().to_owned(), monitor["dateConfigured"].clone())
    };
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    assert_eq!(told(), ("code".to_owned(), api("10:00:05")));
    server.advance("10:10:00");
    put(&server, "job", &json!({"isMuted": true, "name": "Job"}));
    assert_eq!(told(), ("code".to_owned(), api("10:00:05")), "neither is configuration");
    put(&server, "job", &json!({"config": {"checkin_margin": 5}}));
    assert_eq!(told(), ("person".to_owned(), api("10:10:00")));
    // The configuration in the code is the same as before, and has no margin.
    server.send("10:20:00", &check_in(&id('b'), "ok"));
    assert_eq!(told(), ("person".to_owned(), api("10:10:00")));
    server.send("10:20:05", &with(&id('c'), "ok", &hourly(&json!({"checkin_margin": 6}))));
    assert_eq!(told(), ("code".to_owned(), api("10:20:05")));
}

#[test]
fn a_monitor_that_is_renamed_keeps_its_history() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "error"));
    let usage = server.api("/monitors/job/usage/");
    assert_eq!(put(&server, "job", &json!({"slug": "other", "name": "Other job"})).body["slug"], "other");
    assert_eq!(server.get(&format!("{MONITORS}job/")).status, 404);
    assert_eq!(server.statuses("other"), ["error"]);
    let incidents = server.api("/monitors/other/incidents/");
    assert_eq!(incidents[0]["title"], "Cron failure: Other job");
    let renamed = server.api("/monitors/other/usage/");
    assert_eq!(renamed[0]["monitor"], "other");
    assert_eq!(renamed[0]["count"], usage[0]["count"]);
    // A job that still sends the old slug makes a monitor of its own.
    server.send("10:00:10", &check_in(&id('b'), "ok"));
    assert_eq!((server.statuses("job"), server.statuses("other")), (vec!["ok".into()], vec!["error".into()]));
}

#[test]
fn an_environment_is_deleted_alone() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    let path = format!("{API}/monitors/job/environments/production/");
    assert_eq!(server.delete(&path).status, 202);
    assert_eq!(server.monitor("job")["environments"], json!([]));
    assert_eq!(server.delete(&path).status, 404);
}
