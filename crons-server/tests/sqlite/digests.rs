//! Tests of digests: a message a day about what failed, was slow, never ran or is muted.

use crate::harness::{API, Harness, instant};
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::{Database, Server, Settings};
use serde_json::{Value, json};

/// Settings with a digest to one webhook, and without rules.
fn settings(receiver: &Receiver, digest: &Value) -> Settings {
    let mut digest = digest.clone();
    digest["to"] = json!(["ops"]);
    let alerts = json!({"webhook": {"ops": {"url": receiver.url("/"), "timeout": "1s"}}, "digest": digest});
    Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() }
}

/// A server with a digest at 08:00 UTC, and its receiver.
fn start(time: &str) -> (Receiver, Harness) {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with(time, settings(&receiver, &json!({"at": "08:00"})));
    (receiver, server)
}

/// The times at which the digests were due, oldest first.
fn digests(server: &Harness) -> Vec<String> {
    let alerts = server.alerts();
    let digests = alerts.iter().filter(|alert| alert["event"] == "digest");
    digests.map(|alert| alert["dateCreated"].as_str().unwrap().to_owned()).collect()
}

/// The message that a receiver has got after `before` others.
fn message(receiver: &Receiver, before: usize) -> Value {
    eventually("the digest arrives", || receiver.received().len() > before);
    let messages = receiver.received();
    assert_eq!(messages.len(), before + 1, "{messages:?}");
    messages[before].body.clone()
}

/// A run of a job with this crontab that ends at once, or is as long as `duration` says, in seconds.
fn run(slug: &str, number: u32, status: &str, crontab: &str, duration: Option<u32>) -> Value {
    let mut run = json!({"check_in_id": format!("{number:032x}"), "monitor_slug": slug, "status": status,
        "monitor_config": {"schedule": {"type": "crontab", "value": crontab}}});
    if let Some(duration) = duration {
        run["duration"] = json!(duration);
    }
    run
}

/// The crontab of a job that is expected once a year: nothing is missed meanwhile.
const YEARLY: &str = "0 0 1 1 *";

#[test]
fn a_digest_is_sent_once_at_its_time_whatever_restarts_around_it() {
    let (receiver, mut server) = start("2024-06-03T07:00:00Z");
    server.advance("2024-06-03T07:59:00Z");
    assert_eq!(digests(&server), [""; 0]);
    server.start("2024-06-03T07:59:30Z");
    server.advance("2024-06-03T08:00:00Z");
    assert_eq!(digests(&server), ["2024-06-03T08:00:00Z"]);
    server.start("2024-06-03T08:00:00Z");
    server.advance("2024-06-03T09:00:00Z");
    assert_eq!(digests(&server).len(), 1, "a restart sends none");
    server.start("2024-06-04T07:58:00Z");
    server.advance("2024-06-04T08:10:00Z");
    assert_eq!(digests(&server), ["2024-06-03T08:00:00Z", "2024-06-04T08:00:00Z"]);
    eventually("both arrive", || receiver.taken() == ["digest", "digest"]);
    let [first, second] = [0, 1].map(|place| receiver.received()[place].body["digest"].clone());
    assert_eq!(
        (&first["since"], &first["until"]),
        (&json!("2024-06-02T08:00:00Z"), &json!("2024-06-03T08:00:00Z"))
    );
    assert_eq!((&second["since"], &second["until"]), (&first["until"], &json!("2024-06-04T08:00:00Z")));
}

#[test]
fn the_digest_after_one_of_another_server_begins_where_that_ended() {
    let (receiver, server) = start("2024-06-03T07:00:00Z");
    server.advance("2024-06-03T07:59:00Z");
    // Another server of the database was the first, and its clock is ahead.
    server.file().execute("UPDATE settings SET value = '2024-06-03T08:03:30Z' WHERE name = 'last_digest'");
    server.advance("2024-06-03T08:10:00Z");
    assert_eq!(digests(&server), [""; 0], "that of the other server is the only one");
    server.advance("2024-06-04T08:00:00Z");
    assert_eq!(digests(&server), ["2024-06-04T08:00:00Z"]);
    assert_eq!(message(&receiver, 0)["digest"]["since"], "2024-06-03T08:03:30Z");
}

#[test]
fn a_server_that_was_down_sends_it_the_same_day_or_not_at_all() {
    let (receiver, mut server) = start("2024-06-03T07:00:00Z");
    server.start("2024-06-03T21:30:00Z");
    server.advance("2024-06-03T22:00:00Z");
    assert_eq!(digests(&server), ["2024-06-03T08:00:00Z"]);
    server.start("2024-06-05T03:00:00Z");
    server.advance("2024-06-05T03:10:00Z");
    assert_eq!(digests(&server).len(), 1, "that of the day before is not sent any more");
    server.advance("2024-06-05T08:00:00Z");
    assert_eq!(digests(&server).len(), 2);
    eventually("both arrive", || receiver.taken().len() == 2);
    assert_eq!(receiver.received()[1].body["digest"]["since"], "2024-06-03T21:31:00Z", "no time is left out");
    server.start("2024-06-28T07:00:00Z");
    server.advance("2024-06-28T08:00:00Z");
    assert_eq!(message(&receiver, 2)["digest"]["since"], "2024-06-21T08:00:00Z", "a week at most");
}

#[test]
fn the_first_digest_is_the_next_one_and_not_one_that_was_due_before() {
    let (_receiver, server) = start("2024-06-03T09:00:00Z");
    server.advance("2024-06-03T12:00:00Z");
    assert_eq!(digests(&server), [""; 0]);
}

#[test]
fn a_time_that_clocks_skip_or_repeat_has_one_digest() {
    for (begin, due, end) in [
        ("2024-03-31T00:00:00Z", "2024-03-31T01:00:00Z", "2024-03-31T03:00:00Z"),
        ("2024-10-27T00:00:00Z", "2024-10-27T00:30:00Z", "2024-10-27T03:00:00Z"),
    ] {
        let receiver = Receiver::in_mode(Mode::Answer(200));
        let digest = json!({"at": "02:30", "timezone": "Europe/Vienna"});
        let server = Harness::with(begin, settings(&receiver, &digest));
        server.advance(end);
        assert_eq!(digests(&server), [due]);
    }
}

#[test]
fn a_kill_after_the_decision_sends_it_under_one_id() {
    let mut receiver = Receiver::down();
    receiver.set(Mode::Answer(200));
    let mut server = Harness::with("2024-06-03T07:59:00Z", settings(&receiver, &json!({"at": "08:00"})));
    server.advance("2024-06-03T08:00:00Z");
    let stored = server.alerts();
    server.kill();
    receiver.up();
    server.start("2024-06-03T08:05:00Z");
    server.advance("2024-06-03T08:10:00Z");
    let sent = message(&receiver, 0);
    assert_eq!(sent["id"], stored[0]["id"]);
    assert_eq!(digests(&server), ["2024-06-03T08:00:00Z"]);
}

#[test]
fn a_server_on_the_clock_of_the_system_sends_it_by_itself() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let settings = settings(&receiver, &json!({"at": "00:00"}));
    // A first server, years ago, so that a digest is due on each day.
    let folder = Harness::with("2024-06-03T07:00:00Z", settings.clone()).into_folder();
    let settings = Settings { database: Database::sqlite(folder.path().join("crons.db")), ..settings };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server::start(&settings, listener).unwrap()
    });
    let digest = message(&receiver, 0)["digest"].clone();
    let [since, until] =
        ["since", "until"].map(|key| digest[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    assert_eq!(until.duration_since(since), jiff::SignedDuration::from_hours(24));
    runtime.block_on(server.shutdown()).unwrap();
}

#[test]
fn a_server_with_all_jobs_well_says_so_in_one_line() {
    let (receiver, server) = start("2024-06-03T06:00:00Z");
    server.send("2024-06-03T07:00:00Z", &run("job", 1, "ok", YEARLY, None));
    server.send("2024-06-03T07:01:00Z", &run("other", 2, "ok", YEARLY, None));
    server.advance("2024-06-03T08:00:00Z");
    let message = message(&receiver, 0);
    assert_eq!(message["text"], "Since 2024-06-02 08:00 UTC: all 2 jobs ran as expected.");
    assert_eq!(message["title"], "Cron digest: all 2 jobs ran as expected");
    let empty = json!({"count": 0, "jobs": []});
    for section in ["failed", "slow", "never_ran", "muted"] {
        assert_eq!(message["digest"][section], empty, "{section}");
    }
}

/// The jobs of a section, which lists all of them.
fn jobs<'a>(digest: &'a Value, section: &str) -> &'a Vec<Value> {
    let jobs = digest[section]["jobs"].as_array().unwrap();
    assert_eq!(digest[section]["count"], jobs.len(), "{section}");
    jobs
}

#[test]
fn failures_are_those_that_were_decided_in_time() {
    let (receiver, mut server) = start("2024-06-03T06:00:00Z");
    server.send("2024-06-03T06:10:00Z", &run("flaky", 1, "error", YEARLY, None));
    server.send("2024-06-03T06:20:00Z", &run("flaky", 2, "ok", YEARLY, None));
    server.send("2024-06-03T06:30:00Z", &run("broken", 3, "error", YEARLY, None));
    server.send("2024-06-03T06:40:00Z", &run("broken", 4, "error", YEARLY, None));
    // This run begins before the digest and times out after 30 minutes.
    server.send("2024-06-03T07:50:00Z", &run("hangs", 5, "in_progress", YEARLY, None));
    // Expected each hour; its miss of 08:00 is decided at 08:01.
    server.send("2024-06-03T07:00:00Z", &run("hourly", 6, "ok", "0 * * * *", None));
    server.advance("2024-06-03T08:00:00Z");
    let first = message(&receiver, 0)["digest"].clone();
    let failed = |slug: &str, error: u32, missed: u32, timeout: u32, since: Value| {
        json!({"slug": slug, "environment": "production", "failing_since": since,
            "failures": {"error": error, "missed": missed, "timeout": timeout}})
    };
    assert_eq!(first["jobs"], 4);
    assert_eq!(
        *jobs(&first, "failed"),
        [failed("broken", 2, 0, 0, json!("2024-06-03T06:30:00Z")), failed("flaky", 1, 0, 0, Value::Null)],
        "those that still fail come first"
    );
    assert!(jobs(&first, "never_ran").is_empty());

    server.send("2024-06-03T09:00:30Z", &run("hourly", 7, "ok", "0 * * * *", None));
    server.advance("2024-06-03T11:05:00Z");
    // The runs that are due while the server is down are unknown.
    server.start("2024-06-04T07:30:00Z");
    server.advance("2024-06-04T08:00:00Z");
    let second = message(&receiver, 1)["digest"].clone();
    let hourly = &jobs(&second, "failed")[2];
    assert_eq!(
        jobs(&second, "failed")[..2],
        [
            failed("broken", 0, 0, 0, json!("2024-06-03T06:30:00Z")),
            failed("hangs", 0, 0, 1, json!("2024-06-03T07:50:00Z")),
        ]
    );
    // At 08:00, 10:00 and 11:00.
    assert_eq!(*hourly, failed("hourly", 0, 3, 0, json!("2024-06-03T10:00:00Z")));
    assert_eq!(jobs(&second, "failed").len(), 3);
}

#[test]
fn many_failures_among_other_runs_are_all_counted() {
    let (receiver, server) = start("2024-06-03T06:00:00Z");
    for number in 0..60 {
        let time = format!("2024-06-03T06:{number:02}:10Z");
        // Each third run fails, 20 in all; the other job fails each time.
        let status = if number % 3 == 0 { "error" } else { "ok" };
        server.send(&time, &run("often", number, status, YEARLY, None));
        server.send(&time, &run("always", number + 100, "error", YEARLY, None));
    }
    server.advance("2024-06-03T08:00:00Z");
    let digest = message(&receiver, 0)["digest"].clone();
    let failures: Vec<_> = jobs(&digest, "failed").iter().map(|job| &job["failures"]["error"]).collect();
    assert_eq!(failures, [60, 20]);
}

#[test]
fn a_job_that_begins_only_sometimes_has_not_stopped_to_run() {
    let (receiver, server) = start("2024-06-03T05:59:00Z");
    for (number, time) in (0..).zip(["06:00", "06:40", "07:20"]) {
        server.send(&format!("2024-06-03T{time}:30Z"), &run("sometimes", number, "ok", "*/5 * * * *", None));
    }
    server.advance("2024-06-03T08:00:30Z");
    let digest = message(&receiver, 0)["digest"].clone();
    let failed = jobs(&digest, "failed");
    // Each five minutes from 06:05 to 07:55, except two.
    assert_eq!((failed.len(), &failed[0]["failures"]["missed"]), (1, &json!(21)), "{failed:?}");
    assert!(jobs(&digest, "never_ran").is_empty());
}

#[test]
fn a_run_beside_an_outage_is_seen() {
    let (receiver, mut server) = start("2024-06-03T07:58:00Z");
    server.advance("2024-06-03T08:00:00Z");
    server.send("2024-06-03T08:30:00Z", &run("hourly", 1, "ok", "0 * * * *", None));
    // The run of 09:00 is unknown, that of 04:00 missed.
    server.start("2024-06-03T09:05:00Z");
    server.advance("2024-06-03T09:06:00Z");
    server.start("2024-06-04T03:55:00Z");
    server.advance("2024-06-04T04:05:00Z");
    server.start("2024-06-04T07:59:00Z");
    server.advance("2024-06-04T08:00:00Z");
    assert!(server.statuses("hourly").contains(&"unknown".to_owned()));
    let digest = message(&receiver, 1)["digest"].clone();
    assert_eq!(jobs(&digest, "failed")[0]["failures"], json!({"error": 0, "missed": 1, "timeout": 0}));
    assert!(jobs(&digest, "never_ran").is_empty());
}

#[test]
fn a_job_that_did_not_begin_once_never_ran() {
    let (receiver, mut server) = start("2024-06-03T04:59:00Z");
    server.send("2024-06-03T05:00:00Z", &run("nightly", 1, "ok", "0 5 * * *", None));
    let config = json!({"schedule_type": "crontab", "schedule": "0 6 * * *"});
    let fresh = json!({"slug": "fresh", "name": "fresh", "config": config});
    let body = fresh.to_string();
    assert_eq!(server.post(&format!("{API}/monitors/"), &[], body.as_bytes()).status, 201);
    let rare =
        json!({"slug": "rare", "name": "rare", "config": {"schedule_type": "crontab", "schedule": YEARLY}});
    assert_eq!(server.post(&format!("{API}/monitors/"), &[], rare.to_string().as_bytes()).status, 201);
    server.advance("2024-06-03T08:00:00Z");
    let never = || json!({"slug": "fresh", "environment": null, "missed": 0, "last_ok": null});
    let first = message(&receiver, 0)["digest"].clone();
    assert_eq!(*jobs(&first, "never_ran"), [never()]);
    assert!(jobs(&first, "failed").is_empty());
    server.start("2024-06-04T04:58:00Z");
    server.advance("2024-06-04T05:03:00Z");
    server.start("2024-06-04T07:59:00Z");
    server.advance("2024-06-04T08:00:00Z");
    let second = message(&receiver, 1)["digest"].clone();
    let nightly = json!({"slug": "nightly", "environment": "production", "missed": 1,
        "last_ok": "2024-06-03T05:00:00Z"});
    assert_eq!(*jobs(&second, "never_ran"), [never(), nightly]);
    assert!(jobs(&second, "failed").is_empty(), "it is not told twice");
}

#[test]
fn a_slow_run_took_more_than_twice_the_median_and_a_minute() {
    let (receiver, mut server) = start("2024-06-03T00:00:00Z");
    let durations = [
        ("slow", [100, 110, 90, 100, 500, 230]),
        ("short", [1, 1, 1, 1, 59, 60]),
        ("steady", [100, 110, 120, 190, 200, 210]),
    ];
    let mut number = 0;
    for (slug, durations) in durations {
        for duration in durations {
            number += 1;
            let time = format!("2024-06-03T0{}:{:02}:00Z", number / 6, number % 6 * 10);
            assert_eq!(server.send(&time, &run(slug, number, "ok", YEARLY, Some(duration))).status, 200);
        }
    }
    // Too few runs for a median.
    for duration in [100, 100, 100, 900] {
        number += 1;
        let time = format!("2024-06-03T04:{number}:00Z");
        server.send(&time, &run("new", number, "ok", YEARLY, Some(duration)));
    }
    server.advance("2024-06-03T08:00:00Z");
    let first = message(&receiver, 0)["digest"].clone();
    let slow = jobs(&first, "slow");
    assert_eq!(slow.len(), 1, "{slow:?}");
    assert_eq!(
        (&slow[0]["slug"], &slow[0]["runs"], &slow[0]["duration_ms"], &slow[0]["median_ms"]),
        (&json!("slow"), &json!(2), &json!(500_000), &json!(110_000))
    );
    assert!(jobs(&first, "failed").is_empty());
    server.start("2024-06-04T07:59:00Z");
    server.advance("2024-06-04T08:00:00Z");
    assert!(jobs(&message(&receiver, 1)["digest"], "slow").is_empty(), "told once");
}

#[test]
fn what_is_muted_silenced_or_disabled_is_listed_with_its_incident() {
    let (receiver, server) = start("2024-06-03T06:00:00Z");
    for (number, slug) in ["muted", "off", "quiet"].into_iter().enumerate() {
        let number = u32::try_from(number).unwrap();
        server.send("2024-06-03T06:10:00Z", &run(slug, number, "error", YEARLY, None));
    }
    assert_eq!(server.put(&format!("{API}/monitors/muted/"), &json!({"isMuted": true})).status, 200);
    assert_eq!(server.put(&format!("{API}/monitors/off/"), &json!({"status": "disabled"})).status, 200);
    let silence = json!({"matchers": [{"key": "monitor.slug", "match": "equals", "value": "quiet"}],
        "for": "4h", "by": "ana", "why": "migration"});
    assert_eq!(server.post(&format!("{API}/silences/"), &[], silence.to_string().as_bytes()).status, 201);
    server.advance("2024-06-03T08:00:00Z");
    let digest = message(&receiver, 0)["digest"].clone();
    let job = |slug: &str, environment: Option<&str>, until: Value, since: Value, reason: &str| json!({"slug": slug, "environment": environment, "reason": reason, "until": until, "failing_since": since});
    let began = json!(instant("06:10:00").to_string());
    assert_eq!(
        *jobs(&digest, "muted"),
        [
            job("muted", Some("production"), Value::Null, began.clone(), "muted"),
            job("off", None, Value::Null, Value::Null, "disabled"),
            job("quiet", Some("production"), json!("2024-06-03T10:10:00Z"), began, "silenced"),
        ]
    );
    // A silence ends by itself, so what fails meanwhile is told.
    let failed: Vec<_> = jobs(&digest, "failed").iter().map(|job| job["slug"].clone()).collect();
    assert_eq!(failed, ["quiet"]);
    assert_eq!(digest["jobs"], 2);
}
