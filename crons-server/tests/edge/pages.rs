//! Tests of pages of other origins: they may send check-ins, with the key, and nothing else.

use crons_server::Settings;

use crate::encodings::envelope;
use crate::harness::{Harness, KEY, check_in, id};
use crate::raw::ask;

const PAGE: (&str, &str) = ("origin", "https://shop.example");
const TOKEN: &str = "open-sesame-0123456789";

fn servers() -> [Harness; 2] {
    let guarded = Settings { admin_token: Some(TOKEN.parse().unwrap()), ..Settings::default() };
    [Harness::at("10:00:00"), Harness::with("10:00:00", guarded)]
}

#[test]
fn a_browser_may_ask_whether_a_page_may_send_as_it_asks_relay() {
    for server in servers() {
        for path in [
            "/api/1/envelope/".to_owned(),
            "/api/1/envelope".to_owned(),
            "//api/1/envelope/".to_owned(),
            format!("/api/1/cron/job/{KEY}/"),
            "/api/1/cron/job".to_owned(),
            "/api/1/store/".to_owned(),
            "/api/1/security/".to_owned(),
            "/api/1/minidump/".to_owned(),
        ] {
            let headers = [
                PAGE,
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type,x-sentry-auth"),
            ];
            let answer = ask(&server, &format!("OPTIONS {path}"), &headers, b"");
            assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
            assert_eq!(answer.header("access-control-max-age"), "3600", "{path}");
            assert!(answer.header("access-control-allow-methods").contains("POST"), "{path}");
            for name in ["x-sentry-auth", "content-type", "content-encoding", "authorization"] {
                let allowed = answer.header("access-control-allow-headers");
                assert!(allowed.split(", ").any(|given| given == name), "{path}: {allowed}");
            }
        }
    }
}

#[test]
fn a_page_sends_check_ins_and_reads_the_answer_whatever_it_is() {
    for server in servers() {
        let keyed = format!("POST /api/1/envelope/?sentry_key={KEY}");
        let good = envelope(&check_in(&id('a'), "ok"));
        for (line, headers, body, status) in [
            (keyed.clone(), vec![PAGE], &good[..], 200),
            (keyed.clone(), vec![("origin", "null")], &good, 200),
            (keyed.clone(), vec![PAGE], b"nonsense", 400),
            (keyed, vec![PAGE, ("content-encoding", "lz4")], &good, 415),
            ("POST /api/1/envelope/".to_owned(), vec![PAGE], &good, 403),
            (format!("GET /api/1/cron/job/{KEY}/?status=ok"), vec![PAGE], b"", 202),
            (format!("PUT /api/1/cron/job/{KEY}/?status=ok"), vec![PAGE], b"", 405),
            (format!("GET /api/1/cron/job/{KEY}/"), vec![PAGE], b"", 400),
        ] {
            let answer = ask(&server, &line, &headers, body);
            assert_eq!(answer.status, status, "{line}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{line}");
            assert_eq!(
                answer.header("access-control-expose-headers"),
                "x-sentry-error, x-sentry-rate-limits, retry-after"
            );
        }
    }
}

#[test]
fn a_page_of_another_origin_reaches_neither_pages_nor_the_api() {
    for server in servers() {
        let monitors = "/api/0/organizations/crons/monitors/";
        for line in [
            "GET /".to_owned(),
            "GET /style.css".to_owned(),
            "GET /health".to_owned(),
            "GET /api/0/".to_owned(),
            format!("GET {monitors}"),
            format!("PUT {monitors}job/"),
            format!("OPTIONS {monitors}job/"),
            "GET /nowhere".to_owned(),
        ] {
            let bearer = format!("Bearer {TOKEN}");
            let answer = ask(&server, &line, &[PAGE, ("authorization", &bearer)], b"");
            assert_eq!(answer.status, 403, "{line}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{line}");
            assert!(answer.detail().starts_with("Origin: "), "{line}: {answer:?}");
        }
    }
}

#[test]
fn the_header_that_is_at_fault_is_named() {
    let [server, _] = servers();
    let host = |host: &str| server.agent.get(server.url("/")).header("host", host).call().unwrap();
    let mut refused = host("shop.example");
    assert_eq!(refused.status(), 403);
    let body = refused.body_mut().read_to_string().unwrap();
    assert!(body.contains("Host: \\\"shop.example\\\" is no name of this machine"), "{body}");
    let answer = ask(&server, "GET /", &[PAGE], b"");
    assert!(
        answer.detail().starts_with("Origin: \"https://shop.example\" is no page of this machine"),
        "{answer:?}"
    );
    assert!(!answer.detail().contains("Host"), "{answer:?}");
    // The name is asked for on ingest routes, too: a key does not make a foreign host name allowed.
    let cron = server.url(&format!("/api/1/cron/job/{KEY}/?status=ok"));
    assert_eq!(server.agent.get(cron).header("host", "shop.example").call().unwrap().status(), 403);
}
