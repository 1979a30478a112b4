//! Tests of `crons simulate` with a file and with standard input.

use serde_json::{Value, json};

use super::support::{Finished, run};

/// Runs `crons simulate` with this standard input.
fn simulate(arguments: &[&str], input: &str) -> Finished {
    run(&[&["simulate"], arguments].concat(), input)
}

/// The report of a simulation.
pub fn report(arguments: &[&str], input: &str) -> Value {
    let finished = simulate(arguments, input);
    assert!(finished.success, "{arguments:?}: {}", finished.stderr);
    serde_json::from_str(&finished.stdout).unwrap()
}

/// The error of a simulation.
pub fn refusal(arguments: &[&str], input: &str) -> String {
    let finished = simulate(arguments, input);
    assert!(!finished.success && finished.stdout.is_empty(), "{arguments:?} was taken");
    finished.stderr
}

pub fn at(time: &str) -> String {
    format!("2024-06-03T{time}Z")
}

fn check_in(time: &str, id: char, status: &str) -> String {
    json!({"at": at(time), "check_in": payload(id, status)}).to_string() + "\n"
}

pub fn payload(id: char, status: &str) -> Value {
    let config = json!({"schedule": {"type": "crontab", "value": "0 * * * *"}});
    json!({
        "check_in_id": id.to_string().repeat(32),
        "monitor_slug": "job",
        "status": status,
        "monitor_config": config,
    })
}

fn tick(time: &str) -> String {
    json!({"at": at(time), "tick": true}).to_string() + "\n"
}

pub fn column(report: &Value, table: &str, key: &str) -> Vec<Value> {
    report[table].as_array().unwrap().iter().map(|row| row[key].clone()).collect()
}

#[test]
fn the_report_has_every_row_in_the_words_of_the_wire() {
    let timeline = check_in("10:00:05", 'a', "ok")
        + "\n"
        + &check_in("10:00:06", 'a', "ok")
        + &check_in("11:02:30", 'b', "ok");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("timeline.jsonl");
    std::fs::write(&file, &timeline).unwrap();
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    let found = report(&[file.to_str().unwrap()], "");
    let made = found["check_ins"][1]["check_in_id"].clone();
    let place = json!({"monitor_slug": "job", "environment": "production"});
    let row = |row: Value| {
        let mut all = place.clone();
        all.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        all
    };
    let run = |id: &Value, status: &str, added: &str, expected: Value| {
        row(json!({
            "check_in_id": id, "status": status, "duration_ms": null, "date_added": at(added),
            "expected_time": expected, "timeout_at": null, "date_in_progress": null,
        }))
    };
    let outcome = |time: &str| json!({"at": at(time), "monitor_slug": "job", "outcome": "accepted", "reason": null, "errors": []});
    let mut finished = outcome("10:00:06");
    finished["outcome"] = json!("invalid");
    finished["reason"] = json!("finished");
    finished["errors"] = json!(["CHECKIN_FINISHED"]);
    let expected = json!({
        "check_ins": [
            run(&json!(a), "ok", "10:00:05", Value::Null),
            run(&made, "missed", "11:00:00", json!(at("11:00:00"))),
            run(&json!(b), "ok", "11:02:30", json!(at("12:00:00"))),
        ],
        "environments": [row(json!({
            "status": "ok", "last_check_in": at("11:02:30"), "next_check_in": at("12:00:00"),
            "next_check_in_latest": at("12:01:00"), "muted": false,
        }))],
        "incidents": [row(json!({
            "started_at": at("11:00:00"), "starting_check_in_id": made,
            "resolved_at": at("11:02:30"), "resolving_check_in_id": b,
        }))],
        "occurrences": [row(json!({
            "at": at("11:01:00"), "check_in_id": made, "reason": "A missed check-in was detected",
        }))],
        "outcomes": [outcome("10:00:05"), finished, outcome("11:02:30")],
    });
    assert_eq!(found, expected);
    assert_eq!(
        simulate(&["-"], &timeline).stdout,
        simulate(&[file.to_str().unwrap()], "").stdout,
        "the same bytes from a file and from the input"
    );
}

#[test]
fn the_report_of_an_empty_timeline_is_empty() {
    let nothing =
        json!({"check_ins": [], "environments": [], "incidents": [], "occurrences": [], "outcomes": []});
    assert_eq!(report(&["-"], ""), nothing);
    assert_eq!(report(&["-"], "\n \n"), nothing);
}

#[test]
fn a_line_that_is_not_an_event_is_named() {
    let good = tick("10:00:00");
    for (lines, expected) in [
        (
            format!("{good}nonsense\n"),
            "standard input, line 2: it is not JSON: a word is neither true, false nor null (column 2); write an object such as {\"at\"",
        ),
        (format!("{good}[1]\n"), "line 2: it is an array, and must be a JSON object"),
        (format!("{good}\n{{}}\n"), "line 3: `at` is missing"),
        (format!("{good}{}", tick("09:59:59")), "line 2: at: 2024-06-03T09:59:59Z is before"),
        (
            r#"{"at": "today", "tick": true}"#.to_owned(),
            "line 1: at: \"today\" is not an instant; write a date, a time",
        ),
        (format!("{good}{}", json!({"at": at("10:00:01")})), "line 2: beside `at`, write just one of"),
        (
            format!(r#"{{"at": "{}", "check_in": {{"status": "ok", "status": "error"}}}}"#, at("10:00:00")),
            "line 1: check_in.status: this key is written twice; write it once",
        ),
    ] {
        let printed = refusal(&["-"], &lines);
        assert!(printed.contains(expected), "{lines}: {printed}");
    }
    // A file is named by its path; bytes that are not UTF-8 by their line.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("timeline.jsonl");
    let path = file.to_str().unwrap();
    for (bytes, expected) in [
        (format!("{good}{{}}").into_bytes(), "line 2: `at` is missing"),
        ([good.as_bytes(), b"\n\xff\xfe"].concat(), "line 3: byte 0xff is not UTF-8"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let printed = refusal(&[path], "");
        assert!(printed.starts_with(&format!("crons: {path}, {expected}")), "{printed}");
    }
    // A byte order mark and CRLF, as editors on Windows write them.
    assert_eq!(report(&["-"], &format!("\u{feff}{}", good.replace('\n', "\r\n"))), report(&["-"], &good));
    // The events of one instant are in order.
    report(&["-"], &format!("{good}{good}"));
}

#[test]
fn wrong_arguments_are_refused_with_the_reason() {
    for (arguments, expected) in [
        (vec!["/nowhere/at/all"], "cannot read /nowhere/at/all"),
        (vec![], "FILE"),
        (vec!["-", "--rate-limit", "0"], "1 or more, nor `off`"),
        (vec!["-", "--checkin-margin", "5"], "cannot be used with"),
        (vec!["--checkin-margin", "5"], "--from-database"),
        (vec!["-", "--monitor", "job"], "cannot be used with"),
        (vec!["-", "--from-database", "sqlite:x"], "cannot be used with"),
        (vec!["--from-database", "sqlite:/nowhere/at/all"], "the file /nowhere/at/all does not exist"),
    ] {
        let printed = refusal(&arguments, "");
        assert!(printed.contains(expected), "{arguments:?}: {printed}");
    }
}

#[test]
fn every_minute_is_evaluated_or_only_listed_ones() {
    let timeline = check_in("10:00:05", 'a', "ok") + &tick("13:30:00");
    let statuses =
        |ticks: &[&str]| column(&report(&[&["-"], ticks].concat(), &timeline), "check_ins", "status");
    assert_eq!(statuses(&[]), ["ok", "missed", "missed", "missed"]);
    assert_eq!(statuses(&["--ticks", "every-minute"]), ["ok", "missed", "missed", "missed"]);
    assert_eq!(statuses(&["--ticks", "listed"]), ["ok", "missed"]);
}

#[test]
fn the_rate_limit_is_sentrys_another_or_none() {
    let timeline: String = "abcdef0123".chars().map(|id| check_in("10:00:05", id, "ok")).collect();
    let taken =
        |limit: &[&str]| report(&[&["-"], limit].concat(), &timeline)["check_ins"].as_array().unwrap().len();
    assert_eq!(taken(&[]), 6);
    assert_eq!(taken(&["--rate-limit", "2"]), 2);
    assert_eq!(taken(&["--rate-limit", "off"]), 10);
}

#[test]
fn a_remark_is_logged_once_beside_the_report() {
    let mut payload = payload('a', "ok");
    payload.as_object_mut().unwrap().remove("check_in_id");
    payload["monitor_config"]["schedule"]["timezone"] = json!("Europe/Vienna");
    payload["monitor_config"]["max_runtime"] = json!(20_160);
    let lines = ["10:00:00", "11:00:00"].map(|time| json!({"at": at(time), "check_in": payload}).to_string());
    let finished = simulate(&["-"], &lines.join("\n"));
    assert!(finished.success);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["outcomes"][1]["errors"], json!(["CHECKIN_VALIDATION_FAILED"]));
    let log = finished.stderr;
    for part in [
        r#"monitor_config.schedule.timezone: "Europe/Vienna" is not used here; write it as `monitor_config.timezone`"#,
        "monitor_config.max_runtime: 20160 minutes are not in 1 to 10080; 10080 is used instead",
    ] {
        assert_eq!(log.matches(part).count(), 1, "{log}");
    }
}

#[test]
fn a_refused_check_in_is_named_in_words() {
    let sent = json!({"at": at("10:00:00"), "check_in": {"monitor_slug": "job", "status": "done"}});
    let printed = simulate(&["-"], &sent.to_string()).stderr;
    assert!(
        printed.contains(
            "check-in refused: CHECKIN_VALIDATION_FAILED: status: \"done\" is not a status of a check-in"
        ),
        "{printed}"
    );
}

#[test]
fn the_help_lists_every_event_of_a_timeline() {
    let help = run(&["simulate", "--help"], "").stdout;
    for event in ["check_in", "tick", "mute", "silence", "disable"] {
        assert!(help.contains(&format!("\"{event}\": ")), "{event}: {help}");
    }
}
