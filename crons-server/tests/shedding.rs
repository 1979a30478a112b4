//! Tests that check-ins and requests over a limit are refused cheaply: few rows, few lines in the log, and an answer to the client.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use std::fmt::{Debug, Write};
use std::sync::Mutex;

use harness::{Harness, KEY, check_in, json_count, with};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The lines of the log, of all tests in this file.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Lines;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // A write to a string does not fail.
        let _ = write!(self.0, "{field}={value:?} ");
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("crons_server") && *metadata.level() <= tracing::Level::INFO
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LINES.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn lines_with(part: &str) -> Vec<String> {
    LINES.lock().unwrap().iter().filter(|line| line.contains(part)).cloned().collect()
}

fn server() -> Harness {
    // The subscriber may have been set by another test of this file.
    let _ = tracing::subscriber::set_global_default(Lines);
    Harness::at("10:00:20")
}

fn of(slug: &str, number: u32) -> serde_json::Value {
    let mut check_in = check_in(&format!("{number:032x}"), "ok");
    check_in["monitor_slug"] = json!(slug);
    check_in
}

#[test]
fn of_check_ins_over_the_limit_one_a_minute_is_stored() {
    let mut server = server();
    for number in 1..=200 {
        let answer = server.send_now(&of("looping", number));
        assert_eq!(answer.status, if number <= 6 { 200 } else { 429 }, "{answer:?}");
    }
    // The last row id shows how many rows were ever stored.
    assert_eq!(server.file().number("SELECT max(id) FROM refused"), 1);
    server.advance("10:01:00");
    for number in 201..=300 {
        server.send_now(&of("looping", number));
    }
    assert_eq!(server.file().number("SELECT max(id) FROM refused"), 2);
    let usage = server.api("/monitors/looping/usage/");
    assert_eq!(
        json_count(&usage, "rate_limited"),
        194 + 94,
        "all that is refused is counted, and at once: {usage}"
    );
    assert_eq!(json_count(&usage, "accepted"), 12);
    // The log is complete when the server has stopped.
    server.stop();
    let logged = lines_with("looping");
    let refused: Vec<&String> = logged.iter().filter(|line| line.contains("RATELIMITED")).collect();
    assert_eq!(refused.len(), 2, "{logged:#?}");
    assert!(refused[0].contains("are counted as usage, not logged"), "{refused:?}");
}

#[test]
fn a_limited_client_is_told_so_without_silencing_others() {
    let server = server();
    for number in 1..=6 {
        server.send_now(&of("eager", number));
    }
    let envelope = format!("{{}}\n{{\"type\":\"check_in\"}}\n{}\n", of("eager", 7));
    let url = server.url(&format!("/api/1/envelope/?sentry_key={KEY}"));
    let answer = server.agent.post(url).send(envelope.as_bytes()).unwrap();
    assert_eq!(answer.status(), 429);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    // The clock stands at 20 seconds past the minute, and the limit is one of calendar minutes.
    assert_eq!(header("retry-after"), "40");
    let limits = header("x-sentry-rate-limits");
    assert_eq!(limits, "40:monitor_environment:project:monitor_env_rate_limit");
    let silenced = limits.split(',').any(|group| {
        let categories = group.split(':').nth(1).unwrap_or_default();
        categories.is_empty() || categories.split(';').any(|category| category == "monitor")
    });
    assert!(!silenced, "a client that heeds this sends nothing of any monitor: {limits}");
    assert!(header("x-sentry-error").contains("RATELIMITED"), "{answer:?}");
    assert_eq!(server.send_now(&of("patient", 8)).status, 200);
    // A client that finds no such header takes a 429 as a limit of everything.
    let by_url = server.agent.get(server.url(&format!("/api/1/cron/eager/{KEY}/?status=ok"))).call().unwrap();
    assert_eq!((by_url.status().as_u16(), by_url.headers().get("retry-after")), (202, None));
    server.advance("10:01:00");
    assert_eq!(server.send_now(&of("eager", 9)).status, 200);
}

#[test]
fn the_limit_is_checked_first_and_for_one_environment() {
    let server = server();
    for number in 1..=6 {
        server.send_now(&of("mixed", number));
    }
    let malformed = json!({"monitor_slug": "mixed", "status": 7});
    assert_eq!(server.send_now(&malformed).status, 429, "the limit is the first of all checks");
    let mut elsewhere =
        with(&format!("{:032x}", 77), "ok", &json!({"schedule": {"type": "crontab", "value": "@daily"}}));
    elsewhere["monitor_slug"] = json!("mixed");
    elsewhere["environment"] = json!("staging");
    assert_eq!(server.send_now(&elsewhere).status, 200);
}

#[test]
fn requests_without_the_key_cost_a_line_a_minute_and_status() {
    let server = server();
    for number in 0..100 {
        let path = format!("/api/1/envelope/?sentry_key=wrong-{number}");
        assert_eq!(server.post(&path, &[], b"{}\n").status, 403);
        assert_eq!(server.post("/api/1/envelope/", &[], b"{}\n").status, 403);
        assert_eq!(server.get(&format!("/scan-{number}.php")).status, 404);
        assert_eq!(server.get("/api/1/envelope/").status, 405);
        assert_eq!(server.post("/api/1/envelope/", &[], b"no envelope").status, 400);
    }
    for status in [400, 403, 404, 405] {
        let logged = lines_with(&format!("status={status} "));
        assert_eq!(logged.len(), 1, "{logged:#?}");
    }
    assert!(lines_with("wrong-").is_empty(), "keys are not logged");
}
