//! Tests of monitors that people create: defaults, refusals, quotas.

use serde_json::{Value, json};

use crate::harness::{Harness, api, check_in, id};
use crate::requests::{MONITORS, detail, nightly, post, put};

#[test]
fn a_created_monitor_is_answered_as_get_answers_it() {
    let server = Harness::at("10:00:00");
    let created = post(&server, &nightly());
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.body, server.monitor("nightly"));
    for (key, expected) in [
        ("name", json!("Nightly backup")),
        ("slug", json!("nightly")),
        ("status", json!("disabled")),
        ("isMuted", json!(true)),
        ("isUpserting", json!(false)),
        ("owner", json!({"type": "team", "id": "ops", "name": "ops"})),
        ("environments", json!([])),
        ("configuredBy", json!("person")),
        ("dateCreated", api("10:00:00")),
        ("dateConfigured", api("10:00:00")),
    ] {
        assert_eq!(created.body[key], expected, "{key}");
    }
    let mut config = nightly()["config"].clone();
    config["alert_rule_id"] = Value::Null;
    assert_eq!(created.body["config"], config);
    // The monitor is found by its id, too, and below its project.
    let id = created.body["id"].as_str().unwrap();
    assert_eq!(server.api(&format!("/monitors/{id}/")), created.body);
    assert_eq!(server.get("/api/0/projects/crons/1/monitors/nightly/").body, created.body);
    assert_eq!(server.get("/api/0/projects/crons/7/monitors/nightly/").status, 404);
}

#[test]
fn the_slug_is_made_of_the_name_and_the_rest_has_defaults() {
    let server = Harness::at("10:00:00");
    let config = json!({"schedule_type": "interval", "schedule": [2, "hour"]});
    let created = post(&server, &json!({"name": "  Weekly: Report! ", "config": config}));
    assert_eq!(created.status, 201, "{created:?}");
    for (key, expected) in [
        ("name", json!("Weekly: Report!")),
        ("slug", json!("weekly-report")),
        ("status", json!("active")),
        ("isMuted", json!(false)),
        ("owner", Value::Null),
    ] {
        assert_eq!(created.body[key], expected, "{key}");
    }
    assert_eq!(created.body["config"]["schedule"], json!([2, "hour"]));
    assert_eq!(created.body["config"]["timezone"], "UTC");
    let nameless = post(&server, &json!({"slug": "other", "config": config}));
    assert_eq!((nameless.status, &nameless.body["name"]), (201, &json!("other")));
}

#[test]
fn the_first_environment_of_a_muted_monitor_is_muted() {
    let server = Harness::at("10:00:00");
    let mut body = nightly();
    body["status"] = json!("active");
    assert_eq!(post(&server, &body).status, 201);
    let mut run = json!({"check_in_id": id('a'), "monitor_slug": "nightly", "status": "ok"});
    server.send("10:00:10", &run);
    assert_eq!(server.environment("nightly")["isMuted"], true);
    assert_eq!(put(&server, "nightly", &json!({"isMuted": false})).body["isMuted"], false);
    (run["environment"], run["check_in_id"]) = (json!("staging"), json!(id('b')));
    server.send("10:00:20", &run);
    assert_eq!(server.monitor("nightly")["isMuted"], false);
}

#[test]
fn a_slug_that_is_taken_is_named() {
    let server = Harness::at("10:00:00");
    assert_eq!(post(&server, &nightly()).status, 201);
    server.send("10:00:10", &check_in(&id('a'), "ok"));
    let mut of_a_name = nightly();
    of_a_name["name"] = json!("Job");
    of_a_name.as_object_mut().unwrap().remove("slug");
    for (refused, slug) in [
        (post(&server, &nightly()), "nightly"),
        (post(&server, &of_a_name), "job"),
        (put(&server, "nightly", &json!({"slug": "job"})), "job"),
    ] {
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(detail(&refused).contains(&format!("a monitor \"{slug}\" already")), "{refused:?}");
    }
    assert_eq!(put(&server, "nightly", &json!({"slug": "nightly"})).status, 200, "its own slug");
}

#[test]
fn there_are_no_more_monitors_than_are_allowed() {
    let quotas = crons_server::Quotas { monitors: 1, ..crons_server::Quotas::default() };
    let server = Harness::with("10:00:00", crons_server::Settings { quotas, ..Default::default() });
    assert_eq!(post(&server, &nightly()).status, 201);
    let mut other = nightly();
    other["slug"] = json!("other");
    let refused = post(&server, &other);
    assert_eq!(refused.status, 400);
    assert!(detail(&refused).contains("max_monitors"), "{refused:?}");
}

#[test]
fn a_wrong_value_is_refused_by_its_field_and_what_is_allowed() {
    let server = Harness::at("10:00:00");
    assert_eq!(post(&server, &nightly()).status, 201);
    let before = server.monitor("nightly");
    let config = |key: &str, value: Value| json!({"config": {key: value}});
    for (body, expected) in [
        (json!({"nme": "x"}), "there is no key `nme`"),
        (json!({"name": ""}), "name: "),
        (json!({"name": "x".repeat(129)}), "name: "),
        (json!({"name": 7}), "name: "),
        (json!({"slug": "Not A Slug"}), "slug: "),
        (json!({"slug": "12345"}), "slug: "),
        (json!({"status": "paused"}), "status: it is \"paused\", and must be \"active\" or \"disabled\""),
        (json!({"isMuted": "yes"}), "isMuted: "),
        (json!({"isMuted": null}), "isMuted: it is null"),
        (json!({"status": null}), "status: it is null"),
        (json!({"slug": null}), "slug: it is null"),
        (json!({"config": null}), "config: it is null"),
        (json!({"owner": "ops"}), "owner: "),
        (json!({"owner": 7}), "owner: "),
        (json!({"type": "http"}), "type: "),
        (json!({"alert_rule": {"targets": []}}), "alert_rule: "),
        (json!({"config": []}), "config: "),
        (config("margin", json!(1)), "config: there is no key `margin`"),
        (config("schedule", json!("* * * *")), "config.schedule: "),
        (config("schedule", json!([0, "hour"])), "config.schedule: "),
        (config("schedule", json!([1, "second"])), "config.schedule: "),
        (config("schedule", json!(["1", "hour"])), "config.schedule: "),
        (config("schedule", json!([1.5, "hour"])), "1.5 is no whole number of hours"),
        (config("schedule", json!([-1, "x".repeat(200)])), "x\u{2026}\" is not a unit of an interval"),
        (config("schedule", Value::Null), "config.schedule: "),
        (config("schedule", json!({"type": "weekly"})), "config.schedule: "),
        (config("schedule_type", json!("interval")), "config.schedule: "),
        (config("schedule_type", json!("weekly")), "config.schedule_type: "),
        (json!({"config": {"schedule_type": "interval", "schedule": "0 * * * *"}}), "config.schedule_type: "),
        (config("timezone", json!("Europe/Wien")), "config.timezone: "),
        (config("checkin_margin", json!(40_321)), "config.checkin_margin: 40321 is not in 1\u{2013}40320"),
        (config("checkin_margin", json!(-1)), "config.checkin_margin: "),
        (config("max_runtime", json!(0)), "config.max_runtime: 0 is not in 1\u{2013}10080"),
        (config("max_runtime", json!(10_081)), "config.max_runtime: "),
        (config("failure_issue_threshold", json!(721)), "config.failure_issue_threshold: "),
        (config("recovery_threshold", json!(0)), "config.recovery_threshold: "),
        (config("recovery_threshold", json!("2")), "config.recovery_threshold: "),
        (config("alert_rule_id", json!(7)), "config.alert_rule_id: "),
    ] {
        let refused = put(&server, "nightly", &body);
        assert_eq!(refused.status, 400, "{body}: {refused:?}");
        assert!(detail(&refused).contains(expected), "{body}: {}", detail(&refused));
        // The value is refused by POST as well.
        let mut whole = json!({"name": "Other", "config": {"schedule": "0 * * * *"}});
        for (key, value) in body.as_object().unwrap() {
            whole[key] = value.clone();
        }
        assert_eq!(post(&server, &whole).status, 400, "{whole}");
    }
    for (body, expected) in [
        (json!({"config": {"schedule": "0 * * * *"}}), "name: it is missing"),
        (json!({"name": "Other"}), "config.schedule: it is missing"),
        (json!({"name": "123", "config": {"schedule": "0 * * * *"}}), "slug: none can be made"),
        (json!({"name": "\u{65e5}", "config": {"schedule": "0 * * * *"}}), "slug: none can be made"),
    ] {
        let refused = post(&server, &body);
        assert_eq!(refused.status, 400, "{body}");
        assert!(detail(&refused).contains(expected), "{body}: {}", detail(&refused));
    }
    for text in ["", "[]", "{", "null"] {
        assert_eq!(server.post(MONITORS, &[], text.as_bytes()).status, 400, "{text}");
    }
    assert_eq!(server.api("/monitors/"), json!([before]), "nothing has changed");
}
