//! The answers to all GET requests except pages, byte by byte, as `data/answers.txt` has them.
//! `CRONS_BLESS=1 cargo test -p crons-server --test server answers::` writes that file anew; its difference is then to be reviewed.

use std::fmt::Write;

use crate::harness::{API, Harness, NIL, check_in, hourly, id, instant, with};
use crate::receiver::{Mode, Receiver, eventually};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Starts a server with monitors in several states: failing and acknowledged, recovered, disabled, muted, and with a run in progress.
fn server(receiver: &Receiver) -> Harness {
    let webhook = json!({"url": receiver.url("/ops"), "timeout": "1s"});
    let rules = json!({"webhook": {"ops": webhook}, "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"], "group_wait": "off"}]});
    let mut server = Harness::with_alerts("10:00:00", rules);
    let of = |slug: &str, mut check_in: Value| {
        check_in["monitor_slug"] = json!(slug);
        check_in
    };
    let staging = |mut check_in: Value| {
        check_in["environment"] = json!("staging \u{e9}");
        check_in
    };
    let mut now = instant("10:00:00");
    // Alerts are delivered before the clock moves on.
    let deliver = |server: &Harness| {
        eventually("alerts are delivered", || {
            server.alerts().iter().all(|alert| alert["status"] == "delivered")
        });
    };
    let mut send = |server: &Harness, time: &str, check_in: &Value| {
        while now < instant(time) {
            now = (now + SignedDuration::from_mins(1)).min(instant(time));
            server.advance(&now.to_string());
            deliver(server);
        }
        server.send_now(check_in);
        deliver(server);
    };
    let mut run = check_in(&id('a'), "ok");
    run["duration"] = json!(1.25);
    send(&server, "10:00:05", &run);
    send(&server, "10:00:06", &staging(check_in(&id('b'), "in_progress")));
    send(&server, "11:00:05", &check_in(&id('c'), "error"));
    send(&server, "11:20:05", &check_in(&id('d'), "error"));
    let by_interval = hourly(&json!({"schedule": {"type": "interval", "value": 2, "unit": "day"},
        "timezone": "Europe/Vienna", "checkin_margin": 10, "max_runtime": 20, "failure_issue_threshold": 1,
        "recovery_threshold": 1, "owner": "team:17"}));
    send(&server, "11:21:00", &of("report", with(&id('e'), "error", &by_interval)));
    send(&server, "11:22:00", &of("report", with(&id('f'), "ok", &by_interval)));
    send(&server, "11:22:01", &of("idle", with(NIL, "ok", &hourly(&json!({"owner": "42"})))));
    server.put(&format!("{API}/monitors/idle/"), &json!({"status": "disabled", "isMuted": true}));
    send(&server, "11:23:00", &of("idle", check_in(NIL, "ok")));
    // The check-ins are refused, or accepted with remarks.
    send(&server, "11:24:00", &check_in(&id('a'), "error"));
    send(&server, "11:24:01", &check_in(&id('1'), "done"));
    send(&server, "11:24:02", &json!({"monitor_slug": "nobody", "status": "in_progress"}));
    send(
        &server,
        "11:24:03",
        &of("report", with(&id('2'), "ok", &hourly(&json!({"owner": "nobody@", "margin": 5})))),
    );
    let acknowledged = server.api("/monitors/job/incidents/?environment=production")[0]["id"].clone();
    let acknowledgement = format!("{API}/incidents/{}/acknowledgement/", acknowledged.as_str().unwrap());
    assert_eq!(server.put(&acknowledgement, &json!({"by": "Ada <ada>"})).status, 200);
    // An outage, and a run that is late.
    server.stop();
    server.start("11:30:00");
    send(&server, "11:31:00", &check_in(&id('3'), "in_progress"));
    send(&server, "11:32:00", &json!({}));
    server
}

fn paths(server: &Harness) -> Vec<String> {
    let ids: Vec<String> = server
        .api("/incidents/")
        .as_array()
        .unwrap()
        .iter()
        .map(|incident| incident["id"].as_str().unwrap().to_owned())
        .collect();
    let api = [
        "/monitors/",
        "/monitors/?per_page=2",
        "/monitors/?per_page=2&cursor=2:2:0",
        "/monitors/?cursor=100:900:0",
        "/monitors/?per_page=many",
        "/monitors/job/",
        "/monitors/report/",
        "/monitors/idle/",
        "/monitors/nothing/",
        "/monitors/job/checkins/",
        "/monitors/job/checkins/?per_page=1",
        "/monitors/job/checkins/?per_page=1&cursor=1:1:0&environment=staging%20%C3%A9",
        "/monitors/job/checkins/?cursor=none",
        "/monitors/report/checkins/",
        "/monitors/nothing/checkins/",
        "/monitors/job/incidents/",
        "/monitors/report/incidents/?status=resolved",
        "/monitors/nothing/incidents/",
        "/monitors/job/processing-errors/",
        "/monitors/report/processing-errors/",
        "/monitors/nothing/processing-errors/",
        "/monitors/job/usage/",
        "/monitors/job/usage/?since=2024-06-03T11:00:00Z",
        "/monitors/nothing/usage/",
        "/incidents/",
        "/incidents/?status=open&environment=production&before=2024-06-04T00:00:00Z",
        "/incidents/?status=resolved",
        "/incidents/?status=half",
        "/incidents/?cursor=100:900:0",
        "/incidents/00000000-0000-0000-0000-000000000001/",
        "/incidents/first/",
        "/alerts/",
        "/processing-errors/",
        "/usage/",
        "/usage/?since=2024-06-01T00:00:00Z",
        "/usage/?since=2023-06-01T00:00:00Z",
        "/usage/?since=yesterday",
        "/outages/",
        "/outages/?since=2024-06-03T12:00:00Z",
        "/outages/?until=2024-06-03T12:00:00Z",
        "/nothing/",
    ];
    let api = api.into_iter().map(str::to_owned).chain(ids.iter().map(|id| format!("/incidents/{id}/")));
    let others = ["/health", "/api/0/", "/nothing"];
    let elsewhere = "/api/0/organizations/other/monitors/".to_owned();
    api.map(|path| format!("{API}{path}")).chain(others.map(str::to_owned)).chain([elsewhere]).collect()
}

/// The answer with its headers, except those that depend on the time and the connection.
fn answer(server: &Harness, path: &str) -> String {
    let mut answer = server.agent.get(server.url(path)).call().unwrap();
    let mut text = format!("GET {path}\n{}\n", answer.status().as_u16());
    let mut headers: Vec<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let body = answer.body_mut().read_to_string().unwrap();
    write!(text, "{}\n{}\n", headers.concat(), body.trim_end()).unwrap();
    text
}

/// The text with each random id replaced by its number in the order of first appearance; the port, and when an alert was delivered, by
/// a word.
fn settled(text: &str, port: &str) -> String {
    const LENGTH: usize = 36;
    const DELIVERED: &str = "\"dateDelivered\":\"";
    let mut parts = text.split(DELIVERED);
    let first = parts.next().unwrap().to_owned();
    let text =
        parts.fold(first, |text, part| text + DELIVERED + "INSTANT\"" + part.split_once('"').unwrap().1);
    let text = text.replace(port, "PORT");
    let is_id = |part: &[u8]| {
        part.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let (mut known, mut settled, mut rest) = (Vec::<&str>::new(), String::new(), text.as_str());
    while let Some(start) = rest.as_bytes().windows(LENGTH).position(is_id) {
        let (before, from) = rest.split_at(start);
        let (id, after) = from.split_at(LENGTH);
        settled.push_str(before);
        if id.bytes().all(|byte| byte == b'-' || Some(byte) == id.bytes().next()) {
            settled.push_str(id);
        } else {
            let number = known.iter().position(|known| *known == id).unwrap_or_else(|| {
                known.push(id);
                known.len() - 1
            });
            write!(settled, "ID-{number}").unwrap();
        }
        rest = after;
    }
    settled + rest
}

#[test]
fn every_answer_is_the_one_that_was_reviewed() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = server(&receiver);
    let found: Vec<String> = paths(&server).iter().map(|path| answer(&server, path)).collect();
    let port = server.url("").rsplit_once(':').unwrap().1.to_owned();
    let found = settled(&found.join("\n"), &port);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/answers.txt");
    if std::env::var_os("CRONS_BLESS").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let reviewed = std::fs::read_to_string(path).unwrap();
    let difference = found.lines().zip(reviewed.lines()).position(|(found, reviewed)| found != reviewed);
    if let Some(line) = difference {
        let (found, reviewed) = (found.lines().nth(line), reviewed.lines().nth(line));
        panic!(
            "line {} of answers.txt\nnow:      {}\nreviewed: {}",
            line + 1,
            found.unwrap(),
            reviewed.unwrap()
        );
    }
    assert_eq!(found.lines().count(), reviewed.lines().count());
}
