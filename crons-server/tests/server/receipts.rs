//! Tests of processing errors, counts by the hour, and requests that are refused.

use crate::harness::{API, Harness, KEY, NIL, api, api_id, check_in, hourly, id, with};
use serde_json::{Value, json};

fn of(slug: &str, mut check_in: Value) -> Value {
    check_in["monitor_slug"] = json!(slug);
    check_in
}

/// Sends bytes as the payload of a check-in.
fn send_raw(server: &Harness, payload: &str) -> u16 {
    let envelope = format!("{{}}\n{{\"type\":\"check_in\"}}\n{payload}\n");
    server.post(&format!("/api/1/envelope/?sentry_key={KEY}"), &[], envelope.as_bytes()).status
}

fn types(listed: &Value) -> Vec<String> {
    let named = |refused: &Value| refused["errors"][0]["type"].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(named).collect()
}

#[test]
fn what_was_refused_is_kept_with_the_reason_for_its_monitor_or_for_none() {
    let server = Harness::at("10:00:00");
    assert_eq!(server.api("/processing-errors/"), json!([]));
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    assert_eq!(server.api("/monitors/job/processing-errors/"), json!([]));

    server.send("10:00:01", &check_in(&id('a'), "error"));
    server.send("10:00:02", &check_in(&id('b'), "done"));
    let mut elsewhere = check_in(&id('a'), "ok");
    elsewhere["environment"] = json!("staging");
    server.send("10:00:03", &elsewhere);
    let of_job = server.api("/monitors/job/processing-errors/");
    assert_eq!(
        types(&of_job),
        ["CHECKIN_ENVIRONMENT_MISMATCH", "CHECKIN_VALIDATION_FAILED", "CHECKIN_FINISHED"]
    );
    assert_eq!(of_job[0]["dateReceived"], api("10:00:03"));
    assert_eq!(of_job[0]["payload"], elsewhere.to_string());
    let message = of_job[0]["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("belongs to monitor `job`, environment `production`"), "{message}");
    assert_eq!(server.api("/processing-errors/"), json!([]), "these have a monitor");

    let mut bad_schedule = of("new", check_in(NIL, "in_progress"));
    bad_schedule["monitor_config"]["schedule"]["value"] = json!("13 * * * * *");
    server.send("10:00:04", &bad_schedule);
    server.send("10:00:05", &json!({"monitor_slug": "nobody", "status": "in_progress"}));
    let latin = "{\"monitor_slug\": \"job\", \"status\": \"ok\"";
    assert_eq!(send_raw(&server, latin), 400);
    let of_none = server.api("/processing-errors/");
    assert_eq!(types(&of_none), ["CHECKIN_VALIDATION_FAILED", "MONITOR_NOT_FOUND", "MONITOR_INVALID_CONFIG"]);
    assert_eq!(of_none[0]["payload"], latin, "what is no JSON at all, too");
    assert_eq!(of_none[2]["errors"][1]["type"], "MONITOR_NOT_FOUND");
}

#[test]
fn the_newest_ten_of_each_are_kept_and_the_beginning_of_what_is_long() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    server.send("10:00:00", &of("other", check_in(&id('b'), "ok")));
    for minute in 1..=12 {
        let mut refused = check_in(&id('a'), "ok");
        refused["duration"] = json!(minute);
        server.send(&format!("10:{minute:02}:00"), &refused);
    }
    server.send("10:13:00", &of("other", check_in(&id('b'), "ok")));
    server.start("10:13:10");
    let listed = server.api("/monitors/job/processing-errors/");
    assert_eq!(listed.as_array().unwrap().len(), 10);
    assert_eq!(
        (&listed[0]["dateReceived"], &listed[9]["dateReceived"]),
        (&api("10:12:00"), &api("10:03:00"))
    );
    assert_eq!(server.api("/monitors/other/processing-errors/").as_array().unwrap().len(), 1);

    let long = format!("{{\"status\": \"{}\"", "ü".repeat(30_000));
    assert_eq!(send_raw(&server, &long), 400);
    let payload = server.api("/processing-errors/")[0]["payload"].as_str().unwrap().to_owned();
    assert!(
        long.starts_with(&payload) && (1_000..10_000).contains(&payload.len()),
        "{} bytes",
        payload.len()
    );
}

/// Returns a line of the usage; a missing monitor or reason is null.
fn count(monitor: Option<&str>, hour: &str, outcome: &str, reason: Option<&str>, count: u32) -> Value {
    json!({"hour": api(hour), "monitor": monitor, "outcome": outcome, "reason": reason, "count": count})
}

#[test]
fn usage_is_counted_by_hour_monitor_and_outcome() {
    let server = Harness::at("10:00:00");
    for number in 1..=8 {
        server.send("10:00:00", &check_in(&format!("{number:032x}"), "ok"));
    }
    server.send("10:01:00", &check_in(&format!("{:032x}", 1), "ok"));
    for slug in ["ghost", "spectre", "phantom"] {
        server.send("10:01:01", &json!({"monitor_slug": slug, "status": "in_progress"}));
    }
    server.send("10:01:02", &json!({"monitor_slug": "???", "status": "ok"}));
    send_raw(&server, "{");
    server.send("10:01:03", &json!({"monitor_slug": "held", "status": "ok"}));
    server.put(&format!("{API}/monitors/job/"), &json!({"status": "disabled"}));
    server.send("10:59:59", &check_in(NIL, "ok"));
    server.send("11:00:00", &check_in(NIL, "ok"));

    let job = Some("job");
    let of_job = [
        count(job, "10:00:00", "accepted", None, 6),
        count(job, "10:00:00", "filtered", Some("monitor_disabled"), 1),
        count(job, "10:00:00", "invalid", Some("finished"), 1),
        count(job, "10:00:00", "rate_limited", Some("rate_limited"), 2),
        count(job, "11:00:00", "filtered", Some("monitor_disabled"), 1),
    ];
    assert_eq!(server.api("/monitors/job/usage/"), json!(of_job));
    let all = server.api("/usage/");
    // The five are three unknown slugs, one text that is no slug, and an end that was deferred until it expired;
    // the malformed one is apart.
    assert_eq!(all[0], count(None, "10:00:00", "invalid", Some("invalid_check_in"), 1));
    assert_eq!(all[1], count(None, "10:00:00", "invalid", Some("invalid_monitor"), 5));
    assert_eq!(all.as_array().unwrap().len(), 2 + of_job.len());
    assert_eq!(server.api("/usage/?since=2024-06-03T11:00:00Z"), json!(of_job[4..]));
    assert_eq!(server.api("/monitors/job/usage/?since=2024-06-03T12:00:00Z"), json!([]));
    server.set_clock("2024-06-04T10:30:00Z");
    assert_eq!(server.api("/usage/"), json!(of_job[4..]), "of the last day, if nobody says");
}

#[test]
fn an_array_is_no_body_whatever_the_order_of_its_values() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    for (path, body) in [
        ("/monitors/job/".to_owned(), json!(["disabled", true])),
        ("/monitors/job/environments/production/".to_owned(), json!([true])),
        (format!("/incidents/{incident}/acknowledgement/"), json!(["Ada"])),
    ] {
        let answer = server.put(&format!("{API}{path}"), &body);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains("must be a JSON object"), "{answer:?}");
    }
    assert_eq!(server.api("/incidents/")[0]["acknowledged"], Value::Null);
    let monitor = server.monitor("job");
    assert_eq!((&monitor["status"], &monitor["isMuted"]), (&json!("active"), &json!(false)));
}

/// Requests that are refused: each with its status and a part of the answer.
#[test]
fn whatever_cannot_be_answered_is_refused_with_a_reason() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let nobody = api_id('0').as_str().unwrap().to_owned();
    let acknowledgement = format!("/incidents/{incident}/acknowledgement/");
    let lists = [
        "/monitors/",
        "/monitors/job/",
        "/monitors/job/checkins/",
        "/monitors/job/incidents/",
        "/monitors/job/processing-errors/",
        "/monitors/job/usage/",
        "/incidents/",
        "/processing-errors/",
        "/usage/",
        "/outages/",
    ];
    let ask = |method: &str, path: &str, body: &str| {
        // A connection whose request was not read to its end is closed, so each has its own.
        let request = ureq::http::Request::builder().method(method).uri(server.url(path));
        let request = request.header("connection", "close");
        let mut answer = server.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{method} {path}: {text:?} is no JSON"));
        (answer.status().as_u16(), json["detail"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned())
    };
    let check = |method: &str, path: &str, body: &str, status: u16, part: &str| {
        let (found, detail) = ask(method, path, body);
        assert_eq!(found, status, "{method} {path} {body}: {detail}");
        assert!(detail.contains(part), "{method} {path} {body}: {detail}");
    };
    for list in lists {
        check(
            "GET",
            &format!("/api/0/organizations/acme{list}"),
            "",
            404,
            "there is no organization \"acme\"",
        );
        check("GET", &format!("/api/0/organizations/%FF{list}"), "", 400, "UTF-8");
        check("PATCH", &format!("{API}{list}"), "", 405, "PATCH is not what");
        let (status, part) =
            if list == "/monitors/" { (400, "name: it is missing") } else { (405, "POST is not what") };
        check("POST", &format!("{API}{list}"), "{}", status, part);
    }
    for path in ["", "checkins/", "incidents/", "processing-errors/", "usage/"] {
        check("GET", &format!("{API}/monitors/ghost/{path}"), "", 404, "there is no monitor \"ghost\"");
    }
    for (method, path, body, status, part) in [
        ("GET", "/incidents/?status=closed", "", 400, "closed"),
        ("GET", "/incidents/?state=open", "", 400, "state"),
        ("GET", "/incidents/?before=yesterday", "", 400, "write one such as 2024"),
        ("GET", "/incidents/?cursor=x", "", 400, "take it from the Link header"),
        ("GET", "/monitors/job/checkins/?cursor=100", "", 400, "take it from the Link header"),
        ("GET", "/usage/?since=now", "", 400, "since"),
        ("GET", "/outages/?until=now", "", 400, "until"),
        ("GET", "/incidents/7/", "", 400, "7"),
        ("GET", &format!("/incidents/{nobody}/"), "", 404, "there is no incident 00000000"),
        (
            "PUT",
            &format!("/incidents/{nobody}/acknowledgement/"),
            "{\"by\": \"Ada\"}",
            404,
            "there is no incident",
        ),
        ("DELETE", &format!("/incidents/{nobody}/acknowledgement/"), "", 404, "there is no incident"),
        ("DELETE", "/monitors/ghost/", "", 404, "there is no monitor \"ghost\""),
        ("PUT", "/incidents/x/acknowledgement/", "{\"by\": \"Ada\"}", 400, "x"),
        ("GET", &acknowledgement, "", 405, "GET is not what"),
        ("PUT", &acknowledgement, "", 400, "the body: it is empty"),
        ("PUT", &acknowledgement, "{}", 400, "`by` is missing"),
        ("PUT", &acknowledgement, "{\"by\": 7}", 400, "it is 7, and must be a string"),
        ("PUT", &acknowledgement, "{\"by\": \" \"}", 400, "write a name"),
        ("PUT", &acknowledgement, "{\"by\": \"Ada\", \"for\": 1}", 400, "there is no key `for`"),
        ("PUT", "/monitors/ghost/", "{}", 404, "there is no monitor \"ghost\""),
        ("PUT", "/monitors/job/", "{\"status\": \"paused\"}", 400, "it is \"paused\", and must be"),
        ("PUT", "/monitors/job/", "{\"isMuted\": \"yes\"}", 400, "the body"),
        ("PUT", "/monitors/job/", "{\"nam\": \"x\"}", 400, "there is no key `nam`"),
        ("PUT", "/monitors/job/", "[]", 400, "the body"),
        ("PUT", "/monitors/job/", "{\"status\": 5}", 400, "send one such as"),
        ("GET", "/incidents", "", 404, "paths of the API end in a slash"),
        (
            "PUT",
            "/monitors/job/environments/nowhere/",
            "{\"isMuted\": true}",
            404,
            "an environment \"nowhere\"",
        ),
        ("PUT", "/monitors/job/environments/production/", "{}", 400, "`isMuted` is missing"),
        ("GET", "/monitors/job/environments/production/", "", 405, "GET is not what"),
        ("GET", "/nothing/", "", 404, "there is nothing at"),
    ] {
        check(method, &format!("{API}{path}"), body, status, part);
    }
    let long = format!("{{\"by\": \"{}\"}}", "x".repeat(201));
    check("PUT", &format!("{API}{acknowledgement}"), &long, 400, "1 to 200 characters");
    assert_eq!(server.api("/incidents/")[0]["acknowledged"], Value::Null, "nothing of that was done");
    assert_eq!(server.monitor("job")["status"], "active");
    assert_eq!(server.send("10:00:09", &with(&id('b'), "ok", &hourly(&json!({})))).status, 200);
}
