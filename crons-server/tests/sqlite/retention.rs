//! Tests of retention, and of databases of earlier versions.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Harness, NIL, api, check_in, id, instant, with};
use crons_server::{RateLimit, Retention, Settings};
use serde_json::{Value, json};

fn keeping(success_days: u32, failure_days: u32, check_ins: u32) -> Harness {
    let retention = Retention { success_days, failure_days, check_ins };
    Harness::with("10:00:00", Settings { retention, rate_limit: RateLimit::OFF, ..Settings::default() })
}

/// An instant of a day of June.
fn june(day: u32, time: &str) -> String {
    format!("2024-06-{day:02}T{time}Z")
}

/// A run of the monitor `job`, of which the next is not expected for a long time.
fn run(id: &str, status: &str, more: &Value) -> Value {
    let mut config = json!({"schedule": {"type": "interval", "value": 1, "unit": "year"}});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    with(id, status, &config)
}

/// Sends a run of this instant. The clock jumps there, without the minutes in between.
fn at(server: &Harness, instant: &str, status: &str, more: &Value) {
    server.set_clock(instant);
    let answer = server.send_now(&run(NIL, status, more));
    assert_eq!((answer.status, answer.body.get("discarded")), (200, None), "{answer:?}");
}

/// The number of failures that are listed for all incidents.
fn occurrences(server: &Harness) -> usize {
    let incidents = server.api("/incidents/");
    let of = |incident: &Value| {
        let path = format!("/incidents/{}/", incident["id"].as_str().unwrap());
        server.api(&path)["occurrences"].as_array().unwrap().len()
    };
    incidents.as_array().unwrap().iter().map(of).sum()
}

/// Returns the days of June of the runs of `job` with this status.
fn days(server: &Harness, status: &str) -> Vec<i8> {
    let kept = server.check_ins("job").into_iter().filter(|row| row["status"] == status);
    kept.map(|row| instant(row["dateAdded"].as_str().unwrap()).to_zoned(jiff::tz::TimeZone::UTC).day())
        .collect()
}

#[test]
fn failures_incidents_and_usage_outlive_successes() {
    let server = keeping(2, 5, 1_000);
    for day in 3..=12 {
        at(&server, &june(day, "10:00:00"), "error", &json!({}));
        at(&server, &june(day, "10:01:00"), "ok", &json!({}));
    }
    assert_eq!(server.sweep(), Some(7 + 5));
    assert_eq!(days(&server, "ok"), [10, 11, 12]);
    assert_eq!(days(&server, "error"), [8, 9, 10, 11, 12]);
    let incidents = server.api("/incidents/");
    let oldest = incidents.as_array().unwrap().last().unwrap();
    assert_eq!((incidents.as_array().unwrap().len(), &oldest["startedAt"]), (6, &json!(june(7, "10:00:00"))));
    assert_eq!(occurrences(&server), 6);
    let usage = server.api("/monitors/job/usage/?since=2024-01-01T00:00:00Z");
    assert_eq!(usage[0]["hour"], json!(june(8, "10:00:00")));
    let outages = server.api("/outages/");
    assert_eq!(outages[0]["until"], json!(june(8, "10:00:00")));
    assert_eq!(server.sweep(), Some(0), "twice is once");
}

#[test]
fn the_newest_of_each_kind_are_kept() {
    let server = keeping(365, 365, 3);
    for day in 3..=9 {
        at(&server, &june(day, "10:00:00"), "error", &json!({}));
        at(&server, &june(day, "10:01:00"), "ok", &json!({}));
    }
    assert_eq!(server.sweep(), Some(4 + 4));
    assert_eq!((days(&server, "ok"), days(&server, "error")), (vec![7, 8, 9], vec![7, 8, 9]));
}

#[test]
fn runs_that_are_still_needed_are_kept_however_old() {
    let threshold = |name: &str, runs: u32| json!({name: runs});
    for (what, most, runs, more, kept) in [
        ("the last run", 1, vec!["ok"; 3], json!({}), vec!["ok"]),
        ("the failures", 1, vec!["ok"; 4], threshold("failure_issue_threshold", 3), vec!["ok"; 3]),
        ("the recoveries", 1, vec!["ok"; 3], threshold("recovery_threshold", 2), vec!["ok"; 2]),
        ("an incident", 9, vec!["error"; 5], json!({}), vec!["error"; 5]),
        ("a long incident, its begin", 2, vec!["error"; 5], json!({}), vec!["error"; 3]),
        ("an incident that is over", 1, vec!["error", "error", "ok"], json!({}), vec!["ok"]),
        ("a run", 1, vec!["in_progress", "ok", "ok"], json!({"max_runtime": 99}), vec!["in_progress", "ok"]),
    ] {
        let server = keeping(1, 1, most);
        for (number, status) in (1..).zip(&runs) {
            // The runs have ids of their own, so that none ends the open one.
            server.advance(&format!("10:{number:02}:00"));
            server.send_now(&run(&format!("{number:032x}"), status, &more));
        }
        let due = runs.len() - kept.len();
        if what != "a run" {
            server.set_clock(&june(20, "10:00:00"));
        }
        assert_eq!(
            (server.sweep(), server.statuses("job")),
            (Some(due), kept.iter().map(ToString::to_string).collect()),
            "{what}"
        );
        assert!(occurrences(&server) <= most as usize, "{what}");
    }
}

#[test]
fn space_is_given_back_a_little_at_a_time_while_check_ins_go_on() {
    let server = keeping(1, 1, 1_000);
    for environment in 0..20 {
        // The rows of a year are written directly; the sweep treats them like others.
        let mut begin = run(NIL, "ok", &json!({}));
        begin["environment"] = json!(format!("environment-{environment}"));
        server.send_now(&begin);
    }
    server.file().execute(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
             INSERT INTO check_ins (guid, environment_id, status, date_added, date_updated, date_clock, config_id, reported)
             SELECT randomblob(16), environment_id, 'ok', date_added - n, date_updated, date_clock, config_id, 'ok'
             FROM check_ins, number; PRAGMA wal_checkpoint(TRUNCATE)",
    );
    let size = || std::fs::metadata(server.database()).unwrap().len();
    let before = size();
    server.set_clock(&june(20, "10:00:00"));
    let (done, answered) = (AtomicBool::new(false), std::sync::atomic::AtomicU32::new(0));
    let deleted = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert_eq!(server.send_now(&check_in(NIL, "ok")).status, 200);
                answered.fetch_add(1, Ordering::SeqCst);
            }
        });
        let deleted = server.sweep();
        done.store(true, Ordering::SeqCst);
        deleted
    });
    // The newest run of each environment stays.
    assert_eq!(deleted, Some(20 * 1_000));
    let answered = answered.into_inner();
    assert!(answered > 5, "only {answered} check-ins were answered between the parts");
    let file = server.file();
    assert_eq!(file.number("PRAGMA freelist_count"), 0);
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    assert!(size() < before / 4, "{} of {before} bytes are left", size());
}

/// A server on a file of the first version, which was written until 11:01:30.
fn schema_1(time: &str) -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema-1.db");
    std::fs::copy(file, folder.path().join("crons.db")).unwrap();
    Harness::on(folder, time, Settings::default())
}

#[test]
fn a_database_of_schema_1_keeps_all_that_it_had() {
    let server = schema_1("11:01:40");
    let monitors = server.api("/monitors/");
    let slugs: Vec<&str> = monitors.as_array().unwrap().iter().map(|m| m["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["open", "slow", "flaky", "failing", "job"], "failing first");
    let job = server.monitor("job");
    assert_eq!((&job["owner"]["id"], &job["config"]["checkin_margin"]), (&json!("ops"), &json!(7)));
    let environments: Vec<(&str, &str)> = job["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["name"].as_str().unwrap(), e["status"].as_str().unwrap()))
        .collect();
    assert_eq!(environments, [("staging", "error"), ("production", "ok")]);
    for (slug, statuses) in [
        ("failing", vec!["error", "error", "error", "missed"]),
        ("flaky", vec!["error", "ok", "missed"]),
        ("slow", vec!["timeout", "missed"]),
        ("open", vec!["in_progress", "missed"]),
    ] {
        assert_eq!(server.statuses(slug), statuses, "{slug}");
    }
    for (slug, failures) in [
        ("failing", vec![(3, 1, 0)]),
        ("flaky", vec![(0, 1, 0), (1, 0, 0)]),
        ("slow", vec![(0, 1, 1)]),
        ("open", vec![(0, 1, 0)]),
        ("job", vec![(1, 0, 0)]),
    ] {
        let listed = server.api(&format!("/monitors/{slug}/incidents/"));
        let expected: Vec<Value> = failures
            .iter()
            .map(|(error, missed, timeout)| json!({"error": error, "missed": missed, "timeout": timeout}))
            .collect();
        let counted: Vec<Value> =
            listed.as_array().unwrap().iter().map(|incident| incident["failures"].clone()).collect();
        assert_eq!(counted, expected, "{slug}");
    }
    for list in ["/usage/", "/processing-errors/"] {
        assert_eq!(server.api(list), json!([]), "{list}");
    }
    let outage = &server.api("/outages/")[0];
    assert_eq!(outage["until"], api("11:01:40"), "who was due since its last check-in was not heard");
    let file = server.file();
    assert_eq!(file.number("PRAGMA auto_vacuum"), 2, "incremental");
    assert_eq!(file.text("PRAGMA integrity_check"), "ok");
    let last_ok = file.number(
        "SELECT e.last_ok FROM environments e JOIN monitors m ON m.id = e.monitor_id WHERE m.slug = 'flaky'",
    );
    assert_eq!(last_ok, instant("10:05:00").as_microsecond());
}

#[test]
fn a_database_of_schema_1_takes_check_ins_and_deferred_ends() {
    let mut server = schema_1("11:01:40");
    let mut begin = check_in(&id('a'), "in_progress");
    begin["monitor_slug"] = json!("late");
    server.send("11:02:00", &begin);
    let row = &server.check_ins("late")[0];
    assert_eq!((&row["status"], &row["duration"]), (&json!("ok"), &json!(2_500)), "its end was held");
    let mut end = check_in(&id('9'), "ok");
    end["monitor_slug"] = json!("open");
    server.send("11:03:00", &end);
    assert_eq!(server.statuses("open"), ["ok", "missed"]);
    assert_eq!(server.environment("open")["status"], "ok");
    let mut again = check_in(&id('b'), "ok");
    again["monitor_slug"] = json!("failing");
    server.send("11:04:00", &again);
    let incident = &server.api("/monitors/failing/incidents/")[0];
    assert_eq!((&incident["resolvedAt"], &incident["status"]), (&api("11:04:00"), &json!("resolved")));
    server.start("11:04:10");
    server.advance("11:07:00");
    let job: Vec<Value> = server.check_ins("job").iter().map(|row| row["status"].clone()).collect();
    assert_eq!(job, ["ok", "error", "unknown", "unknown"], "due in the meantime, in both environments");
}

#[test]
fn the_key_that_an_earlier_version_has_made_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema-1.db"), &path).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let settings = Settings { database: crons_server::Database::sqlite(path), ..Settings::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = crons_server::Server::start(&settings, listener).unwrap();
        assert_eq!(server.public_key(), "8b0ea4e909cc4184b9af23bcdeec549f");
        server.shutdown().await.unwrap();
    });
}
