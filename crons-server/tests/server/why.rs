//! Tests of `GET /explanations/{id}/`: derivations of what a server has decided.

use crate::harness::*;
use serde_json::{Value, json};

fn why(server: &Harness, id: &Value) -> Value {
    let answer = server.get(&format!("{API}/explanations/{}/", id.as_str().unwrap()));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[test]
fn a_timeout_and_its_incident_are_derived_over_the_api() {
    let server = Harness::at("10:00:45");
    let short = |id: &str, status: &str| with(id, status, &hourly(&json!({"max_runtime": 5})));
    server.send("10:00:45", &short(&id('a'), "in_progress"));
    server.send("10:03:10", &short(&id('a'), "in_progress"));
    server.send("10:12:30", &short(&id('a'), "ok"));
    let derived = why(&server, &api_id('a'));
    assert_eq!((&derived["kind"], &derived["status"]), (&json!("check_in"), &json!("timeout")));
    let inputs = &derived["rule"]["inputs"];
    assert_eq!(
        *inputs,
        json!({"lastReport": api("10:03:10"), "maxRuntime": 5, "deadline": api("10:08:00"), "evaluatedAt": api("10:08:00"),
            "ended": api("10:12:30")})
    );
    let names: Vec<_> =
        derived["steps"].as_array().unwrap().iter().map(|step| step["name"].clone()).collect();
    assert_eq!(names, ["began", "kept_alive", "deadline", "evaluated", "ended"]);
    assert_eq!(derived["prevention"][0]["setting"], json!({"name": "max_runtime", "at_least": 10}));

    let incident = why(&server, &derived["consequence"]["incidentId"]);
    assert_eq!((&incident["kind"], &incident["status"]), (&json!("incident"), &json!("open")));
    assert_eq!(incident["rule"]["inputs"]["openingCheckIn"], api_id('a'));
    assert_eq!(incident["consequence"]["name"], "open");
    // The list of incidents and the derivation have the same ids.
    let listed = server.get(&format!("{API}/incidents/")).body[0]["id"].clone();
    assert_eq!(listed, incident["id"]);
    // An id without hyphens is the same.
    let plain = listed.as_str().unwrap().replace('-', "");
    assert_eq!(why(&server, &json!(plain)), incident);
}

#[test]
fn a_run_that_ended_while_the_server_was_down_is_derived() {
    let mut server = Harness::at("10:00");
    server.send("10:00", &check_in(&id('a'), "ok"));
    server.stop();
    server.start("11:30");
    server.advance("11:31");
    let unknown = server.check_ins("job").into_iter().find(|run| run["status"] == "unknown").unwrap();
    let derived = why(&server, &unknown["id"]);
    assert_eq!(derived["rule"]["name"], "not_receiving");
    assert_eq!(derived["rule"]["inputs"]["outageUntil"], api("11:30"));
    assert_eq!(derived["consequence"], Value::Null);
    let text = derived["text"].as_str().unwrap();
    assert!(text.contains("the server stopped receiving") && text.contains("is unknown"), "{text}");
}

#[test]
fn a_run_of_a_monitor_that_was_disabled_is_derived() {
    let server = Harness::at("10:00");
    server.send("10:00", &check_in(&id('a'), "in_progress"));
    let change = |status: &str| server.put(&format!("{API}/monitors/job/"), &json!({"status": status}));
    assert_eq!(change("disabled").status, 200);
    server.send("10:10", &check_in(&id('a'), "ok"));
    server.advance("10:20");
    assert_eq!(change("active").status, 200);
    let derived = why(&server, &api_id('a'));
    assert_eq!(
        (&derived["status"], &derived["rule"]["name"]),
        (&json!("unknown"), &json!("monitor_disabled"))
    );
    assert_eq!(derived["rule"]["inputs"]["enabledAt"], api("10:20"));
    assert_eq!(derived["rule"]["inputs"]["endRefused"], json!(true));
    // A report that comes after all counts.
    server.send("10:21", &check_in(&id('a'), "error"));
    let derived = why(&server, &api_id('a'));
    assert_eq!((&derived["status"], &derived["rule"]["name"]), (&json!("error"), &json!("error")));
    assert_eq!(derived["consequence"]["name"], "opened");
}

#[test]
fn the_page_of_a_derivation_has_both_clocks_and_links() {
    let server = Harness::at("10:00");
    let vienna = |id: &str, status: &str| with(id, status, &hourly(&json!({"timezone": "Europe/Vienna"})));
    server.send("10:00", &vienna(&id('a'), "ok"));
    server.send("11:06:12", &vienna(&id('b'), "ok"));
    let missed = server.check_ins("job").into_iter().find(|run| run["status"] == "missed").unwrap();
    let missed = missed["id"].as_str().unwrap();
    let page = server
        .agent
        .get(server.url(&format!("/why/{missed}")))
        .call()
        .unwrap()
        .into_body()
        .read_to_string()
        .unwrap();
    for part in [
        "11:00:00 UTC (13:00:00 in Europe/Vienna) was missed",
        "<td>2024-06-03 13:01:00</td>",
        "a <code>checkin_margin</code> of 7 minutes or more",
        "href=\"/monitors/job\"",
        &format!("crons explain {missed}"),
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let incident =
        why(&server, &json!(missed))["consequence"]["incidentId"].as_str().unwrap().replace('-', "");
    assert!(page.contains(&format!("href=\"/why/{incident}\"")), "{page}");
    let page = server
        .agent
        .get(server.url(&format!("/why/{incident}")))
        .call()
        .unwrap()
        .into_body()
        .read_to_string()
        .unwrap();
    let plain = missed.replace('-', "");
    assert!(page.contains("resolved after") && page.contains(&format!("/why/{plain}")), "{page}");
    for (id, status) in [("nothing", 400), ("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaab", 404)] {
        assert_eq!(
            server.agent.get(server.url(&format!("/why/{id}"))).call().unwrap().status(),
            status,
            "{id}"
        );
    }
}

#[test]
fn an_id_that_is_none_is_refused_and_an_absent_one_not_found() {
    let server = Harness::at("10:00");
    server.send("10:00", &check_in(&id('a'), "ok"));
    for (id, status, part) in [
        ("job", 400, "\"job\" is no UUID"),
        ("0", 400, "is no UUID"),
        ("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaab", 404, "no check-in and no incident aaaaaaaa-"),
        ("%FF", 400, "not UTF-8"),
    ] {
        let answer = server.get(&format!("{API}/explanations/{id}/"));
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains(part), "{answer:?}");
    }
}

#[test]
fn an_incident_that_an_error_opens_at_any_instant_names_its_run() {
    let server = Harness::at("2024-06-03T10:00:00.123456789Z");
    server.send_now(&check_in(&id('a'), "error"));
    let incident = server.api("/incidents/")[0]["id"].clone();
    let derived = why(&server, &incident);
    let steps = derived["steps"].as_array().unwrap();
    assert_eq!((&steps[0]["name"], &steps[0]["checkInId"]), (&json!("failure"), &api_id('a')), "{derived}");
    let names: Vec<_> = steps.iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["failure", "opened", "notified"]);
    assert_eq!(steps[0]["text"], "a run began that failed");
}
