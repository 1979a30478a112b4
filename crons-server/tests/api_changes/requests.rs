//! Tests of requests that create and change monitors.

use serde_json::{Value, json};

use crate::harness::{Answer, Harness};

pub const MONITORS: &str = "/api/0/organizations/crons/monitors/";

pub fn post(server: &Harness, body: &Value) -> Answer {
    server.post(MONITORS, &[], body.to_string().as_bytes())
}

pub fn put(server: &Harness, slug: &str, body: &Value) -> Answer {
    server.put(&format!("{MONITORS}{slug}/"), body)
}

/// Changes a monitor if it has this revision.
pub fn put_if_match(server: &Harness, slug: &str, tag: &str, body: &Value) -> u16 {
    let request = server.agent.put(server.url(&format!("{MONITORS}{slug}/"))).header("if-match", tag);
    request.send(body.to_string()).unwrap().status().as_u16()
}

pub fn tag(server: &Harness, slug: &str) -> String {
    let answer = server.agent.get(server.url(&format!("{MONITORS}{slug}/"))).call().unwrap();
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

pub fn detail(answer: &Answer) -> &str {
    answer.body["detail"].as_str().unwrap()
}

/// The monitor of the examples.
pub fn nightly() -> Value {
    json!({"type": "cron_job", "name": "Nightly backup", "slug": "nightly", "status": "disabled", "isMuted": true,
        "owner": "team:ops", "project": "anything", "config": {"schedule_type": "crontab", "schedule": "0 3 * * *",
        "timezone": "Europe/Vienna", "checkin_margin": 10, "max_runtime": 60, "failure_issue_threshold": 2,
        "recovery_threshold": 3}})
}
