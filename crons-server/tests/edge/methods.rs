//! Tests of methods that a route does not have.

use crate::harness::{API, Harness, KEY, NIL, check_in};
use crate::raw::ask;

fn sorted(allow: &str) -> Vec<&str> {
    let mut methods: Vec<_> = allow.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
    methods.sort_unstable();
    methods
}

#[test]
fn every_route_says_which_methods_it_has() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(NIL, "ok"));
    let cron = format!("/api/1/cron/job/{KEY}/");
    for (path, allowed, others) in [
        (
            "/api/1/envelope/",
            &["OPTIONS", "POST"][..],
            &["GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"][..],
        ),
        ("/api/1/envelope", &["OPTIONS", "POST"], &["GET", "HEAD"]),
        (&cron, &["GET", "OPTIONS", "POST"], &["HEAD", "PUT", "DELETE", "TRACE"]),
        ("/api/1/cron/job", &["GET", "OPTIONS", "POST"], &["HEAD", "PUT"]),
        ("/api/1/store/", &["GET", "HEAD", "OPTIONS", "POST"], &["PUT"]),
        ("/api/1/minidump", &["OPTIONS", "POST"], &["GET"]),
        ("/", &["GET", "HEAD", "OPTIONS"], &["POST", "PUT"]),
        ("/health", &["GET", "HEAD", "OPTIONS"], &["POST"]),
        ("/api/0/", &["GET", "HEAD", "OPTIONS"], &["POST"]),
        (&format!("{API}/monitors/"), &["GET", "HEAD", "OPTIONS", "POST", "PUT"], &["DELETE"]),
        (&format!("{API}/usage/"), &["GET", "HEAD", "OPTIONS"], &["POST"]),
        (&format!("{API}/incidents/{NIL}/"), &["GET", "HEAD", "OPTIONS"], &["PUT"]),
    ] {
        let answer = ask(&server, &format!("OPTIONS {path}"), &[], b"");
        assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{path}");
        assert_eq!(sorted(answer.header("allow")), allowed, "{path}");
        for method in others {
            let answer = ask(&server, &format!("{method} {path}"), &[], b"");
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(sorted(answer.header("allow")), allowed, "{method} {path}");
            let reason = answer.header("x-sentry-error");
            assert!(reason.starts_with(&format!("{method} is not what /")), "{reason}");
            assert!(!reason.contains(KEY), "{reason}");
        }
    }
    assert_eq!(server.statuses("job"), ["ok"]);
}

#[test]
fn head_is_answered_where_get_only_shows_something() {
    let server = Harness::at("10:00:00");
    for path in ["/", "/health", "/api/0/", &format!("{API}/monitors/")] {
        let answer = ask(&server, &format!("HEAD {path}"), &[], b"");
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}");
    }
}
