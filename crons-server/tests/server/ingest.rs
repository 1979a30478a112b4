//! Tests of ingest: every form in which clients send check-ins, and the answers to requests that are no check-in.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Harness, KEY, NIL, check_in, id};
use serde_json::{Value, json};

fn envelope(header: &str, payload: &Value) -> Vec<u8> {
    format!("{header}\n{{\"type\":\"check_in\"}}\n{payload}").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_short_way_and_the_route_answer_the_same() {
    let servers = [Harness::at("10:00:00"), Harness::at("10:00:00")];
    let key = format!("X-Sentry-Auth: Sentry sentry_key={KEY}\r\n");
    let good = envelope("{}", &check_in(&id('a'), "ok"));
    let cases: [(&str, &str, &str, &[u8]); 11] = [
        ("accepted", "POST /api/1/envelope/", &key, &good),
        ("refused", "POST /api/1/envelope/", &key, &good),
        ("key in the query", &format!("POST /api/1/envelope/?sentry_key={KEY}"), "", &good),
        ("two keys", "POST /api/1/envelope/?sentry_key=other", &key, &good),
        ("two queries", "POST /api/1/envelope/?sentry_key=a&sentry_key=b", &key, &good),
        ("no key", "POST /api/1/envelope/", "", &good),
        ("no such project", "POST /api/2/envelope/", &key, &good),
        ("malformed", "POST /api/1/envelope/", &key, b"{}\n{\"type\":\"check_in\"}\nnonsense"),
        ("too large", "POST /api/1/envelope/", &key, &vec![b'x'; 1024 * 1024 + 1]),
        ("no check-in", "POST /api/1/envelope/", &key, b"{}"),
        (
            "a page of another host",
            "POST /api/1/envelope/",
            &format!("Origin: http://evil.example\r\n{key}"),
            &good,
        ),
    ];
    for (case, request, headers, body) in cases {
        // A request without its last slash is handled by the router like all others.
        let [short, route] = ["envelope/", "envelope"].map(|end| {
            let server = &servers[usize::from(end == "envelope")];
            let request = request.replace("envelope/", end);
            let mut socket = TcpStream::connect(server.url("").trim_start_matches("http://")).unwrap();
            let length = body.len();
            write!(socket, "{request} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n").unwrap();
            socket.write_all(body).unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let mut head: Vec<String> = head.lines().filter(|line| !line.starts_with("date")).map(str::to_owned).collect();
            // The order of headers does not matter.
            head.sort();
            (head, body.to_owned())
        });
        assert_eq!(short, route, "{case}");
    }
    assert_eq!(servers.map(|server| server.statuses("job")), [["ok"], ["ok"]]);
}

#[test]
fn a_chunked_body_without_a_content_type_is_read() {
    let server = Harness::at("10:00:00");
    let body = envelope("{}", &check_in(&id('a'), "ok"));
    let host = server.url("").trim_start_matches("http://").to_owned();
    let mut socket = TcpStream::connect(&host).unwrap();
    write!(socket, "POST /api/1/envelope/?sentry_key={KEY} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n").unwrap();
    for chunk in body.chunks(7) {
        write!(socket, "{:x}\r\n", chunk.len()).unwrap();
        socket.write_all(chunk).unwrap();
        write!(socket, "\r\n").unwrap();
    }
    write!(socket, "0\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.statuses("job"), ["ok"]);
}

#[test]
fn the_key_may_stand_in_three_places_and_must_be_ours() {
    let server = Harness::at("10:00:00");
    let payload = check_in(NIL, "ok");
    let dsn = |key: &str| format!("{{\"dsn\":\"http://{key}@127.0.0.1:9170/1\"}}");
    let header = |key: &str| format!("Sentry sentry_version=7, sentry_key={key}");
    let query = |key: &str| format!("?sentry_key={key}");
    let none = String::new;
    let cases = [
        (query(KEY), none(), "{}".to_owned(), 200, ""),
        (none(), header(KEY), "{}".to_owned(), 200, ""),
        (none(), none(), dsn(KEY), 200, ""),
        (query(KEY), header(KEY), dsn(KEY), 200, ""),
        (none(), none(), "{}".to_owned(), 403, "there is no key"),
        (none(), header("wrong"), "{}".to_owned(), 403, "not that of this server"),
        (none(), none(), dsn("wrong"), 403, "not that of this server"),
        (query("wrong"), header(KEY), "{}".to_owned(), 403, "not the same"),
    ];
    for (query, header, first_line, status, detail) in cases {
        let headers = if header.is_empty() { vec![] } else { vec![("x-sentry-auth", header.as_str())] };
        let answer =
            server.post(&format!("/api/1/envelope/{query}"), &headers, &envelope(&first_line, &payload));
        assert_eq!(answer.status, status, "{query} {header} {first_line}");
        assert!(answer.body["detail"].as_str().unwrap_or_default().contains(detail), "{answer:?}");
    }
    let answer = server.post(&format!("/api/2/envelope/?sentry_key={KEY}"), &[], &envelope("{}", &payload));
    assert_eq!(
        (answer.status, &answer.body["detail"]),
        (403, &json!("there is no project 2; this server has project 1"))
    );
    assert_eq!(server.get("/api/1/cron/job/wrong/?status=ok").status, 403);
    assert_eq!(server.get("/api/1/cron/job/?status=ok").status, 403);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_held_in_memory() {
    let server = Harness::at("10:00:00");
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let padded = |size: usize| {
        let mut payload = check_in(&id('a'), "ok");
        payload["padding"] = json!("x".repeat(size));
        envelope("{}", &payload)
    };
    let answer = server.post(&path, &[], &padded(100 * 1024));
    assert_eq!(answer.status, 413, "an item of more than 100 KiB");
    assert!(
        answer.body["detail"].as_str().unwrap().contains("size limits for type 'check_in'"),
        "{answer:?}"
    );
    let answer = server.post(&path, &[], &padded(2 * 1024 * 1024));
    assert_eq!(answer.status, 413, "a body of more than 1 MiB");
    assert!(answer.body["detail"].as_str().unwrap().contains("larger than 1048576 bytes"), "{answer:?}");
    // The body of 64 MiB of one letter is 64 KiB of gzip.
    let bomb = gzip(&vec![b'x'; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100 * 1024);
    assert_eq!(
        server.post(&path, &[("content-encoding", "gzip")], &bomb).status,
        413,
        "a decompression bomb"
    );
    let two = [envelope("{}", &check_in(&id('a'), "ok")), b"\n{\"type\":\"check_in\"}\n{}".to_vec()].concat();
    assert_eq!(server.post(&path, &[], &two).status, 413, "two check-ins in one envelope");
    assert_eq!(server.get("/api/0/organizations/crons/monitors/").body, json!([]));
}

#[test]
fn what_is_malformed_is_refused_with_the_part_at_fault() {
    let server = Harness::at("10:00:00");
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let valid = check_in(&id('a'), "ok");
    let with = |key: &str, value: Value| {
        let mut payload = valid.clone();
        payload[key] = value;
        envelope("{}", &payload)
    };
    let cases: [(Vec<u8>, &str); 10] = [
        (b"".to_vec(), "first line"),
        (b"\xff\xfe".to_vec(), "first line"),
        (b"{}\n{\"type\":\"check_in\",\"length\":10}\n{}".to_vec(), "announces 10 bytes"),
        (b"{}\n{\"type\":\"check_in\"}\n{\"status\":".to_vec(), "malformed check-in"),
        (with("check_in_id", json!("not-a-uuid")), "check_in_id"),
        (with("monitor_slug", json!("\u{1f600}")), "monitor_slug"),
        (with("duration", json!("long")), "malformed check-in"),
        (
            b"{}\n{\"type\":\"check_in\"}\n[\"a\",\"job\",\"ok\",null,null,null,null]".to_vec(),
            "must be a JSON object",
        ),
        (with("monitor_config", json!({"schedule": "@daily"})), "malformed check-in"),
        (with("monitor_config", json!({"checkin_margin": 5})), "schedule"),
    ];
    for (body, part) in cases {
        let answer = server.post(&path, &[], &body);
        assert_eq!(answer.status, 400, "{part}: {answer:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains(part), "{answer:?}");
    }
    let garbled = server.post(&path, &[("content-encoding", "gzip")], b"this is no gzip");
    assert_eq!(garbled.status, 400, "{garbled:?}");
    let json = [("content-type", "application/json")];
    assert_eq!(server.post(&format!("/api/1/cron/job/{KEY}/"), &json, b"{\"status\":").status, 400);
    assert_eq!(server.get(&format!("/api/1/cron/job/{KEY}/?status=ok&duration=long")).status, 400);
    assert_eq!(server.get(&format!("/api/1/cron/job/{KEY}/?status=ok&check_in_id=1")).status, 400);
    assert_eq!(server.get("/api/0/organizations/crons/monitors/").body, json!([]));
}

#[test]
fn an_envelope_without_a_check_in_is_taken_and_does_nothing() {
    let server = Harness::at("10:00:00");
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let event = b"{}\n{\"type\":\"event\",\"length\":2}\n{}\n".to_vec();
    assert_eq!(server.post(&path, &[], &event).status, 200);
}

#[test]
fn a_request_for_another_host_or_from_a_page_of_one_is_refused() {
    let server = Harness::at("10:00:00");
    let ask = |name: &str, value: &str| {
        let request = server.agent.get(server.url("/")).header(name, value);
        request.call().unwrap().status().as_u16()
    };
    assert_eq!(ask("host", "localhost:9170"), 200);
    assert_eq!(ask("host", "evil.example"), 403);
    assert_eq!(ask("origin", "http://127.0.0.1:9170"), 200);
    assert_eq!(ask("origin", "https://evil.example"), 403);
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    let server = Harness::at("10:00:00");
    let api = "/api/0/organizations";
    for (path, detail) in [
        (format!("{api}/crons/monitors/job/"), "there is no monitor \"job\""),
        (format!("{api}/crons/monitors/job/checkins/"), "there is no monitor \"job\""),
        (format!("{api}/acme/monitors/"), "there is no organization \"acme\""),
    ] {
        let answer = server.get(&path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body["detail"].as_str().unwrap().contains(detail), "{answer:?}");
    }
    server.send("10:00:00", &check_in(NIL, "ok"));
    assert_eq!(server.get(&format!("{api}/crons/monitors/job/checkins/?cursor=x")).status, 400);
}

#[test]
fn a_request_that_fits_no_handler_is_answered_in_json_too() {
    let server = Harness::at("10:00:00");
    for (path, status) in [
        (format!("/api/1/cron/job/{KEY}/?status=ok&status=error"), 400),
        ("/api/abc/cron/job/?status=ok".to_owned(), 400),
        (format!("/api/1/cron/%ff/{KEY}/?status=ok"), 400),
        (format!("/api/1/cron/job/{KEY}/?status=ok&duration=NaN"), 400),
        (format!("/api/1/cron/job/{KEY}/?status=ok&duration=inf"), 400),
        ("/api/0/organizations/crons/monitors/job/checkins/?per_page=abc".to_owned(), 400),
        ("/api/1/envelope/".to_owned(), 405),
        ("/nowhere".to_owned(), 404),
    ] {
        let answer = server.get(&path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body["detail"].is_string(), "{path}: {answer:?}");
    }
}

#[test]
fn whoever_only_looks_does_not_check_in() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(NIL, "ok"));
    let looked = server.agent.head(server.url(&format!("/api/1/cron/job/{KEY}/?status=ok"))).call().unwrap();
    assert_eq!(looked.status(), 405);
    assert_eq!(server.statuses("job"), ["ok"]);
}

#[test]
fn the_reason_for_a_refusal_is_in_a_header_where_the_body_must_stay_empty() {
    let server = Harness::at("10:00:00");
    let ask = |path: &str| server.agent.get(server.url(path)).call().unwrap();
    let answer = ask(&format!("/api/1/cron/job/{KEY}/?status=bogus"));
    assert_eq!(answer.status(), 202);
    let reason = answer.headers()["x-sentry-error"].to_str().unwrap();
    assert!(reason.starts_with("CHECKIN_VALIDATION_FAILED: status: \"bogus\""), "{reason}");
    let answer = ask("/api/1/cron/job/wrong/?status=ok");
    assert!(answer.headers()["x-sentry-error"].to_str().unwrap().contains("copy the DSN"));
}

#[test]
fn what_a_client_sends_is_bounded() {
    let server = Harness::at("10:00:00");
    let crontab = format!("{}1 * * * *", "1,".repeat(2_000));
    let config = json!({"schedule": {"type": "crontab", "value": crontab}});
    let answer = server.send("10:00:00", &crate::harness::with(NIL, "ok", &config));
    assert!(answer.body["discarded"][0].as_str().unwrap().contains("at most 1024 are allowed"), "{answer:?}");
    let mut nul = check_in(NIL, "ok");
    nul["environment"] = json!("a\u{0}b");
    let answer = server.send("10:00:00", &nul);
    assert!(
        answer.body["discarded"][0].as_str().unwrap().starts_with("MONITOR_INVALID_ENVIRONMENT"),
        "{answer:?}"
    );
}
