//! `crons history import`: files of Sentry's and of Healthchecks' API, also broken and hostile ones.

use serde_json::{Value, json};

use super::replay::served;
use super::simulate::at;
use super::support::{Finished, Server, run};

const SENTRY: [&str; 5] = ["history", "import", "--from", "sentry", "-"];
const HEALTHCHECKS: [&str; 5] = ["history", "import", "--from", "healthchecks", "-"];

fn import(command: &[&str], more: &[&str], file: &str) -> Finished {
    run(&[command, more].concat(), file)
}

#[track_caller]
fn compared(command: &[&str], more: &[&str], file: &str) -> Value {
    let finished = import(command, &[more, &["--json"]].concat(), file);
    serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| unreachable!("{error}: {}", finished.stderr))
}

/// A row of Sentry's API on 3 June 2024.
fn check_in(number: u32, status: &str, time: &str, more: &Value) -> Value {
    let mut row = json!({
        "id": format!("{number:08x}-0000-4000-8000-000000000000"), "environment": "production", "status": status,
        "duration": null, "dateCreated": at(time), "dateAdded": at(time), "dateUpdated": at(time), "dateInProgress": null,
        "dateClock": at(time), "expectedTime": null, "monitorConfig": {
            "schedule_type": "crontab", "schedule": "0 * * * *", "checkin_margin": 5, "max_runtime": 30, "timezone": "UTC",
            "failure_issue_threshold": 1, "recovery_threshold": 1, "alert_rule_id": null,
        },
    });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[test]
fn check_ins_that_our_server_has_exported_have_the_incidents_that_it_has_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crons.db");
    served(&file);
    let server = Server::start(&file);
    // The server goes on as it starts; what it adds is after these runs.
    let known: Vec<Value> = server.get("/monitors/job/checkins/?per_page=100").as_array().unwrap().clone();
    let known = known.into_iter().filter(|row| row["dateAdded"].as_str().unwrap() < "2024-06-03T14:30:00Z");
    let known: Vec<Value> = known.filter(|row| row["status"] != "unknown").collect();
    assert_eq!(known.len(), 6);
    // Two pages, as a program that follows `Link` writes them, the newest run first.
    let file = format!("{}\n{}\n", json!(known[..4]), json!(known[4..]));

    let same = compared(&SENTRY, &[], &file);
    assert_eq!(same["incidents"].as_array().unwrap().len(), 2, "{same:#}");
    assert_eq!((&same["notOpened"], &same["otherIncidents"]), (&json!(0), &json!([])), "{same:#}");
    assert_eq!(same["missesNeverSeen"], json!([]), "{same:#}");
    assert_eq!(same["monitor"], "imported");
    // The late run at 11:05 was missed at 11:00.
    let patient = compared(&SENTRY, &["--checkin-margin", "10"], &file);
    assert_eq!(patient["notOpened"], 1, "{patient:#}");
    assert_eq!(patient["incidents"][0]["wouldOpen"], false);
    let calm = compared(&SENTRY, &["--checkin-margin", "10", "--failure-issue-threshold", "3"], &file);
    assert_eq!(calm["notOpened"], 2, "{calm:#}");
    let text = import(&SENTRY, &["--checkin-margin", "10", "--monitor", "backup"], &file).stdout;
    assert!(text.starts_with("backup: 5 runs from 2024-06-03 10:00 UTC to 2024-06-03 14:00 UTC."), "{text}");
    assert!(
        text.contains("Of your 2 incidents 1 would not have opened. There is no miss that you never saw."),
        "{text}"
    );
    assert!(text.contains("yours, not opened here  2024-06-03 11:00 UTC"), "{text}");
}

#[test]
fn misses_that_sentry_has_never_reported_are_listed() {
    // Sentry was given the schedule of every second hour.
    let every = |hours: &str| json!({"monitorConfig": {"schedule_type": "crontab", "schedule": hours}});
    let rows: Vec<Value> = ["10:00:05", "12:00:05", "14:00:05"]
        .into_iter()
        .zip(1..)
        .map(|(time, number)| check_in(number, "ok", time, &every("0 */2 * * *")))
        .collect();
    let file = Value::from(rows).to_string();
    assert_eq!(compared(&SENTRY, &[], &file)["missesNeverSeen"], json!([]));
    let hourly = compared(&SENTRY, &["--schedule", "0 * * * *"], &file);
    let expected =
        ["11:00:00", "13:00:00"].map(|time| json!({"environment": "production", "expectedAt": at(time)}));
    assert_eq!(hourly["missesNeverSeen"], json!(expected), "{hourly:#}");
    assert_eq!(hourly["otherIncidents"].as_array().unwrap().len(), 2);
    let text = import(&SENTRY, &["--schedule", "0 * * * *"], &file).stdout;
    assert!(
        text.contains("You had no incident. 2 others would have opened. 2 misses you never saw."),
        "{text}"
    );
    assert!(text.contains("2024-06-03 11:00 UTC  production"), "{text}");
}

#[test]
fn a_run_that_was_kept_alive_or_has_timed_out_is_replayed_as_such() {
    let started = |time: &str, end: &str, more: &Value| {
        let mut fields = json!({"dateInProgress": at(time), "dateUpdated": at(end), "duration": 3_000_000});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    // Both take 50 minutes, of which 30 are allowed. Sentry has let one of them go on.
    let file = Value::from(vec![
        check_in(1, "ok", "10:00:00", &started("10:00:00", "10:50:00", &json!({}))),
        check_in(2, "timeout", "11:00:00", &started("11:00:00", "11:50:00", &json!({}))),
        check_in(3, "ok", "12:00:00", &json!({})),
    ])
    .to_string();
    let same = compared(&SENTRY, &[], &file);
    assert_eq!((&same["notOpened"], &same["otherIncidents"]), (&json!(0), &json!([])), "{same:#}");
    assert_eq!(same["incidents"][0]["startedAt"], at("11:00:00"));
    let longer = compared(&SENTRY, &["--max-runtime", "60"], &file);
    assert_eq!(longer["notOpened"], 1, "{longer:#}");
}

#[test]
fn advice_comes_with_a_history_that_proves_it() {
    // Each run comes four minutes after its deadline.
    let rows: Vec<Value> = (0..20_u32)
        .flat_map(|hour| {
            let day = |minute: u32, second: u32| format!("{hour:02}:{minute:02}:{second:02}");
            let missed = json!({"expectedTime": at(&day(0, 0))});
            [
                check_in(2 * hour, "missed", &day(0, 0), &missed),
                check_in(2 * hour + 1, "ok", &day(9, 5), &json!({})),
            ]
        })
        .collect();
    let found = compared(&SENTRY, &[], &Value::from(rows.clone()).to_string());
    assert_eq!(found["advice"][0]["settings"], json!({"checkin_margin": 10}), "{found:#}");
    let text = import(&SENTRY, &[], &Value::from(rows).to_string()).stdout;
    assert!(
        text.contains("Advice for production: The runs begin later than `checkin_margin` allows"),
        "{text}"
    );
}

#[test]
fn pings_become_runs_by_their_ids_and_durations() {
    let ping = |number: u32, kind: &str, time: &str, more: &Value| {
        let mut row = json!({
            "type": kind, "date": at(time).replace('Z', ".113073+00:00"), "n": number, "scheme": "http", "remote_addr": "192.0.2.0",
            "method": "GET", "ua": "curl/7.68.0", "rid": null,
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let rid = |last: u32| json!({"rid": format!("123e4567-e89b-12d3-a456-{last:012}"), "duration": 60.5});
    let mut pings = vec![
        ping(1, "start", "10:00:00", &json!({})),
        ping(2, "success", "10:02:00", &json!({"duration": 120.0})),
        // Two runs that overlap.
        ping(3, "start", "11:00:00", &rid(1)),
        ping(4, "start", "11:00:30", &rid(2)),
        ping(5, "success", "11:01:00", &rid(1)),
        ping(6, "log", "11:01:10", &json!({})),
        ping(7, "fail", "11:01:31", &rid(2)),
        ping(8, "success", "12:00:10", &json!({})),
        // 13:00 is missing, and so is the end of 14:00.
        ping(9, "start", "14:00:00", &json!({})),
        ping(10, "start", "15:00:00", &json!({})),
        ping(11, "success", "15:50:00", &json!({"duration": 3000})),
    ];
    pings.reverse();
    let file = json!({"pings": pings}).to_string();
    let found = compared(&HEALTHCHECKS, &["--schedule", "0 * * * *", "--monitor", "backup"], &file);
    assert_eq!(found["runs"], 6, "{found:#}");
    let incidents = found["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "the run that has failed: {found:#}");
    assert_eq!(
        (&incidents[0]["startedAt"], &incidents[0]["wouldOpen"]),
        (&json!("2024-06-03T11:00:30.113073Z"), &json!(true))
    );
    assert_eq!(
        found["missesNeverSeen"],
        json!([{"environment": "production", "expectedAt": at("13:00:00")}])
    );
    // 13:00 is missed, the run of 14:00 never ends, and that of 15:00 takes too long.
    let others = |found: &Value| found["otherIncidents"].clone();
    assert_eq!(others(&found)[0]["startedAt"], at("13:00:00"), "{found:#}");
    assert_eq!(
        (others(&found).as_array().unwrap().len(), &others(&found)[0]["resolvedAt"]),
        (1, &Value::Null),
        "{found:#}"
    );
    let longer = compared(&HEALTHCHECKS, &["--schedule", "0 * * * *", "--max-runtime", "60"], &file);
    assert_eq!(others(&longer)[0]["resolvedAt"], "2024-06-03T15:50:00.113073Z", "{longer:#}");
    let text = import(&HEALTHCHECKS, &["--schedule", "0 * * * *"], &file).stdout;
    assert!(
        text.contains("1 run was missed; pings do not tell whether Healthchecks has reported that."),
        "{text}"
    );

    let refused = import(&HEALTHCHECKS, &[], &file);
    assert!(!refused.success && refused.stderr.contains("--schedule or --interval"), "{}", refused.stderr);
}

#[test]
fn runs_that_overlap_without_an_id_are_told_apart_by_their_durations() {
    let ping = |number: u32, kind: &str, time: &str, duration: Value| json!({"type": kind, "date": at(time), "n": number, "rid": null, "duration": duration});
    let first = [
        ping(1, "start", "10:00:00", json!(null)),
        ping(2, "start", "10:05:00", json!(null)),
        // Of the first run Healthchecks has forgotten the start.
        ping(3, "success", "10:06:00", json!(60.0)),
        ping(4, "fail", "10:20:00", json!(null)),
        // A run that died, and the next one.
        ping(5, "start", "11:00:00", json!(null)),
        ping(6, "start", "12:00:00", json!(null)),
        ping(7, "success", "12:10:00", json!(600.0)),
    ];
    let found = compared(&HEALTHCHECKS, &["--interval", "1 hour"], &json!({"pings": first}).to_string());
    assert_eq!(found["runs"], 4, "{found:#}");
    let began = |rows: &Value| {
        rows.as_array().unwrap().iter().map(|row| row["startedAt"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(began(&found["incidents"]), [json!(at("10:00:00"))], "the failed run began first: {found:#}");
    assert_eq!(began(&found["otherIncidents"]), [json!(at("11:00:00"))], "{found:#}");
}

#[test]
fn what_is_before_the_first_report_or_was_not_received_is_no_difference() {
    let expected =
        |time: &str| json!({"expectedTime": at(time), "dateClock": at(&time.replace(":00:00", ":06:00"))});
    let file = Value::from(vec![
        // The list begins within an incident.
        check_in(1, "missed", "09:00:00", &expected("09:00:00")),
        check_in(2, "ok", "10:00:05", &json!({})),
        check_in(3, "unknown", "11:00:00", &expected("11:00:00")),
        check_in(4, "ok", "12:00:05", &json!({})),
    ])
    .to_string();
    let found = compared(&SENTRY, &[], &file);
    for list in ["incidents", "otherIncidents", "missesNeverSeen"] {
        assert_eq!(found[list], json!([]), "{list}: {found:#}");
    }
}

#[test]
fn malformed_rows_are_named_with_their_place_and_left_out() {
    let good = check_in(1, "ok", "10:00:05", &json!({}));
    let with = |number: u32, key: &str, value: Value| {
        let mut row = check_in(number, "ok", "11:00:05", &json!({}));
        row[key] = value;
        row
    };
    let config = |key: &str, value: Value| {
        let mut row = with(9, "duration", json!(null));
        row["monitorConfig"][key] = value;
        row
    };
    for (row, reason) in [
        (json!(7), "it is 7, and no object"),
        (json!({}), "id: it is missing"),
        (with(2, "id", json!("x\u{1b}[2J")), "id: "),
        (
            with(2, "status", json!("done")),
            "status: \"done\" is none of unknown, in_progress, ok, error, missed, timeout",
        ),
        (with(2, "status", json!(["ok"])), "status: it is a list, and must be a text"),
        (with(2, "dateAdded", json!("yesterday")), "dateAdded: \"yesterday\" is no instant"),
        (with(2, "dateUpdated", json!(1_717_408_800)), "dateUpdated: 1717408800 is no instant"),
        (with(2, "duration", json!(-1)), "duration: -1 is no length of time"),
        (with(2, "duration", json!(1e300)), "is no length of time"),
        (with(2, "environment", json!("a/b")), "environment"),
        (with(2, "environment", json!("\u{1b}[2J")), "environment"),
        (with(2, "monitorConfig", json!(null)), "monitorConfig: it is missing; add --schedule or --interval"),
        (config("schedule", json!("61 * * * *")), "monitorConfig.schedule"),
        (config("schedule", json!([0, "minute"])), "monitorConfig.schedule"),
        (config("schedule", json!([1, "blink"])), "such as [10, \"minute\"]"),
        (config("timezone", json!("Mars/Phobos")), "Mars/Phobos"),
        (config("max_runtime", json!("10")), "monitorConfig.max_runtime: \"10\" is no whole number"),
        (config("failure_issue_threshold", json!(99_999)), "monitorConfig."),
    ] {
        let file = format!("{}{}", json!([good]), json!([good, row]));
        let finished = import(&SENTRY, &[], &file);
        assert!(!finished.success, "{row}");
        assert!(
            finished.stderr.contains("standard input: list 2, row 2: ") && finished.stderr.contains(reason),
            "{row}: {}",
            finished.stderr
        );
        assert!(!finished.stderr.contains('\u{1b}'));
        // The time of the other rows is known.
        let is_left_out = ["it is 7, and no object", "id: it is missing", "environment"].contains(&reason);
        assert_eq!(finished.stderr.contains("; the row is left out"), is_left_out, "{}", finished.stderr);
        let runs = if is_left_out { "1 run from" } else { "2 runs from" };
        assert!(
            finished.stdout.contains(runs) && finished.stdout.contains("1 row is in the file twice"),
            "{}",
            finished.stdout
        );
    }
    let many: Vec<Value> = (0..50).map(|_| json!(null)).chain([good]).collect();
    let finished = import(&SENTRY, &[], &Value::from(many).to_string());
    assert_eq!(finished.stderr.lines().count(), 21, "{}", finished.stderr);
    assert!(finished.stderr.contains("30 more rows cannot be read"));
}

#[test]
fn a_run_whose_row_cannot_be_read_is_not_missed() {
    let file = |row: Value| {
        let rows = ["10:00:05", "12:00:05"].into_iter().zip(1..);
        let rows: Vec<Value> =
            rows.map(|(time, number)| check_in(number, "ok", time, &json!({}))).chain([row]).collect();
        Value::from(rows).to_string()
    };
    for (status, fields, incidents, others) in [
        ("ok", json!({"duration": "long"}), 0, 0),
        ("error", json!({"duration": "long"}), 1, 0),
        ("done", json!({}), 0, 0),
        // The time of the row is not known.
        ("ok", json!({"dateAdded": "x", "dateCreated": "x"}), 0, 1),
    ] {
        let file = file(check_in(3, status, "11:00:05", &fields));
        let found = compared(&SENTRY, &[], &file);
        let count = |list: &str| found[list].as_array().unwrap().len();
        assert_eq!((count("incidents"), count("otherIncidents")), (incidents, others), "{fields}: {found:#}");
        assert_eq!(
            (&found["notOpened"], count("missesNeverSeen")),
            (&json!(0), others),
            "{fields}: {found:#}"
        );
        assert_eq!(found["rowsWithoutTime"], others, "{fields}: {found:#}");
        let text = import(&SENTRY, &[], &file).stdout;
        let warning = "1 row has no time that can be read: its run may be counted as missed.";
        assert_eq!(text.contains(warning), others == 1, "{text}");
    }
    let pings = [
        json!({"type": "success", "date": at("10:00:05"), "n": 1}),
        json!({"type": "success", "date": at("11:00:05"), "n": 2, "duration": "long"}),
        json!({"type": "success", "date": at("12:00:05"), "n": 3}),
    ];
    let found = compared(&HEALTHCHECKS, &["--schedule", "0 * * * *"], &json!({"pings": pings}).to_string());
    assert_eq!(found["missesNeverSeen"], json!([]), "{found:#}");
}

#[test]
fn a_file_of_another_service_is_named() {
    let pings = json!({"pings": [{"type": "success", "date": at("10:00:05"), "n": 1}]}).to_string();
    let check_ins = json!([check_in(1, "ok", "10:00:05", &json!({}))]).to_string();
    for (command, more, file, expected) in [
        (&SENTRY, &[][..], &pings, "its rows are pings of Healthchecks: write --from healthchecks"),
        (
            &HEALTHCHECKS,
            &["--interval", "1h"],
            &check_ins,
            "its rows are check-ins of Sentry: write --from sentry",
        ),
    ] {
        let finished = import(command, more, file);
        assert!(!finished.success && finished.stdout.is_empty());
        assert_eq!(finished.stderr, format!("crons: standard input: {expected}\n"));
    }
}

#[test]
fn incidents_that_all_would_have_opened_are_counted_in_words() {
    let rows = |status: &str| {
        let rows = (0..6_u32).map(|hour| {
            check_in(hour, if hour % 2 == 0 { "ok" } else { status }, &format!("1{hour}:00:05"), &json!({}))
        });
        Value::from(rows.collect::<Vec<_>>()).to_string()
    };
    let text = import(&SENTRY, &[], &rows("error")).stdout;
    assert!(text.contains("All your 3 incidents would have opened, too."), "{text}");
    let text = import(&SENTRY, &["--failure-issue-threshold", "3"], &rows("error")).stdout;
    assert!(text.contains("None of your 3 incidents would have opened."), "{text}");
}

#[test]
fn hostile_files_are_refused_in_time() {
    let ages = Value::from(vec![
        check_in(1, "ok", "10:00:00", &json!({})),
        check_in(
            2,
            "ok",
            "10:00:00",
            &json!({"dateAdded": "9999-01-01T00:00:00Z", "dateUpdated": "9999-01-01T00:00:00Z"}),
        ),
    ]);
    let long = json!({
        "dateAdded": "2001-01-01T00:00:00Z", "dateInProgress": "2001-01-01T00:00:00Z", "dateUpdated": "2021-01-01T00:00:00Z",
        "monitorConfig": {"schedule": [1, "month"], "max_runtime": 1},
    });
    let long = Value::from(vec![check_in(1, "ok", "10:00:00", &long)]);
    let crowd: Value = (0..400)
        .map(|number| check_in(number, "ok", "10:00:00", &json!({"environment": format!("e{number}")})))
        .chain([check_in(
            401,
            "ok",
            "10:00:00",
            &json!({"dateAdded": "2024-09-03T10:00:00Z", "dateUpdated": null}),
        )])
        .collect();
    let crowd = crowd.to_string().replace("0 * * * *", "* * * * *");
    let outages: Value = (0..1_200)
        .map(|number| {
            let at =
                format!("2024-06-{:02}T{:02}:{:02}:00Z", 1 + number / 48, number % 48 / 2, number % 2 * 30);
            check_in(
                number,
                "unknown",
                "10:00:00",
                &json!({"dateAdded": at, "expectedTime": at, "dateClock": at}),
            )
        })
        .chain([check_in(1_201, "ok", "10:00:00", &json!({}))])
        .collect();
    for (file, reason) in [
        (long.to_string(), "and at most 600000 reports are replayed"),
        (crowd, "in 401 environments, in which the schedule expects up to"),
        (outages.to_string(), "of 1200 outages, and at most 1000 are replayed"),
        (String::new(), "there is no row in it"),
        ("[]".to_owned(), "there is no row in it"),
        ("{".to_owned(), "list 1: it is not JSON"),
        ("nonsense".to_owned(), "list 1: it is not JSON"),
        ("[]7".to_owned(), "list 2: it is 7, and no list"),
        (
            r#"{"detail": "wrong api key"}"#.to_owned(),
            "list 1: it is an object, and no list, and says \"wrong api key\"; write the",
        ),
        ("\u{1f}\u{8b}".to_owned(), "list 1: it is not JSON"),
        ("[".repeat(100_000), "it is not JSON"),
        ("[null]".to_owned(), "none of its 1 rows is a run"),
        (ages.to_string(), "and at most 600000 are replayed"),
    ] {
        let finished = import(&SENTRY, &[], &file);
        assert!(!finished.success && finished.stdout.is_empty(), "{reason}");
        assert!(finished.stderr.contains(reason), "{reason}: {}", finished.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("runs.json.gz");
    std::fs::write(&packed, b"\x1f\x8b\x08\x00").unwrap();
    let finished = run(&["history", "import", "--from", "sentry", packed.to_str().unwrap()], "");
    assert!(
        !finished.success && finished.stderr.contains("it is compressed by gzip: unpack it"),
        "{}",
        finished.stderr
    );
    let gone = run(&["history", "import", "--from", "sentry", "/no/such/file.json"], "");
    assert!(
        !gone.success && gone.stderr.contains("/no/such/file.json: it cannot be read"),
        "{}",
        gone.stderr
    );
}
