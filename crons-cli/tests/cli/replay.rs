//! Tests of `crons simulate --from-database` on a database that a server has written.

use std::path::Path;

use crons_server::{Clock, Database, ManualClock, Server, Settings};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::simulate::{at, column, payload, refusal, report};
use super::support::{run, sqlite};

/// Writes a database, by a server, with a late run at 11:05, a failed run and one that ran too long.
pub fn served(file: &Path) {
    let reports = [
        ("10:00:05", 'a', "ok"),
        ("11:05:00", 'b', "in_progress"),
        ("11:06:00", 'b', "ok"),
        ("12:00:30", 'c', "error"),
        ("13:00:10", 'd', "in_progress"),
        ("13:50:00", 'd', "ok"),
        ("14:00:20", 'e', "ok"),
    ];
    serve(file, &reports.map(|(time, id, status)| (time, payload(id, status))), "14:30:00");
}

/// Sends these check-ins on 3 June 2024 to a server that writes `file`, and stops it at `until`.
fn serve(file: &Path, reports: &[(&str, Value)], until: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let instant = |time: &str| at(time).parse::<Timestamp>().unwrap();
    let settings = Settings {
        database: Database::sqlite(file),
        clock: Clock::Manual(ManualClock::new(instant("10:00:00"))),
        ..Settings::default()
    };
    let server = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server::start(&settings, listener).unwrap()
    });
    let dsn = server.dsn().to_string();
    let envelopes = format!("http://{}/api/1/envelope/", server.address());
    for (time, item) in reports {
        runtime.block_on(server.advance_to(instant(time)));
        let envelope = format!("{}\n{{\"type\":\"check_in\"}}\n{item}\n", json!({ "dsn": dsn }));
        assert_eq!(ureq::post(&envelopes).send(envelope.as_bytes()).unwrap().status(), 200);
    }
    runtime.block_on(server.advance_to(instant(until)));
    runtime.block_on(server.shutdown()).unwrap();
}

#[test]
fn a_replay_decides_as_the_server_did_or_by_other_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crons.db");
    served(&file);
    let url = sqlite(&file);
    let with = |change: &[&str]| report(&[&["--from-database", &url], change].concat(), "");

    let same = with(&[]);
    let statuses = ["ok", "missed", "ok", "error", "timeout", "ok"];
    assert_eq!(column(&same, "check_ins", "status"), statuses);
    let expected: Vec<Value> = ["10:00:05", "11:00:00", "11:05:00", "12:00:30", "13:00:10", "14:00:20"]
        .map(|time| json!(at(time)))
        .into();
    assert_eq!(column(&same, "check_ins", "date_added"), expected);
    assert_eq!(
        column(&same, "occurrences", "reason"),
        [
            "A missed check-in was detected",
            "An error check-in was detected",
            "A timeout check-in was detected"
        ]
    );
    assert_eq!(
        column(&same, "incidents", "resolved_at"),
        [json!(at("11:06:00")), json!(at("14:00:20"))],
        "the failure and the timeout are one incident"
    );

    let patient = with(&["--checkin-margin", "10"]);
    assert_eq!(column(&patient, "check_ins", "status"), ["ok", "ok", "error", "timeout", "ok"]);
    let long = with(&["--max-runtime", "60"]);
    assert_eq!(column(&long, "check_ins", "status"), ["ok", "missed", "ok", "error", "ok", "ok"]);
    let calm = with(&["--failure-issue-threshold", "2", "--checkin-margin", "10"]);
    assert_eq!(column(&calm, "incidents", "started_at"), [at("12:00:30")]);
    let calmer = with(&["--failure-issue-threshold", "3", "--checkin-margin", "10"]);
    assert_eq!(calmer["incidents"], json!([]));
    let rare = with(&["--interval", "1 day"]);
    assert!(column(&rare, "check_ins", "status").iter().all(|status| status != "missed"));

    let printed = run(&["simulate", "--from-database", &url, "--checkin-margin", "10"], "").stderr;
    assert!(
        printed.contains("the server has opened 2 incidents; with this configuration it would have opened 1"),
        "{printed}"
    );
    let unknown = refusal(&["--from-database", &url, "--monitor", "nobody"], "");
    assert!(unknown.contains("nobody"), "{unknown}");
    assert_eq!(with(&["--monitor", "job"]), same);
}

#[test]
fn a_deferred_end_is_replayed_after_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crons.db");
    let mut early = payload('a', "error");
    early.as_object_mut().unwrap().remove("monitor_config");
    serve(&file, &[("10:00:05", early), ("10:00:25", payload('a', "in_progress"))], "10:05:00");
    let same = report(&["--from-database", &sqlite(&file)], "");
    let run = &same["check_ins"][0];
    assert_eq!((&run["status"], &run["duration_ms"]), (&json!("error"), &json!(20_000)));
    assert_eq!(
        (&run["date_added"], &run["date_in_progress"]),
        (&json!(at("10:00:25")), &json!(at("10:00:25")))
    );
    assert_eq!(column(&same, "incidents", "started_at"), [at("10:00:25")]);
}

#[test]
fn a_start_repeated_after_the_end_is_replayed_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crons.db");
    let reports = [("10:00:05", "in_progress"), ("10:01:05", "ok"), ("10:02:05", "in_progress")]
        .map(|(time, status)| (time, payload('a', status)));
    serve(&file, &reports, "10:05:00");
    let same = report(&["--from-database", &sqlite(&file)], "");
    let run = &same["check_ins"][0];
    assert_eq!((&run["status"], &run["duration_ms"]), (&json!("ok"), &json!(60_000)));
    assert_eq!(
        (&run["date_added"], &run["date_in_progress"]),
        (&json!(at("10:00:05")), &json!(at("10:02:05")))
    );
}

#[test]
fn a_file_that_is_not_our_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (content, reason) in [
        ("not one, but longer than the header of one ".repeat(9), "not a database"),
        (String::new(), "no database of crons"),
    ] {
        let file = folder.path().join("other.db");
        std::fs::write(&file, content).unwrap();
        let printed = refusal(&["--from-database", &sqlite(&file)], "");
        assert!(printed.contains(reason) && printed.contains("other.db"), "{printed}");
    }
}
