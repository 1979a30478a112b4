//! Tests of alerts, from the check-in that fails to a receiver that is down, slow, wrong, and then back.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Harness, KEY, api_id, hourly, id, with};
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::{Alerts, Database, Server, Settings, Webhook};
use serde_json::{Value, json};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Settings with one webhook `ops`, with a timeout of a second, for all events.
fn ops(receiver: &Receiver) -> Value {
    let webhook = json!({"url": receiver.url("/ops"), "secret": SECRET, "timeout": "1s"});
    json!({"webhook": {"ops": webhook}, "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"], "group_wait": "off"}]})
}

/// A check-in of a job that is expected once a year: nothing is missed meanwhile.
fn yearly(letter: char, status: &str) -> Value {
    with(&id(letter), status, &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}))
}

/// Polls `so` until it is true, and advances the clock by a minute each time, from `time` on.
#[track_caller]
fn in_time(harness: &Harness, time: &str, mut so: impl FnMut() -> bool) {
    let mut now = crate::harness::instant(time);
    eventually("as time goes by", || {
        now += jiff::SignedDuration::from_mins(1);
        harness.advance(&now.to_string());
        so()
    });
}

#[test]
fn a_target_that_was_down_gets_every_alert_in_order() {
    let mut receiver = Receiver::down();
    let harness = Harness::with_alerts("10:00:00", ops(&receiver));
    let says = |expected: &str| harness.alerts()[0]["lastAnswer"].as_str().unwrap_or("").contains(expected);

    assert_eq!(harness.send("10:00:01", &yearly('a', "error")).status, 200);
    eventually("it is tried", || says("Connection refused"));
    harness.send("10:00:01", &yearly('b', "error"));
    harness.send("10:20:00", &yearly('c', "ok"));

    receiver.set(Mode::Hang);
    receiver.up();
    in_time(&harness, "10:20:00", || says("gave no answer within 1 s"));
    receiver.set(Mode::Answer(500));
    in_time(&harness, "10:20:00", || says("HTTP 500: the receiver's own words"));
    let attempts: Vec<_> = harness.alerts().iter().map(|alert| alert["attempts"].clone()).collect();
    assert_eq!(attempts[1..], [0, 0], "later messages wait for their turn");

    receiver.set(Mode::Answer(200));
    in_time(&harness, "10:20:00", || receiver.taken() == ["opened", "failure", "resolved"]);
    eventually("all are delivered", || {
        harness.alerts().iter().all(|alert| alert["status"] == "delivered" && alert["nextAttempt"].is_null())
    });

    let messages = receiver.received();
    let (again, [failure, resolved]) = messages.split_last_chunk().unwrap();
    for message in again {
        assert_eq!(message.header("webhook-id"), harness.alerts()[0]["id"], "the same on each attempt");
    }
    assert_ne!(again[0].header("webhook-timestamp"), again[again.len() - 1].header("webhook-timestamp"));
    for message in &messages {
        assert!(message.is_signed_with(SECRET));
        assert_eq!(message.body["id"], message.header("webhook-id"));
        assert_eq!(message.header("content-type"), "application/json");
    }
    assert_eq!((&failure.body["event"], &failure.body["check_in_id"]), (&json!("failure"), &api_id('b')));
    assert_eq!(resolved.body["check_in_id"], api_id('c'));
    assert_eq!(resolved.body["incident"]["duration_s"], 1199);
    let text = resolved.body["text"].as_str().unwrap();
    assert!(text.starts_with("`job` in `production` has recovered after 19 min 59 s:"), "{text}");
}

#[test]
fn a_run_longer_than_its_period_tells_the_incidents_length() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let harness = Harness::with_alerts("10:00:00", ops(&receiver));
    let hourly = hourly(&json!({"max_runtime": 600}));
    harness.send("10:30:00", &with(&id('a'), "in_progress", &hourly));
    harness.send("13:30:00", &with(&id('a'), "ok", &hourly));
    eventually("it has failed and is well again", || {
        receiver.taken().last().is_some_and(|last| last == "resolved")
    });
    let messages = receiver.received();
    let resolved = &messages[messages.len() - 1].body;
    let text = resolved["text"].as_str().unwrap();
    assert!(text.starts_with("`job` in `production` has recovered after 2 h 30 min:"), "{text}");
    assert_eq!(resolved["incident"]["resolved_at"], crate::harness::api("13:30:00"));
}

#[test]
fn a_slow_target_holds_up_nobody_else() {
    let (slow, quick) = (Receiver::in_mode(Mode::Hang), Receiver::in_mode(Mode::Answer(200)));
    let webhooks = json!({"slow": {"url": slow.url("/")}, "quick": {"url": quick.url("/")}});
    let rule = json!({"on": ["failure"], "to": ["slow", "quick"], "group_wait": "off"});
    let harness = Harness::with_alerts("10:00:00", json!({"webhook": webhooks, "alert": [rule]}));
    for (letter, second) in [('a', 1), ('b', 2), ('c', 3)] {
        harness.send(&format!("10:00:0{second}"), &yearly(letter, "error"));
    }
    eventually("the quick one has all", || quick.taken().len() == 3);
    assert_eq!(slow.received().len(), 1, "and the slow one is still at its first");
    assert!(slow.received()[0].headers.get("webhook-signature").is_none(), "there is no secret");
    slow.set(Mode::Answer(200));
    in_time(&harness, "10:01:00", || slow.taken() == ["opened", "failure", "failure"]);
}

#[test]
fn sixteen_are_under_way_at_once() {
    let receiver = Receiver::in_mode(Mode::Hang);
    let names: Vec<String> = (0..20).map(|number| format!("target{number}")).collect();
    let webhooks: serde_json::Map<_, _> =
        names.iter().map(|name| (name.clone(), json!({"url": receiver.url("/")}))).collect();
    let rule = json!({"on": ["opened"], "to": names, "group_wait": "off"});
    let harness = Harness::with_alerts("10:00:00", json!({"webhook": webhooks, "alert": [rule]}));
    harness.send("10:00:01", &yearly('a', "error"));
    eventually("16 are heard of", || receiver.received().len() == 16);
    assert_eq!(harness.alerts().len(), 20);
    assert_eq!(receiver.received().len(), 16);
    receiver.set(Mode::Answer(200));
    eventually("the others follow", || receiver.received().len() == 20);
    in_time(&harness, "10:01:00", || receiver.taken().len() == 20);
}

#[test]
fn a_message_is_given_up_after_a_day_and_the_next_one_goes_out() {
    let receiver = Receiver::in_mode(Mode::Answer(503));
    let harness = Harness::with_alerts("2024-06-03T10:00:00Z", ops(&receiver));
    harness.send("2024-06-03T10:00:01Z", &yearly('a', "error"));
    let first = |key: &str| harness.alerts()[0][key].clone();
    in_time(&harness, "2024-06-03T10:01:00Z", || first("attempts").as_u64() >= Some(10));
    assert_eq!(first("status"), "waiting");
    in_time(&harness, "2024-06-04T10:01:00Z", || first("status") == "given_up");
    assert_eq!(first("lastAnswer"), "HTTP 503: the receiver's own words");
    receiver.set(Mode::Answer(200));
    harness.send("2024-06-04T10:02:00Z", &yearly('b', "ok"));
    eventually("the next one is delivered", || receiver.taken() == ["resolved"]);
    assert_eq!(first("status"), "given_up");
}

#[test]
fn a_target_missing_from_the_settings_gets_alerts_later() {
    let receiver = Receiver::in_mode(Mode::Answer(503));
    let mut harness = Harness::with_alerts("10:00:00", ops(&receiver));
    harness.send("10:00:01", &yearly('a', "error"));
    eventually("it is tried", || harness.alerts()[0]["attempts"] == json!(1));
    harness.configure(json!({}));
    harness.start("10:01:00");
    eventually("it is missed", || harness.alerts()[0]["attempts"] == json!(2));
    let answer = harness.alerts()[0]["lastAnswer"].clone();
    assert!(answer.as_str().unwrap().contains("there is no target \"ops\" any more"), "{answer}");
    harness.configure(ops(&receiver));
    receiver.set(Mode::Answer(200));
    harness.start("10:01:00");
    eventually("a restart tries at once", || receiver.taken() == ["opened"]);
}

#[test]
fn an_alert_whose_outcome_is_not_stored_is_sent_once() {
    for (mode, status) in [(Mode::Answer(200), "delivered"), (Mode::Answer(400), "waiting")] {
        let receiver = Receiver::in_mode(mode);
        let harness = Harness::with_alerts("10:00:00", ops(&receiver));
        let file = harness.file();
        let refuses = "CREATE TRIGGER refuses BEFORE UPDATE ON alerts WHEN OLD.id = 1 BEGIN SELECT RAISE(ABORT, 'no'); END";
        file.execute(refuses);
        harness.send("10:00:01", &yearly('a', "error"));
        harness.send("10:00:02", &yearly('b', "error"));
        harness.send("10:00:03", &yearly('c', "ok"));
        eventually("later ones go", || {
            harness.alerts().get(2).is_some_and(|last| last["attempts"] == json!(1))
        });
        let mut events: Vec<_> =
            receiver.received().iter().map(|message| message.body["event"].clone()).collect();
        assert_eq!(events.iter().filter(|event| **event == "opened").count(), 1, "{status}: {events:?}");
        // A refused message whose outcome is stored is due again after half a second of the server's clock.
        events.dedup();
        assert_eq!(events, ["opened", "failure", "resolved"], "{status}");
        assert_eq!(harness.alerts()[0]["attempts"], 0);
        file.execute("DROP TRIGGER refuses");
        // A message that failed a second ago by the server's clock is due again as soon as its failure is stored.
        eventually("it is stored once that is possible", || {
            harness.alerts()[0]["attempts"].as_u64() >= Some(1)
        });
        assert_eq!(harness.alerts()[0]["status"], status);
    }
}

#[test]
fn a_server_killed_before_sending_loses_no_alert() {
    let receiver = Receiver::in_mode(Mode::Hang);
    let mut harness = Harness::with_alerts("10:00:00", ops(&receiver));
    harness.stop();
    let mut killed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "alerts::server_to_be_killed", "--nocapture"])
        .env("CRONS_TEST_DATABASE", harness.database())
        .env("CRONS_TEST_ALERTS", ops(&receiver).to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The test runner may have begun the line.
    let address =
        lines.find_map(|line| line.split_once("listens on ").map(|(_, address)| address.to_owned()));
    let url = format!("http://{}/api/1/cron/job/{KEY}/", address.unwrap());
    let schedule = json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}});
    let check_in = json!({"status": "error", "monitor_config": schedule});
    let answer = ureq::post(url).send_json(check_in).unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(answer.status(), 202);

    receiver.set(Mode::Answer(200));
    harness.start("10:00:00");
    eventually("the next process sends it", || receiver.taken() == ["opened"]);
    let ids: std::collections::BTreeSet<_> =
        receiver.received().iter().map(|message| message.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 1, "if the first process had begun to, it is known as a repetition");
}

/// The server that the test above starts as a process, by the name of this test, and kills. Without its environment variables, this test
/// does nothing.
#[test]
fn server_to_be_killed() {
    let Ok(alerts) = std::env::var("CRONS_TEST_ALERTS") else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let settings = Settings {
            database: Database::sqlite(std::env::var_os("CRONS_TEST_DATABASE").unwrap()),
            public_key: Some(KEY.parse().unwrap()),
            alerts: serde_json::from_str::<Alerts>(&alerts).unwrap(),
            ..Settings::default()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::start(&settings, listener).unwrap();
        println!("listens on {}", server.address());
        server.closed().await;
    });
}

#[test]
fn redirects_are_not_followed_and_endless_answers_not_read() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let receiver = Receiver::in_mode(Mode::Redirect);
    let webhook = Webhook::new(&receiver.url("/here")).unwrap();
    let answer = runtime.block_on(webhook.test("ops")).unwrap();
    assert_eq!((answer.status, answer.is_success()), (307, false));
    assert!(answer.advice().contains("not followed"), "{}", answer.advice());
    let paths: Vec<_> = receiver.received().into_iter().map(|message| message.path).collect();
    assert_eq!(paths, ["/here"]);

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let endless = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]).unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").unwrap();
        // The process runs until it is killed.
        while socket.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let webhook = Webhook::new(&url).unwrap().timeout(Duration::from_secs(60)).unwrap();
    let answer = runtime.block_on(webhook.test("ops")).unwrap();
    assert_eq!((answer.status, answer.body), (200, "x".repeat(1024)));
    drop(runtime);
    endless.join().unwrap();
}
