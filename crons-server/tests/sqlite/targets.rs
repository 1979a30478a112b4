//! Messages to chat services, on-call services and phones: the request that each gets, as `data/targets.txt` has it, and the answers that
//! a service may give. `CRONS_BLESS=1 cargo test -p crons-server --test sqlite targets::` writes that file anew; its difference is then to be
//! reviewed.

use std::fmt::Write;

use crate::harness::{Harness, id, with};
use crate::mail::MailServer;
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::Settings;
use serde_json::{Value, json};

/// A name that tries to mention everybody, to link, and to be markup.
const HOSTILE: &str = "<!channel> @everyone *a* [b](c) & `d` <b>";
/// A note whose second line looks like a message.
const NOTE: &str = "disk full: @here <!here> <users/all> https://x.example\r\nRECOVERED: nothing to see\nWhy: <https://x.example|here>";

/// Returns a table of each service, all with the address of the receiver.
fn tables(receiver: &Receiver) -> Value {
    let url = |path: &str| receiver.url(path);
    json!({
        "slack": {"slack": {"url": url("/services/T0/B0/secret/")}},
        "discord": {"discord": {"url": url("/api/webhooks/0/secret")}},
        "telegram": {"telegram": {"url": url("/"), "token": "0:secret", "chat_id": -100_123, "message_thread_id": 7}},
        "teams": {"teams": {"url": url("/workflows/secret")}},
        "pagerduty": {"pagerduty": {"url": url(""), "routing_key": "secret", "severity": "critical"}},
        "ntfy": {"ntfy": {"url": url(""), "topic": "jobs", "token": "tk_secret"}, "ntfy open": {"url": url("/open"), "topic": "jobs"}},
        "pushover": {"pushover": {"url": url(""), "token": "secret", "user": "someone"}},
        "google_chat": {"google_chat": {"url": url("/v1/spaces/0/messages")}},
        "matrix": {"matrix": {"url": url("/below/"), "token": "secret", "room": "!a/b:example.com"}},
        "gotify": {"gotify": {"url": url(""), "token": "secret"}},
        "apprise": {"apprise": {"url": url("/notify/key"), "tag": "ops"}},
    })
}

/// A server on which these targets get all events, one after the other.
fn server(targets: Value) -> Harness {
    let names: Vec<String> = targets
        .as_object()
        .unwrap()
        .values()
        .flat_map(|tables| tables.as_object().unwrap().keys().cloned())
        .collect();
    let mut alerts = targets;
    alerts["alert"] = json!([{"on": ["opened", "failure", "resolved"], "to": names, "group_wait": "off"}]);
    let settings = Settings {
        alerts: serde_json::from_value(alerts).unwrap(),
        public_url: Some("https://crons.example.com".parse().unwrap()),
        ..Settings::default()
    };
    Harness::with("10:00:00", settings)
}

fn check_in(letter: char, status: &str) -> Value {
    let mut check_in =
        with(&id(letter), status, &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}));
    check_in["environment"] = json!(HOSTILE);
    check_in["duration"] = json!(12.5);
    check_in
}

fn delivered(harness: &Harness) -> bool {
    harness.alerts().iter().all(|alert| alert["status"] == "delivered")
}

/// Replaces ids that differ between runs.
fn without_ids(text: &str, harness: &Harness) -> String {
    let mut text = text.to_owned();
    for alert in harness.alerts() {
        for (key, name) in [("id", "ALERT"), ("incident", "INCIDENT")] {
            let id = alert[key].as_str().unwrap();
            text = text.replace(id, name).replace(&id.replace('-', ""), name);
        }
    }
    // Each link that acknowledges has a key of 32 digits.
    let mut parts = text.split("respond?key=");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        write!(text, "respond?key=KEY{}", &part[32..]).unwrap();
    }
    text.replace(harness.monitor("job")["id"].as_str().unwrap(), "MONITOR")
}

#[test]
fn each_service_gets_its_own_request_and_no_name_mentions_anybody() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let harness = server(tables(&receiver));
    let mut failed = check_in('a', "error");
    failed["note"] = json!(NOTE);
    assert_eq!(harness.send("10:00:01", &failed).status, 200);
    eventually("the failure is delivered", || harness.alerts().len() == 12 && delivered(&harness));
    harness.send("10:20:00", &check_in('b', "ok"));
    eventually("the recovery is delivered", || harness.alerts().len() == 24 && delivered(&harness));

    let mut requests: Vec<String> = receiver
        .received()
        .iter()
        .map(|request| {
            let mut shown = format!("{} {}\n", request.method, request.path);
            for name in ["content-type", "authorization", "x-gotify-key"] {
                if let Some(value) = request.headers.get(name) {
                    writeln!(shown, "{name}: {}", value.to_str().unwrap()).unwrap();
                }
            }
            write!(shown, "{:#}", request.body).unwrap();
            without_ids(&shown, &harness)
        })
        .collect();
    assert_eq!(requests.len(), 24);
    // Targets are independent of each other.
    requests.sort();
    // A review of the file may overlook these. PagerDuty mentions nobody, and gets names as they are.
    for request in requests.iter().filter(|request| !request.starts_with("POST /v2/enqueue\n")) {
        for mention in ["@everyone", "@here", "https://x.example"] {
            assert!(!request.contains(mention), "{mention}: {request}");
        }
    }
    let requests = requests.join("\n\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/targets.txt");
    if std::env::var_os("CRONS_BLESS").is_some() {
        std::fs::write(path, &requests).unwrap();
    }
    assert_eq!(
        requests,
        std::fs::read_to_string(path).unwrap_or_default(),
        "see the comment on top of the file"
    );
}

#[test]
fn a_service_that_has_too_many_requests_is_left_alone_as_long_as_it_asks() {
    let receiver = Receiver::in_mode(Mode::TooMany(300));
    let harness = server(json!({"slack": {"team": {"url": receiver.url("/hook")}}}));
    assert_eq!(harness.send("10:00:01", &check_in('a', "error")).status, 200);
    harness.send("10:00:02", &check_in('b', "ok"));
    eventually("the first is answered", || harness.alerts()[0]["attempts"] == json!(1));
    let next: jiff::Timestamp = harness.alerts()[0]["nextAttempt"].as_str().unwrap().parse().unwrap();
    assert!(next >= crate::harness::instant("10:05:01"), "{next}");
    harness.advance("10:05:00");
    receiver.set(Mode::TooMany(0));
    harness.advance("10:06:00");
    eventually("the first is sent again", || harness.alerts()[0]["attempts"] == json!(2));
    assert_eq!(harness.alerts()[1]["attempts"], 0, "the second waits for its turn");
    assert_eq!(receiver.received().len(), 2, "nothing was sent before");
    receiver.set(Mode::Answer(200));
    harness.advance("10:08:00");
    eventually("both are delivered", || delivered(&harness));
    let texts: Vec<String> = receiver
        .received()
        .iter()
        .map(|request| request.body["text"].as_str().unwrap()[..7].to_owned())
        .collect();
    assert_eq!(texts, ["FAILING", "FAILING", "FAILING", "RECOVER"]);
}

#[test]
fn a_refused_message_lets_the_next_ones_pass_and_a_failing_service_does_not() {
    for (mode, passes) in [(Mode::Answer(410), true), (Mode::Redirect, true), (Mode::Answer(502), false)] {
        let receiver = Receiver::in_mode(mode);
        let harness = server(json!({"discord": {"team": {"url": receiver.url("/hook")}}}));
        harness.send("10:00:01", &check_in('a', "error"));
        eventually("the first is answered", || harness.alerts()[0]["attempts"] != json!(0));
        harness.send("10:00:01", &check_in('b', "ok"));
        if passes {
            eventually("the second is sent", || harness.alerts()[1]["attempts"] != json!(0));
        } else {
            harness.advance("10:02:00");
            eventually("the first is sent again", || harness.alerts()[0]["attempts"].as_u64() > Some(1));
        }
        let paths: Vec<_> = receiver.received().into_iter().map(|request| request.path).collect();
        assert!(paths.iter().all(|path| path == "/hook"), "a redirect is not followed: {paths:?}");
        let alerts = harness.alerts();
        assert_eq!(alerts[1]["attempts"] != json!(0), passes, "{mode:?}");
        assert!(alerts.iter().all(|alert| alert["status"] == "waiting"), "{mode:?}");
    }
}

#[test]
fn an_answer_that_repeats_the_request_shows_no_secret() {
    let receiver = Receiver::in_mode(Mode::Repeat);
    let harness = server(json!({
        "webhook": {"hook": {"url": receiver.url("/hooks/s3cret-path?key=s3cret-query")}},
        "slack": {"chat": {"url": receiver.url("/services/T0/B0/s3cret-slack")}},
        "telegram": {"telegram": {"url": receiver.url(""), "token": "0:s3cret", "chat_id": 1}},
        "pagerduty": {"oncall": {"url": receiver.url(""), "routing_key": "s3cret-routing"}},
        "ntfy": {"phone": {"url": receiver.url(""), "topic": "jobs", "token": "s3cret-token"}},
    }));
    harness.send("10:00:01", &check_in('a', "error"));
    let answers = || harness.alerts().iter().map(|alert| alert["lastAnswer"].clone()).collect::<Vec<_>>();
    eventually("all have answered", || answers().len() == 5 && !answers().contains(&Value::Null));
    for answer in answers() {
        let answer = answer.as_str().unwrap();
        assert!(answer.starts_with("HTTP 404: Cannot POST ") && !answer.contains("s3cret"), "{answer}");
    }
    let page = harness.page();
    assert!(page.contains("Cannot POST ") && !page.contains("s3cret"), "{page}");
}

#[test]
fn a_slow_service_is_given_up_after_its_timeout_and_tried_again() {
    let receiver = Receiver::in_mode(Mode::Hang);
    let harness =
        server(json!({"ntfy": {"phone": {"url": receiver.url(""), "topic": "jobs", "timeout": "1s"}}}));
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("its time is over", || {
        harness.alerts()[0]["lastAnswer"]
            .as_str()
            .is_some_and(|answer| answer.contains("gave no answer within 1 s"))
    });
    receiver.set(Mode::Answer(200));
    harness.advance("10:02:00");
    eventually("it is delivered", || delivered(&harness));
}

#[test]
fn a_server_that_others_reach_sends_nothing_to_this_machine() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mail = MailServer::start();
    let by_name = receiver.url("/hook").replace("127.0.0.1", "localhost");
    let email = json!({"url": format!("smtp://{}", mail.address), "starttls": false, "from": "crons@a.example", "to": ["ops@b.example"]});
    let alerts = json!({
        "slack": {"a": {"url": receiver.url("/hook")}, "b": {"url": by_name}},
        "email": {"c": email},
        "alert": [{"on": ["opened"], "to": ["a", "b", "c"], "group_wait": "off"}],
    });
    let folder = tempfile::tempdir().unwrap();
    let clock = crons_server::ManualClock::new(crate::harness::instant("10:00:00"));
    for (allowed, requests) in [(false, 0), (true, 2)] {
        let settings = Settings {
            database: crons_server::Database::sqlite(folder.path().join(format!("{allowed}.db"))),
            public_key: Some(crate::harness::KEY.parse().unwrap()),
            admin_token: Some("open-sesame-0123456789".parse().unwrap()),
            clock: crons_server::Clock::Manual(clock.clone()),
            alerts: serde_json::from_value(alerts.clone()).unwrap(),
            allow_private_targets: allowed,
            ..Settings::default()
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
            crons_server::Server::start(&settings, listener).unwrap()
        });
        let base = format!("http://127.0.0.1:{}", server.address().port());
        let check_in = json!({"status": "error", "monitor_config": {"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}});
        ureq::post(format!("{base}/api/1/cron/job/{}/", crate::harness::KEY)).send_json(check_in).unwrap();
        let answers = || -> Value {
            ureq::get(format!("{base}{}/alerts/", crate::harness::API))
                .header("authorization", "Bearer open-sesame-0123456789")
                .call()
                .unwrap()
                .body_mut()
                .read_json()
                .unwrap()
        };
        eventually("all are tried", || {
            let tried = answers();
            let tried = tried.as_array().unwrap();
            tried.len() == 3 && tried.iter().all(|alert| alert["attempts"] != json!(0))
        });
        assert_eq!((receiver.received().len(), mail.connections()), (requests, requests / 2));
        if !allowed {
            for alert in answers().as_array().unwrap() {
                let answer = alert["lastAnswer"].as_str().unwrap();
                assert!(
                    answer.contains("an address of this machine") && answer.contains("allow_private_targets"),
                    "{answer}"
                );
            }
        }
        runtime.block_on(server.shutdown()).unwrap();
    }
}
