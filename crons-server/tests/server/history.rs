//! Tests of what people see and decide: incidents and their events, acknowledgements, muted and disabled monitors.

use crate::harness::{API, Harness, api, api_id, check_in, hourly, id, with};
use serde_json::{Value, json};

fn of(slug: &str, environment: &str, mut check_in: Value) -> Value {
    check_in["monitor_slug"] = json!(slug);
    check_in["environment"] = json!(environment);
    check_in
}

/// Returns the incidents that this query leads to, each by the run that began it, newest first.
fn incidents(server: &Harness, query: &str) -> Vec<String> {
    let listed = server.api(query);
    let begun_by = |incident: &Value| incident["startingCheckInId"].as_str().unwrap()[..1].to_owned();
    listed.as_array().unwrap().iter().map(begun_by).collect()
}

/// Starts a server with three incidents: `a` of job in production, over; `b` of job in staging; `c` of other in production.
fn three() -> Harness {
    let server = Harness::at("10:00:00");
    server.send("10:00:01", &check_in(&id('a'), "error"));
    server.send("10:00:02", &of("job", "staging", check_in(&id('b'), "error")));
    server.send("10:00:03", &of("other", "production", check_in(&id('c'), "error")));
    server.send("10:05:31", &check_in(&id('d'), "ok"));
    server
}

#[test]
fn incidents_are_listed_newest_first_by_monitor_environment_state_and_time() {
    let server = three();
    for (query, expected) in [
        ("/incidents/", vec!["c", "b", "a"]),
        ("/incidents/?status=open", vec!["c", "b"]),
        ("/incidents/?status=resolved", vec!["a"]),
        ("/incidents/?environment=production", vec!["c", "a"]),
        ("/incidents/?environment=nowhere", vec![]),
        ("/incidents/?before=2024-06-03T10:00:03Z", vec!["b", "a"]),
        ("/incidents/?before=2024-06-03T10:00:01Z", vec![]),
        ("/monitors/job/incidents/", vec!["b", "a"]),
        ("/monitors/job/incidents/?status=open&environment=staging", vec!["b"]),
        ("/monitors/other/incidents/", vec!["c"]),
    ] {
        assert_eq!(incidents(&server, query), expected, "{query}");
    }
}

#[test]
fn incidents_that_all_began_at_once_can_be_read_page_by_page() {
    let server = Harness::at("10:00:00");
    for number in 0..230 {
        let mut failure =
            of(&format!("job-{number}"), "a b&c", check_in(&format!("{:032x}", number + 1), "error"));
        failure["monitor_config"]["failure_issue_threshold"] = json!(1);
        server.send_now(&failure);
    }
    let mut found = std::collections::BTreeSet::new();
    let mut next = format!("{API}/incidents/?status=open&environment=a%20b%26c");
    for expected in [100, 100, 30] {
        let mut response = server.agent.get(server.url(&next)).call().unwrap();
        let link = response.headers()["link"].to_str().unwrap().to_owned();
        let page: Value = response.body_mut().read_json().unwrap();
        let page = page.as_array().unwrap();
        assert_eq!(page.len(), expected);
        found.extend(page.iter().map(|incident| incident["monitorSlug"].to_string()));
        let (_, last) = link.split_once(", ").unwrap();
        assert_eq!(last.contains("results=\"true\""), expected == 100, "{link}");
        next = last.split(['<', '>']).nth(1).unwrap().to_owned();
        assert!(next.contains("status=open") && next.contains("environment=a%20b%26c"), "{link}");
    }
    assert_eq!(found.len(), 230);
}

#[test]
fn an_incident_says_when_it_was_how_long_and_what_failed() {
    let server = Harness::at("10:00:00");
    let config = hourly(&json!({"failure_issue_threshold": 2, "max_runtime": 5, "checkin_margin": 10}));
    server.send("10:00:10", &with(&id('a'), "error", &config));
    assert_eq!(server.api("/incidents/"), json!([]), "not yet");
    server.send("10:20:00", &with(&id('b'), "error", &config));
    server.send("10:30:00", &with(&id('c'), "in_progress", &config));
    server.advance("11:10:00");
    let open = server.api("/incidents/")[0].clone();
    assert_eq!(
        (&open["status"], &open["resolvedAt"], &open["duration"]),
        (&json!("open"), &Value::Null, &Value::Null)
    );
    server.send("11:15:00", &with(&id('d'), "ok", &config));

    let guid = open["id"].as_str().unwrap().to_owned();
    let incident = server.api(&format!("/incidents/{guid}/"));
    for (key, expected) in [
        ("monitorSlug", json!("job")),
        ("environment", json!("production")),
        ("title", json!("Cron failure: job")),
        ("status", json!("resolved")),
        ("startedAt", api("10:00:10")),
        ("startingCheckInId", api_id('a')),
        ("resolvedAt", api("11:15:00")),
        ("resolvingCheckInId", api_id('d')),
        ("duration", json!((74 * 60 + 50) * 1_000)),
        ("failures", json!({"error": 2, "missed": 1, "timeout": 1})),
        ("acknowledged", Value::Null),
    ] {
        assert_eq!(incident[key], expected, "{key}");
    }
    let reasons: Vec<&str> = incident["occurrences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|occurrence| occurrence["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        reasons,
        [
            "2 error check-ins detected",
            "2 error check-ins detected",
            "A timeout check-in was detected",
            "A missed check-in was detected"
        ]
    );
    let first = &incident["occurrences"][0];
    let monitor = server.monitor("job")["id"].clone();
    assert_eq!((&first["checkInId"], &first["at"]), (&api_id('a'), &api("10:20:00")));
    assert_eq!((&first["title"], &first["level"]), (&json!("Cron failure: job"), &json!("error")));
    assert_eq!(first["subtitle"], "Your monitor is failing: 2 error check-ins detected.");
    let tags = json!({
        "environment": "production", "monitor.id": monitor, "monitor.incident": guid, "monitor.slug": "job",
    });
    assert_eq!(first["tags"], tags);

    server.send("11:16:00", &with(&id('e'), "error", &config));
    server.send("11:17:00", &with(&id('f'), "error", &config));
    let next = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    assert_ne!(next, guid);
    let next = server.api(&format!("/incidents/{next}/"));
    assert_eq!(next["occurrences"][0]["fingerprint"], first["fingerprint"], "one issue that comes back");
}

/// The path of the newest incident.
fn newest(server: &Harness) -> String {
    format!("{API}/incidents/{}", server.api("/incidents/")[0]["id"].as_str().unwrap())
}

#[test]
fn an_incident_can_be_taken_in_hand_and_given_back_until_it_is_over() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    let path = format!("{}/acknowledgement/", newest(&server));
    server.advance("10:01:00");
    let answer = server.put(&path, &json!({"by": "Ada"}));
    assert_eq!(
        (answer.status, &answer.body["acknowledged"]),
        (200, &json!({"at": api("10:01:00"), "by": "Ada"}))
    );
    server.start("10:01:30");
    assert_eq!(server.api("/incidents/")[0]["acknowledged"]["by"], "Ada", "it is kept");
    server.send("10:02:00", &check_in(&id('b'), "error"));
    let incident = server.get(&format!("{}/", newest(&server))).body;
    assert_eq!(incident["acknowledged"]["by"], "Ada", "a further failure does not change that");
    assert_eq!(incident["occurrences"].as_array().unwrap().len(), 2, "and is noted all the same");
    let answer = server.put(&path, &json!({"by": "Grace"}));
    assert_eq!(answer.body["acknowledged"], json!({"at": api("10:02:00"), "by": "Grace"}));
    let answer = server.delete(&path);
    assert_eq!((answer.status, &answer.body["acknowledged"]), (200, &Value::Null));
    assert_eq!(server.delete(&path).status, 200, "twice is once");

    server.put(&path, &json!({"by": "Ada"}));
    server.send("10:03:00", &check_in(&id('c'), "ok"));
    for answer in [server.put(&path, &json!({"by": "Eve"})), server.delete(&path)] {
        assert_eq!(answer.status, 409);
        assert!(
            answer.body["detail"].as_str().unwrap().contains("is over since 2024-06-03T10:03:00Z"),
            "{answer:?}"
        );
    }
    assert_eq!(server.api("/incidents/")[0]["acknowledged"]["by"], "Ada", "it stays as it was");
}

#[test]
fn to_enable_a_monitor_tells_nobody_of_what_could_not_be_heard() {
    let server = Harness::at("10:00:00");
    let path = format!("{API}/monitors/job/");
    server.send("10:00:00", &check_in(&id('a'), "in_progress"));
    server.send("10:05:00", &check_in(&id('b'), "in_progress"));
    server.put(&path, &json!({"status": "disabled"}));
    server.send("10:20:00", &check_in(&id('b'), "ok"));
    server.advance("10:31:00");
    assert_eq!(server.statuses("job"), ["in_progress", "in_progress"], "nothing is judged");
    server.put(&path, &json!({"status": "active"}));
    server.advance("10:59:00");
    assert_eq!(server.statuses("job"), ["unknown", "unknown"]);
    assert_eq!(server.api("/incidents/"), json!([]));
}

#[test]
fn an_incident_that_an_older_run_resolves_has_lasted_until_its_report_arrived() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "in_progress"));
    server.send("10:05:00", &check_in(&id('b'), "error"));
    server.send("10:10:00", &check_in(&id('a'), "ok"));
    let incident = &server.api("/incidents/")[0];
    assert_eq!((&incident["startedAt"], &incident["resolvedAt"]), (&api("10:05:00"), &api("10:10:00")));
    assert_eq!(incident["duration"], 5 * 60 * 1_000);
}

#[test]
fn a_muted_environment_is_judged_but_nobody_is_told() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    server.send("10:00:01", &of("job", "a b&ü", check_in(&id('b'), "ok")));
    let path = format!("{API}/monitors/job/environments/a%20b%26%C3%BC/");
    let answer = server.put(&path, &json!({"isMuted": true}));
    assert_eq!((answer.status, &answer.body["isMuted"]), (200, &json!(false)), "{answer:?}");
    let muted = |body: &Value| -> Vec<(String, bool)> {
        let environments = body["environments"].as_array().unwrap().iter();
        environments
            .map(|e| (e["name"].as_str().unwrap().to_owned(), e["isMuted"].as_bool().unwrap()))
            .collect()
    };
    assert_eq!(muted(&answer.body), [("production".to_owned(), false), ("a b&ü".to_owned(), true)]);
    server.send("10:01:00", &of("job", "a b&ü", check_in(&id('c'), "error")));
    let incident = server.get(&format!("{}/", newest(&server))).body;
    assert_eq!((&incident["failures"]["error"], &incident["occurrences"]), (&json!(1), &json!([])));
    assert_eq!(server.put(&path, &json!({"isMuted": false})).status, 200);
    server.send("10:02:00", &of("job", "a b&ü", check_in(&id('d'), "error")));
    let incident = server.get(&format!("{}/", newest(&server))).body;
    assert_eq!(
        (&incident["failures"]["error"], incident["occurrences"].as_array().unwrap().len()),
        (&json!(2), 1)
    );
}

#[test]
fn a_muted_monitor_mutes_all_its_environments_and_those_to_come() {
    let server = Harness::at("10:00:00");
    for (environment, letter) in [("production", 'a'), ("staging", 'b')] {
        server.send("10:00:00", &of("job", environment, check_in(&id(letter), "ok")));
    }
    let path = format!("{API}/monitors/job/");
    let answer = server.put(&path, &json!({"isMuted": true}));
    assert_eq!(
        (answer.status, &answer.body["isMuted"], &answer.body["status"]),
        (200, &json!(true), &json!("active"))
    );
    server.send("10:00:01", &of("job", "test", check_in(&id('c'), "error")));
    assert_eq!(server.monitor("job")["isMuted"], true);
    assert_eq!(server.get(&format!("{}/", newest(&server))).body["occurrences"], json!([]));
    assert_eq!(server.put(&path, &json!({"isMuted": false})).body["isMuted"], false);
    assert!(server.monitor("job")["environments"].as_array().unwrap().iter().all(|e| e["isMuted"] == false));
    assert_eq!(server.put(&path, &json!({})).status, 200, "nothing is changed by nothing");
}

#[test]
fn a_disabled_monitor_is_not_judged_and_takes_nothing_and_enabled_it_expects_from_now_on() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    server.send("10:50:00", &with(&id('b'), "in_progress", &hourly(&json!({"max_runtime": 30}))));
    let path = format!("{API}/monitors/job/");
    let answer = server.put(&path, &json!({"status": "disabled"}));
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("disabled")));
    let sent = server.send("11:05:00", &check_in(&id('b'), "ok"));
    assert!(sent.body["discarded"][0].as_str().unwrap().starts_with("MONITOR_DISABLED"), "{sent:?}");
    server.start("11:05:30");
    server.advance("13:30:00");
    assert_eq!(server.statuses("job"), ["ok", "in_progress"], "neither a miss nor a timeout");
    assert_eq!(
        server.api("/monitors/job/usage/").as_array().unwrap().last().unwrap()["reason"],
        "monitor_disabled"
    );

    let answer = server.put(&path, &json!({"status": "active"}));
    assert_eq!(answer.body["environments"][0]["nextCheckIn"], api("14:00:00"));
    server.advance("13:59:00");
    assert_eq!(server.statuses("job"), ["ok", "unknown"], "a run whose end was filtered is no failure");
    server.put(&path, &json!({"status": "active"}));
    server.advance("14:01:00");
    assert_eq!(server.statuses("job"), ["ok", "unknown", "missed"]);
}

#[test]
fn of_a_disabled_monitor_the_page_expects_no_run() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    assert!(server.page().contains("missed after"));
    server.put(&format!("{API}/monitors/job/"), &json!({"status": "disabled"}));
    let page = server.page();
    assert!(page.contains("disabled") && !page.contains("missed after"), "{page}");
}

#[test]
fn the_note_of_a_run_is_kept_and_shown() {
    let server = Harness::at("10:00:00");
    let noted = |letter, status, note: &str| {
        let mut payload = with(&id(letter), status, &hourly(&json!({})));
        payload["note"] = note.into();
        payload
    };
    server.send("10:00:00", &with(&id('a'), "in_progress", &hourly(&json!({}))));
    assert_eq!(server.check_ins("job")[0].get("note"), None);
    let answer = server.send("10:00:10", &noted('a', "error", "exit code 3\n\n<script>"));
    assert_eq!(answer.error, None);
    assert_eq!(server.check_ins("job")[0]["note"], "exit code 3\n\n<script>");
    // A start that comes late does not change the outcome.
    server.send("10:00:20", &noted('a', "in_progress", "late"));
    assert_eq!(server.check_ins("job")[0]["note"], "exit code 3\n\n<script>");
    server.send("10:01:00", &noted('b', "in_progress", "started by hand"));
    server.send("10:01:10", &with(&id('b'), "ok", &hourly(&json!({}))));
    assert_eq!(server.check_ins("job")[1]["note"], "started by hand");
}
