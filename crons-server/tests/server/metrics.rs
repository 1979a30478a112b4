//! Tests of `/metrics`, `/health` and `/ready`.

use crate::harness::{Harness, check_in, id};
use crate::receiver::{Mode, Receiver, eventually};
use serde_json::json;

/// The text of `/metrics`.
fn metrics(server: &Harness) -> String {
    let mut answer = server.agent.get(server.url("/metrics")).call().unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    answer.body_mut().read_to_string().unwrap()
}

/// The value of a series; `None` if it is not there.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn check_ins_are_counted_by_outcome_and_reason() {
    let server = Harness::at("10:00:00");
    server.send("10:00:01", &check_in(&id('a'), "ok"));
    server.send("10:00:02", &check_in(&id('b'), "ok"));
    server.send("10:00:03", &check_in(&id('b'), "error"));
    server.send("10:00:04", &check_in("xyz", "ok"));
    let text = metrics(&server);
    for (labels, expected) in [
        (r#"outcome="accepted",reason="""#, Some(2.0)),
        (r#"outcome="invalid",reason="finished""#, Some(1.0)),
        (r#"outcome="invalid",reason="invalid_guid""#, Some(1.0)),
        (r#"outcome="filtered",reason="monitor_disabled""#, None),
    ] {
        assert_eq!(value(&text, &format!("crons_check_ins_total{{{labels}}}")), expected, "{labels}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn ticks_commits_and_the_queue_are_measured() {
    let server = Harness::at("10:00:00");
    server.send("10:00:30", &check_in(&id('a'), "ok"));
    let before = metrics(&server);
    server.advance("10:05:00");
    let after = metrics(&server);
    assert_eq!(value(&after, "crons_ticks_total"), Some(5.0), "{after}");
    let minute = |time: &str| Some(crate::harness::instant(time).as_duration().as_secs_f64());
    assert_eq!(value(&before, "crons_evaluated_through_timestamp_seconds"), minute("10:00:00"));
    assert_eq!(value(&after, "crons_evaluated_through_timestamp_seconds"), minute("10:05:00"));
    assert_eq!(value(&after, "crons_last_tick_timestamp_seconds"), minute("10:05:00"));
    assert_eq!(value(&after, "crons_last_commit_timestamp_seconds"), minute("10:05:00"));
    assert_eq!(value(&after, "crons_queue_length"), Some(0.0));
    let count = |text| value(text, "crons_commit_duration_seconds_count").unwrap_or_else(|| panic!("{text}"));
    assert!(count(&after) >= count(&before) + 5.0, "{before}\n{after}");
    let all = value(&after, r#"crons_commit_duration_seconds_bucket{le="+Inf"}"#).unwrap();
    assert!((all - count(&after)).abs() < 0.5, "{after}");
}

#[test]
fn alerts_are_counted_and_the_last_one_outlives_a_restart() {
    let receiver = Receiver::in_mode(Mode::Answer(500));
    let rules = json!({"webhook": {"ops": {"url": receiver.url("/ops")}}, "alert": [{"on": ["opened"], "to": ["ops"], "group_wait": "off"}]});
    let mut server = Harness::with_alerts("10:00:00", rules);
    server.send("10:00:30", &check_in(&id('a'), "error"));
    let series = |outcome: &str| format!("crons_alerts_total{{outcome=\"{outcome}\"}}");
    let counted = |outcome: &str, server: &Harness| value(&metrics(server), &series(outcome)).unwrap();
    eventually("a failed attempt is counted", || counted("failed", &server) > 0.5);
    receiver.set(Mode::Answer(200));
    server.advance("10:05:00");
    eventually("a delivery is counted", || counted("delivered", &server) > 0.5);
    let last = "crons_last_alert_delivered_timestamp_seconds";
    let delivered = value(&metrics(&server), last);
    assert!(delivered.is_some());
    server.start("10:06:00");
    assert_eq!(value(&metrics(&server), last), delivered);
    assert!(counted("delivered", &server) < 0.5);
}

#[test]
fn the_server_is_ready_while_its_parts_work() {
    let server = Harness::at("10:00:00");
    for path in ["/health", "/ready", "/ready/"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    // The clock moves on, and no tick evaluates its minutes.
    server.set_clock("10:30:00");
    let refused = server.get("/ready");
    assert_eq!(refused.status, 503);
    assert!(refused.body["detail"].as_str().unwrap().starts_with("clock: "), "{refused:?}");
    assert_eq!(server.get("/health").status, 200, "the process answers");
    server.advance("10:31:00");
    assert_eq!(server.get("/ready").status, 200);
}

#[test]
fn each_environment_has_its_state_duration_and_deadline() {
    let server = Harness::at("10:00:00");
    let odd = "a \"b\" \\c";
    let mut run = check_in(&id('a'), "ok");
    (run["environment"], run["duration"]) = (json!(odd), json!(1.5));
    server.send("10:00:00", &run);
    server.send("10:00:10", &check_in(&id('b'), "error"));
    let mut disabled = check_in(&id('c'), "ok");
    disabled["monitor_slug"] = json!("disabled");
    server.send("10:00:20", &disabled);
    let put = |path: &str, body| {
        assert_eq!(server.put(&format!("{}/monitors/{path}", crate::harness::API), &body).status, 200);
    };
    put("disabled/", json!({"status": "disabled"}));
    put("job/environments/production/", json!({"isMuted": true}));
    server.set_clock("10:01:00");
    let text = metrics(&server);
    let odd = r#"monitor="job",environment="a \"b\" \\c""#;
    let (job, off) =
        (r#"monitor="job",environment="production""#, r#"monitor="disabled",environment="production""#);
    for (name, labels, expected) in [
        ("state", &format!("{odd},state=\"ok\""), Some(1.0)),
        ("state", &format!("{job},state=\"failed\""), Some(1.0)),
        ("state", &format!("{job},state=\"ok\""), None),
        ("state", &format!("{off},state=\"disabled\""), Some(1.0)),
        ("up", &odd.to_owned(), Some(1.0)),
        ("up", &job.to_owned(), Some(0.0)),
        ("muted", &job.to_owned(), Some(1.0)),
        ("muted", &odd.to_owned(), Some(0.0)),
        ("enabled", &off.to_owned(), Some(0.0)),
        ("enabled", &job.to_owned(), Some(1.0)),
        ("last_duration_seconds", &odd.to_owned(), Some(1.5)),
        ("last_duration_seconds", &job.to_owned(), None),
        ("until_missed_seconds", &job.to_owned(), Some(3_600.0)),
        ("until_missed_seconds", &off.to_owned(), None),
    ] {
        assert_eq!(
            value(&text, &format!("crons_monitor_{name}{{{labels}}}")),
            expected,
            "{name} {labels}\n{text}"
        );
    }
}

#[test]
fn metrics_need_the_admin_token_unless_they_are_public() {
    let token = "open-sesame-0123456789";
    for metrics_public in [false, true] {
        let admin_token = Some(token.parse().unwrap());
        let settings = crons_server::Settings { admin_token, metrics_public, ..Default::default() };
        let server = Harness::with("10:00:00", settings);
        assert_eq!(server.get("/metrics").status, if metrics_public { 200 } else { 401 });
        let with_token =
            server.agent.get(server.url("/metrics")).header("authorization", format!("Bearer {token}"));
        assert_eq!(with_token.call().unwrap().status(), 200);
        assert_eq!(server.get("/api/0/organizations/crons/monitors/").status, 401);
    }
}
