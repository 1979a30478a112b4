//! Tests of paths with more slashes than they need.

use crate::encodings::envelope;
use crate::harness::{Harness, KEY, check_in, id};
use crate::raw::ask;

#[test]
fn repeated_slashes_are_one_anywhere_in_a_path() {
    let server = Harness::at("10:00:00");
    let query = format!("?sentry_key={KEY}");
    let body = envelope(&check_in(&id('a'), "ok"));
    for path in [
        "//api/1/envelope/",
        "/api//1/envelope/",
        "/api/1//envelope//",
        "///api///1///envelope",
        "//api/1/envelope//",
    ] {
        let answer = ask(&server, &format!("POST {path}{query}"), &[], &body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    for path in [
        "/api/1/cron/job//KEY/",
        "//api/1/cron/job/KEY//",
        "/api/1//cron//job//KEY",
        "/api/1/cron/job/KEY///",
    ] {
        let path = path.replace("KEY", KEY);
        let answer = ask(&server, &format!("GET {path}?status=ok&check_in_id={}", id('a')), &[], b"");
        assert_eq!(answer.status, 202, "{path}: {answer:?}");
        let answer = ask(&server, &format!("POST {path}?status=ok"), &[], b"");
        assert_eq!(answer.status, 202, "{path}: {answer:?}");
    }
    for (path, status) in [
        ("//", 200),
        ("//health", 200),
        ("/health/", 200),
        ("//api/0//organizations/crons/monitors//", 200),
        ("/api/0/organizations/crons/monitors//job/", 200),
        ("//api/1/cron//", 404),
        ("//nowhere", 404),
    ] {
        assert_eq!(ask(&server, &format!("GET {path}"), &[], b"").status, status, "{path}");
    }
}

#[test]
fn slashes_in_the_query_and_encoded_ones_stay() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    let path = format!("GET //api/1/cron/job/{KEY}/?status=in_progress&environment=a//b");
    let answer = ask(&server, &path, &[], b"");
    assert!(answer.header("x-sentry-error").contains("environment: \"a//b\""), "{answer:?}");
    let answer = ask(&server, &format!("GET /api/1/cron/a%2F%2Fb/{KEY}/?status=ok"), &[], b"");
    assert_eq!(answer.status, 202);
}
