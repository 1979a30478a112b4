//! Monitors that people create and change by the API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use harness::{API, Answer, Harness, api, check_in, hourly, id, with};
use serde_json::{Value, json};

const MONITORS: &str = "/api/0/organizations/crons/monitors/";

fn post(server: &Harness, body: &Value) -> Answer {
    server.post(MONITORS, &[], body.to_string().as_bytes())
}

fn put(server: &Harness, slug: &str, body: &Value) -> Answer {
    server.put(&format!("{MONITORS}{slug}/"), body)
}

/// Changes a monitor if it has this revision.
fn put_if_match(server: &Harness, slug: &str, tag: &str, body: &Value) -> u16 {
    let request = server.agent.put(server.url(&format!("{MONITORS}{slug}/"))).header("if-match", tag);
    request.send(body.to_string()).unwrap().status().as_u16()
}

fn tag(server: &Harness, slug: &str) -> String {
    let answer = server.agent.get(server.url(&format!("{MONITORS}{slug}/"))).call().unwrap();
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

fn detail(answer: &Answer) -> &str {
    answer.body["detail"].as_str().unwrap()
}

/// The monitor of the examples.
fn nightly() -> Value {
    json!({"type": "cron_job", "name": "Nightly backup", "slug": "nightly", "status": "disabled", "isMuted": true,
        "owner": "team:ops", "project": "anything", "config": {"schedule_type": "crontab", "schedule": "0 3 * * *",
        "timezone": "Europe/Vienna", "checkin_margin": 10, "max_runtime": 60, "failure_issue_threshold": 2,
        "recovery_threshold": 3}})
}

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
    // By its id, too, and below its project.
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
        // The same where a monitor is created.
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
    // What GET answers can be sent back.
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
    // Every kind of change makes another revision.
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
fn a_new_margin_moves_the_deadline_of_the_expected_run() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    assert_eq!(server.environment("job")["nextCheckInLatest"], api("11:01:00"));
    put(&server, "job", &json!({"config": {"checkin_margin": 30}}));
    let environment = server.environment("job");
    assert_eq!(environment["nextCheckIn"], api("11:00:00"));
    assert_eq!(environment["nextCheckInLatest"], api("11:30:00"));
    server.advance("11:29:00");
    assert_eq!(server.statuses("job"), ["ok"]);
    server.advance("11:30:00");
    assert_eq!(server.statuses("job"), ["ok", "missed"]);
}

#[test]
fn a_new_schedule_expects_its_next_run_from_now_on() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    // Made by a run that belongs to another environment, so it has no times.
    let mut elsewhere = check_in(&id('a'), "ok");
    elsewhere["environment"] = json!("staging");
    server.send("10:00:06", &elsewhere);
    server.advance("10:10:30");
    let changed = put(&server, "job", &json!({"config": {"schedule": "*/20 * * * *"}})).body;
    assert_eq!(changed["environments"].as_array().unwrap().len(), 2);
    for environment in changed["environments"].as_array().unwrap() {
        assert_eq!(environment["nextCheckIn"], api("10:20:00"), "{environment}");
        assert_eq!(environment["nextCheckInLatest"], api("10:21:00"), "{environment}");
        let last = if environment["name"] == "staging" { "10:10:30" } else { "10:00:05" };
        assert_eq!(environment["lastCheckIn"], api(last), "{environment}");
    }
    put(&server, "job", &json!({"config": {"timezone": "Asia/Kathmandu", "schedule": "0 16 * * *"}}));
    assert_eq!(server.environment("job")["nextCheckIn"], api("10:15:00"), "a quarter to six ahead of UTC");
}

#[test]
fn a_new_maximum_runtime_moves_the_deadlines_of_open_runs() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "in_progress"));
    server.send("10:10:05", &check_in(&id('b'), "in_progress"));
    // A keep-alive: its deadline counts from here on.
    server.send("10:20:05", &check_in(&id('a'), "in_progress"));
    put(&server, "job", &json!({"config": {"max_runtime": 15}}));
    server.advance("10:24:00");
    assert_eq!(server.statuses("job"), ["in_progress", "in_progress"]);
    server.advance("10:25:00");
    assert_eq!(server.statuses("job"), ["in_progress", "timeout"]);
    server.advance("10:34:00");
    assert_eq!(server.statuses("job"), ["in_progress", "timeout"]);
    server.advance("10:35:00");
    assert_eq!(server.statuses("job"), ["timeout", "timeout"]);
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
    assert_eq!(told(), ("code".to_owned(), api("10:00:05")), "that is no configuration");
    put(&server, "job", &json!({"config": {"checkin_margin": 5}}));
    assert_eq!(told(), ("person".to_owned(), api("10:10:00")));
    // The code says the same as before, and nothing of the margin.
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
fn several_monitors_are_changed_at_once() {
    let server = Harness::at("10:00:00");
    for slug in ["one", "two", "three"] {
        let mut run = check_in(harness::NIL, "ok");
        run["monitor_slug"] = json!(slug);
        server.send("10:00:05", &run);
    }
    let two = server.monitor("two")["id"].clone();
    let unknown = "00000000-0000-0000-0000-00000000002a";
    let ids = json!(["one", two, "two", "nothing", unknown]);
    let answer = server.put(MONITORS, &json!({"ids": ids, "status": "disabled", "isMuted": true}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["errored"], json!(["nothing", unknown]));
    let updated = answer.body["updated"].as_array().unwrap();
    assert_eq!(updated.len(), 2, "each once");
    for monitor in updated {
        assert_eq!(*monitor, server.monitor(monitor["slug"].as_str().unwrap()));
        assert_eq!((&monitor["status"], &monitor["isMuted"]), (&json!("disabled"), &json!(true)));
    }
    assert_eq!(server.monitor("three")["status"], "active");
    for body in [
        json!({"ids": [], "isMuted": true}),
        json!({"ids": ["one"]}),
        json!({"isMuted": true}),
        json!({"ids": ["Not A Slug"], "isMuted": true}),
        json!({"ids": [7], "isMuted": true}),
        json!({"ids": "one", "isMuted": true}),
        json!({"ids": ["one"], "isMuted": true, "name": "x"}),
    ] {
        assert_eq!(server.put(MONITORS, &body).status, 400, "{body}");
    }
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
