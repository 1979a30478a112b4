//! Tests of the deletion of monitors and environments: they are gone at once, can be created again, and cause no more alerts.

use crate::harness::{API, Harness, NIL, check_in, eventually, id};
use crate::receiver::Receiver;
use serde_json::{Value, json};

fn at(environment: &str, letter: char, status: &str) -> Value {
    let mut check_in = check_in(&id(letter), status);
    check_in["environment"] = json!(environment);
    check_in
}

fn names(server: &Harness) -> Vec<String> {
    let monitor = server.monitor("job");
    let mut names: Vec<String> = monitor["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|environment| environment["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Waits until a table has `expected` rows.
fn rows_left(server: &Harness, table: &str, expected: i64) {
    let file = server.file();
    eventually(|| (file.number(&format!("SELECT count(*) FROM {table}")) == expected).then_some(()));
}

#[test]
fn a_deleted_monitor_is_gone_until_its_next_check_in() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    server.send("10:00:01", &check_in(&id('a'), "ok"));
    server.send("10:00:02", &at("dev", 'b', "in_progress"));
    let (guid, incident) = (server.monitor("job")["id"].clone(), server.api("/incidents/")[0]["id"].clone());
    let path = format!("{API}/monitors/job/");
    let answer = server.delete(&path);
    assert_eq!((answer.status, answer.body), (202, json!("")));

    for gone in [
        path.clone(),
        format!("{path}checkins/"),
        format!("{path}usage/"),
        format!("{path}processing-errors/"),
    ] {
        assert_eq!(server.get(&gone).status, 404, "{gone}");
    }
    let incident = format!("{API}/incidents/{}/", incident.as_str().unwrap());
    assert_eq!(server.get(&incident).status, 404);
    assert_eq!(server.put(&format!("{incident}acknowledgement/"), &json!({"by": "me"})).status, 404);
    assert_eq!(server.api("/incidents/"), json!([]));
    assert_eq!(server.api("/monitors/"), json!([]));
    assert!(server.page().contains("Waiting for the first check-in"));
    let again = server.delete(&path);
    assert_eq!(again.status, 404);
    assert!(again.body["detail"].as_str().unwrap().contains("there is no monitor \"job\""), "{again:?}");
    let usage = server.api("/usage/");
    assert!(usage.as_array().unwrap().iter().all(|row| row["monitor"].is_null()), "{usage}");

    // The open run is unknown now, and its end is the end of a new run; slug and ids are free again.
    let end = json!({"check_in_id": id('b'), "monitor_slug": "job", "status": "ok"});
    assert_eq!(server.send("10:01:00", &end).body.get("discarded"), None);
    server.advance("10:03:00");
    assert_eq!(server.api("/processing-errors/")[0]["errors"][0]["type"], "MONITOR_NOT_FOUND");
    let accepted = server.send("10:04:00", &check_in(&id('a'), "ok"));
    assert_eq!(accepted.error, None);
    server.send("10:04:01", &at("dev", 'b', "ok"));
    assert_ne!(server.monitor("job")["id"], guid);
    assert_eq!(server.statuses("job"), ["ok", "ok"]);
    assert_eq!(server.environment("job")["status"], "ok");
    assert_eq!(server.api("/monitors/job/usage/")[0]["count"], 2);
    rows_left(&server, "check_ins", 2);
    rows_left(&server, "incidents", 0);
    rows_left(&server, "occurrences", 0);
    rows_left(&server, "environments", 2);
}

#[test]
fn only_the_named_environments_are_deleted_none_if_unknown() {
    let server = Harness::at("10:00:00");
    for (environment, letter) in [("production", 'a'), ("staging", 'b'), ("old", 'c'), ("older", 'd')] {
        server.send("10:00:00", &at(environment, letter, "ok"));
    }
    let path = format!("{API}/monitors/job/");
    let unknown = server.delete(&format!("{path}?environment=old&environment=oldest"));
    assert_eq!(unknown.status, 404);
    let detail = unknown.body["detail"].as_str().unwrap();
    assert!(detail.contains(r#"no environment "oldest", so nothing was deleted"#), "{detail}");
    assert_eq!(names(&server).len(), 4);

    let deleted = server.delete(&format!("{path}?environment=old&environment=older&project=1"));
    assert_eq!(deleted.status, 202);
    assert_eq!(names(&server), ["production", "staging"]);
    assert_eq!(server.check_ins("job").len(), 2);
    // A deleted environment misses nothing.
    server.advance("11:01:00");
    rows_left(&server, "check_ins", 4);

    server.send("11:02:00", &at("old", 'c', "ok"));
    assert_eq!(names(&server), ["old", "production", "staging"], "made anew");
    for environment in ["production", "staging", "old"] {
        assert_eq!(server.delete(&format!("{path}?environment={environment}")).status, 202);
    }
    assert_eq!(names(&server), [""; 0], "the monitor stays");
    server.send("11:03:00", &check_in(NIL, "ok"));
    assert_eq!(names(&server), ["production"]);
}

#[test]
fn a_query_that_is_not_understood_deletes_nothing() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(NIL, "ok"));
    let path = format!("{API}/monitors/job/");
    for (query, status, expected) in [
        ("?enviroment=dev", 400, "there is no \"enviroment\"; write `environment`"),
        ("?environment=", 400, "it is empty"),
        ("?environment[]=dev", 400, "there is no \"environment[]\""),
        ("?project=2", 404, "there is no project \"2\""),
    ] {
        let refused = server.delete(&format!("{path}{query}"));
        assert_eq!(refused.status, status, "{query}");
        assert!(refused.body["detail"].as_str().unwrap().contains(expected), "{refused:?}");
    }
    let elsewhere = server.delete("/api/0/organizations/acme/monitors/job/");
    assert_eq!(elsewhere.status, 404);
    assert_eq!(names(&server), ["production"]);
    for project in ["1", "crons", "-1"] {
        server.send("10:00:01", &check_in(NIL, "ok"));
        assert_eq!(server.delete(&format!("{path}?project={project}")).status, 202);
    }
}

#[test]
fn of_an_incident_that_was_open_nobody_is_told_any_more() {
    let mut receiver = Receiver::down();
    let webhook = json!({"ops": {"url": receiver.url("/"), "timeout": "1s"}});
    let rule = json!({"on": ["opened", "failure", "resolved"], "to": ["ops"], "group_wait": "off"});
    let server = Harness::with_alerts("10:00:00", json!({"webhook": webhook, "alert": [rule]}));
    server.send("10:00:00", &check_in(&id('a'), "error"));
    server.send("10:00:01", &check_in(&id('b'), "in_progress"));
    eventually(|| (server.alerts()[0]["attempts"] != 0).then_some(()));
    assert_eq!(server.delete(&format!("{API}/monitors/job/")).status, 202);
    let alert = &server.alerts()[0];
    assert_eq!((&alert["status"], &alert["nextAttempt"]), (&json!("given_up"), &Value::Null));
    assert!(alert["lastAnswer"].as_str().unwrap().contains("was deleted"), "{alert}");

    receiver.up();
    // Deadlines of the deleted monitor are not evaluated; the new monitor has an incident of its own.
    server.advance("12:01:00");
    server.send("12:02:00", &check_in(&id('b'), "ok"));
    server.send("12:03:00", &check_in(&id('c'), "error"));
    eventually(|| (receiver.taken() == ["opened"]).then_some(()));
    assert_eq!(server.alerts().len(), 2);
    assert_eq!(server.statuses("job"), ["ok", "error"]);
}

#[test]
fn a_purge_goes_on_after_a_restart() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    server.stop();
    // The deletion leaves the rows like this: hidden, and still stored.
    let hidden = "UPDATE environments SET monitor_id = 0, name = '1', next_check_in = NULL, next_check_in_latest = NULL;
        DELETE FROM monitors WHERE id > 0";
    server.file().execute(hidden);
    server.start("10:00:10");
    assert_eq!(server.api("/monitors/"), json!([]));
    for table in ["check_ins", "incidents", "occurrences", "environments"] {
        rows_left(&server, table, 0);
    }
}

#[test]
fn deleted_monitors_do_not_count_towards_the_quota() {
    let settings = crons_server::Settings {
        quotas: crons_server::Quotas { monitors: 2, ..crons_server::Quotas::default() },
        ..crons_server::Settings::default()
    };
    let server = Harness::with("10:00:00", settings);
    let of = |slug: &str| {
        let mut check_in = check_in(NIL, "ok");
        check_in["monitor_slug"] = json!(slug);
        server.send("10:00:00", &check_in).body.get("discarded").is_none()
    };
    assert_eq!(["one", "two", "three"].map(of), [true, true, false]);
    server.delete(&format!("{API}/monitors/one/"));
    assert_eq!(["three", "four", "one"].map(of), [true, false, false]);
    server.delete(&format!("{API}/monitors/three/"));
    server.delete(&format!("{API}/monitors/two/"));
    assert_eq!(["one", "four", "two"].map(of), [true, true, false]);
}
