//! Tests of the key as the user name of Basic authorization, beside all other places.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crons_server::{RateLimit, Settings};

use crate::encodings::envelope;
use crate::harness::{Harness, KEY, NIL, check_in, id};
use crate::raw::ask;

const TOKEN: &str = "open-sesame-0123456789";

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64.encode(pair))
}

/// The ingest routes without a key in them, each with the status of a correct request.
const ROUTES: [(&str, u16); 14] = [
    ("POST /api/1/envelope/", 200),
    ("POST /api/1/envelope", 200),
    ("GET /api/1/cron/job?status=ok", 202),
    ("GET /api/1/cron/job/?status=ok", 202),
    ("POST /api/1/cron/job/?status=ok", 202),
    ("POST /api/1/store/", 200),
    ("GET /api/1/store/", 200),
    ("POST /api/store/", 200),
    ("POST /api/1/security/", 200),
    ("POST /api/1/csp-report/", 200),
    ("POST /api/1/nel/", 200),
    ("POST /api/1/minidump/", 200),
    ("POST /api/1/events/0123456789abcdef0123456789abcdef/attachments/", 201),
    ("POST /api/1/otlp/v1/traces/", 200),
];

fn body(line: &str) -> Vec<u8> {
    if line.contains("envelope") { envelope(&check_in(NIL, "ok")) } else { Vec::new() }
}

#[test]
fn the_key_may_be_the_user_name_on_every_ingest_route() {
    let settings = Settings { rate_limit: RateLimit::OFF, ..Settings::default() };
    let guarded = Settings { admin_token: Some(TOKEN.parse().unwrap()), ..settings.clone() };
    for settings in [settings, guarded] {
        let server = Harness::with("10:00:00", settings);
        server.send("10:00:00", &check_in(NIL, "ok"));
        for (line, status) in ROUTES {
            for pair in [format!("{KEY}:"), KEY.to_owned(), format!("{KEY}:secret"), format!("{KEY}:{TOKEN}")]
            {
                let answer = ask(&server, line, &[("authorization", &basic(&pair))], &body(line));
                assert_eq!((answer.status, answer.header("x-sentry-error")), (status, ""), "{line} {pair}");
            }
            for pair in ["wrong:", ":", &format!(":{KEY}"), &format!("admin:{TOKEN}"), ""] {
                let answer = ask(&server, line, &[("authorization", &basic(pair))], &body(line));
                assert_eq!(answer.status, 403, "{line} {pair}");
            }
        }
    }
}

#[test]
fn basic_authorization_of_a_proxy_does_not_count_beside_a_key() {
    let server = Harness::with("10:00:00", Settings { rate_limit: RateLimit::OFF, ..Settings::default() });
    server.send("10:00:00", &check_in(NIL, "ok"));
    let own = basic(&format!("{KEY}:"));
    let (proxy, header) = (basic("gate:keeper"), format!("Sentry sentry_version=7, sentry_key={KEY}"));
    let with_dsn = format!("{{\"dsn\":\"http://{KEY}@127.0.0.1/1\"}}\n{{\"type\":\"check_in\"}}\n");
    let with_dsn = [with_dsn.into_bytes(), check_in(NIL, "ok").to_string().into_bytes()].concat();
    let cron = format!("GET /api/1/cron/job/{KEY}/?status=ok");
    let query = format!("?status=ok&sentry_key={KEY}");
    let keyed = envelope(&check_in(NIL, "ok"));
    for (line, headers, body, status) in [
        (cron.as_str(), &[][..], &b""[..], 202),
        (&format!("GET /api/1/cron/job/{query}"), &[], b"", 202),
        (&format!("POST /api/1/envelope/{query}"), &[], &keyed, 200),
        ("POST /api/1/envelope/", &[("x-sentry-auth", header.as_str())], &keyed, 200),
        ("POST /api/1/envelope/", &[("authorization", own.as_str())], &keyed, 200),
        ("POST /api/1/envelope/", &[], &with_dsn, 200),
    ] {
        let headers = [&[("authorization", proxy.as_str())], headers].concat();
        assert_eq!(ask(&server, line, &headers, body).status, status, "{line} {headers:?}");
    }
    // A right key does not make up for a wrong one elsewhere.
    let answer = ask(&server, "GET /api/1/cron/job/wrong/?status=ok", &[("authorization", &own)], b"");
    assert_eq!(answer.status, 403);
}

#[test]
fn a_refused_key_is_named_by_its_place_and_never_shown() {
    let server = Harness::at("10:00:00");
    let (wrong, other) = ("0123456789abcdef0123456789abcdee", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let header = format!("Sentry sentry_key={wrong}");
    let user = basic(&format!("{wrong}:"));
    let query = |key: &str| format!("GET /api/1/cron/job/?status=ok&sentry_key={key}");
    for (line, headers, detail) in [
        (
            format!("GET /api/1/cron/job/{wrong}/?status=ok"),
            &[][..],
            "the key in the path is not that of this server",
        ),
        (query(wrong), &[], "the key in the query string is not"),
        (
            "GET /api/1/cron/job/".into(),
            &[("x-sentry-auth", header.as_str())],
            "the key in the header X-Sentry-Auth is not",
        ),
        (
            "GET /api/1/cron/job/".into(),
            &[("authorization", user.as_str())],
            "the key in the user name of Basic authorization",
        ),
        ("GET /api/1/cron/job/".into(), &[], "there is no key: send the public key of the DSN"),
        (
            query(other),
            &[("x-sentry-auth", header.as_str())],
            "the keys in the header X-Sentry-Auth and in the query string are not",
        ),
        (
            format!("{}&sentry_key={other}", query(wrong)),
            &[],
            "sentry_key: the query string gives it more than once",
        ),
    ] {
        let answer = ask(&server, &line, headers, b"");
        assert!((400..404).contains(&answer.status), "{line}");
        assert!(answer.detail().starts_with(detail), "{line}: {answer:?}");
        assert!(!answer.text().contains(wrong) && !answer.text().contains(other), "{answer:?}");
    }
    // A DSN in quotes, as some shells leave them.
    let quoted = format!("{{\"dsn\":\"'http://{wrong}@127.0.0.1/1'\"}}\n");
    let answer = ask(&server, "POST /api/1/envelope/", &[], quoted.as_bytes());
    assert_eq!(answer.status, 403);
    assert!(answer.detail().contains("; the envelope's `dsn` cannot be read: "), "{answer:?}");
    assert!(!answer.text().contains(wrong), "{answer:?}");
    // The slug was left out, and the key took its place.
    for line in [format!("GET /api/1/cron//{KEY}/?status=ok"), format!("GET /api/1/cron/{KEY}?status=ok")] {
        let answer = ask(&server, &line, &[], b"");
        assert_eq!(answer.status, 400);
        assert!(answer.detail().starts_with("monitor_slug: the path has the key in its place"), "{answer:?}");
        assert!(!answer.text().contains(KEY), "{answer:?}");
    }
    assert_eq!(server.send("10:00:00", &check_in(&id('a'), "ok")).status, 200);
}
