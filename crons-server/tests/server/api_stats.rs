//! Tests of counts of check-ins by buckets of time.

use crate::harness::{API, Harness, check_in, hourly, id, instant, with};
use serde_json::{Value, json};

/// Starts a server with two successes, a failure and a missed run of `job`, a run in progress in another environment, and a run of `other`.
fn server() -> Harness {
    let server = Harness::at("10:00:00");
    let send =
        |time: &str, letter: char, status: &str, slug: &str, environment: &str, duration: Option<f64>| {
            let mut run = with(&id(letter), status, &hourly(&json!({"max_runtime": 600})));
            (run["monitor_slug"], run["environment"]) = (json!(slug), json!(environment));
            if let Some(duration) = duration {
                run["duration"] = json!(duration);
            }
            assert_eq!(server.send(time, &run).status, 200);
        };
    send("10:00:00", 'a', "ok", "job", "production", Some(1.5));
    send("10:00:30", 'b', "in_progress", "job", "staging", None);
    send("10:10:00", 'c', "ok", "job", "production", Some(2.5));
    send("10:20:00", 'd', "error", "job", "production", None);
    send("10:20:30", 'e', "ok", "other", "production", None);
    // The run of 11:00 is missed in all environments.
    server.advance("11:01:00");
    server
}

fn unix(time: &str) -> i64 {
    instant(time).as_second()
}

#[test]
fn all_monitors_are_counted_by_bucket_environment_and_status() {
    let server = server();
    let (job, other) = (server.monitor("job")["id"].clone(), server.monitor("other")["id"].clone());
    let ids = |id: &Value| id.as_str().unwrap().to_owned();
    let counts = |changed: &[(&str, u32)]| {
        let mut all = json!({"in_progress": 0, "ok": 0, "error": 0, "missed": 0, "timeout": 0, "unknown": 0});
        for (status, count) in changed {
            all[*status] = json!(count);
        }
        all
    };
    let query = format!("since={}&until={}&resolution=30m", unix("10:00:00"), unix("11:00:00"));
    let answer = server.api(&format!("/monitors-stats/?monitor={}&{query}", ids(&job)));
    let expected = json!([
        [unix("10:00:00"), {"production": counts(&[("ok", 2), ("error", 1)]), "staging": counts(&[("in_progress", 1)])}],
        [unix("10:30:00"), {}],
        // A bucket of the end, but the end itself is left out.
        [unix("11:00:00"), {}],
    ]);
    assert_eq!(answer, json!({ids(&job): expected}));
    // The query names several monitors, by id and by slug; one that does not exist is left out.
    let unknown = "00000000-0000-0000-0000-00000000002a";
    let path = format!("/monitors-stats/?monitor={}&monitor=other&monitor={unknown}&{query}", ids(&job));
    let answer = server.api(&path);
    assert_eq!(answer.as_object().unwrap().len(), 2);
    assert_eq!(answer[ids(&other)][0][1], json!({"production": counts(&[("ok", 1)])}));
    assert_eq!(server.api(&format!("/monitors-stats/?{query}")), answer, "without a monitor: all");
    let staging = server.api(&format!("/monitors-stats/?monitor=job&environment=staging&{query}"));
    assert_eq!(staging[ids(&job)][0][1], json!({"staging": counts(&[("in_progress", 1)])}));
    // The last day less a second, by the hour.
    let day = server.api("/monitors-stats/?monitor=job");
    let buckets = day[ids(&job)].as_array().unwrap();
    assert_eq!((buckets.len(), &buckets[24][0]), (25, &json!(unix("11:00:00"))));
    assert_eq!(buckets[24][1]["production"], counts(&[("missed", 1)]));
}

#[test]
fn one_monitor_is_counted_with_its_mean_duration() {
    let server = server();
    let query = format!("since={}&until={}&resolution=10m", unix("10:00:00"), unix("10:30:00"));
    let bucket = |time: &str, ok: u32, error: u32, duration: Value| json!({"ts": unix(time), "ok": ok, "error": error, "missed": 0, "timeout": 0, "duration": duration});
    // The first instant is left out, and the run in progress is not counted.
    let expected = json!([
        bucket("10:00:00", 0, 0, json!(0.0)),
        bucket("10:10:00", 1, 0, json!(2500.0)),
        bucket("10:20:00", 0, 1, Value::Null),
        bucket("10:30:00", 0, 0, json!(0.0)),
    ]);
    assert_eq!(server.api(&format!("/monitors/job/stats/?{query}")), expected);
    let query = format!("since={}&until={}&resolution=1h", unix("09:59:00"), unix("11:00:00"));
    let answer = server.api(&format!("/monitors/job/stats/?{query}&environment=production"));
    assert_eq!(answer[1], bucket("10:00:00", 2, 1, json!(2000.0)));
    assert_eq!(answer[2]["missed"], 1, "the last instant is included");
    assert_eq!(server.get("/api/0/projects/crons/1/monitors/job/stats/").status, 200);
}

#[test]
fn a_wrong_bucket_is_refused_with_what_is_allowed() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    for (path, expected) in [
        ("/monitors-stats/?resolution=1y", "a unit of s, m, h, d or w"),
        ("/monitors-stats/?resolution=0s", "such as 24h"),
        ("/monitors-stats/?since=yesterday", "write seconds since 1970"),
        ("/monitors-stats/?since=2&until=1", "is after `until`"),
        ("/monitors-stats/?since=0&resolution=1m", "at most 100000 are allowed"),
        ("/monitors-stats/?monitor=Not+A+Slug", "neither the id nor the slug"),
        ("/monitors-stats/?field=x", "allowed are `monitor`, `since`, `until`"),
        ("/monitors/job/stats/?resolution=7m", "write one of 10s, 1m, 10m, 1h, 1d"),
        ("/monitors/job/stats/?until=99999999999999", "write seconds since 1970"),
        ("/monitors/job/stats/?monitor=job", "allowed are `since`, `until`, `resolution`"),
    ] {
        let answer = server.get(&format!("{API}{path}"));
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains(expected), "{path}: {answer:?}");
    }
    assert_eq!(server.get(&format!("{API}/monitors/nothing/stats/")).status, 404);
    assert_eq!(server.get(&format!("{API}/monitors-stats/?project=7")).status, 404);
}
