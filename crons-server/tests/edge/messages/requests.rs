//! Tests of queries, paths, and bodies of the API.

use super::{is_plain, reason, unlimited};
use crate::harness::{API, KEY, NIL, check_in};
use crate::raw::ask;

#[test]
fn what_of_a_request_does_not_count_is_said() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let path = format!("POST /api/1/cron/job/{KEY}/");
    let json = ("content-type", "application/json; charset=utf-8");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let (query, body) = (
        "with a JSON body the query string does not count",
        "the body does not count, since the header Content-Type is ",
    );
    for (line, headers, sent, status, expected) in [
        (
            format!("{path}?status=ok"),
            vec![json],
            "{\"duration\": 1}",
            400,
            vec!["`status` is missing", query],
        ),
        (format!("{path}?status=error"), vec![json], "{\"status\": \"ok\"}", 202, vec![query]),
        (format!("{path}?sentry_key={KEY}"), vec![json], "{\"status\": \"ok\"}", 202, vec![]),
        (
            path.clone(),
            vec![],
            "{\"status\": \"ok\"}",
            400,
            vec!["status: it is missing in the query string", body, "missing; send a JSON body with"],
        ),
        (
            path.clone(),
            vec![form],
            "{\"status\": \"ok\"}",
            400,
            vec!["status: it is missing", "is \"application/x-www-form-urlencoded\""],
        ),
        (format!("{path}?status=ok"), vec![], "{\"status\": \"error\"}", 202, vec![body]),
        (format!("{path}?status=ok"), vec![], "", 202, vec![]),
        (
            path.clone(),
            vec![],
            "",
            400,
            vec!["status: it is missing in the query string; call with ?status=in_progress, ok or error"],
        ),
        // A client that sends a type with every request may send no body.
        (format!("GET /api/1/cron/job/{KEY}/?status=ok"), vec![json], "", 202, vec![]),
    ] {
        let answer = ask(&server, &line, &headers, sent.as_bytes());
        assert_eq!(answer.status, status, "{line} {sent}");
        let reason = reason(&answer);
        assert!(expected.iter().all(|part| reason.contains(part)), "{line} {sent}: {reason}");
        assert_eq!(expected.is_empty(), reason.is_empty(), "{line} {sent}: {reason}");
        assert!(!reason.contains(KEY), "{reason}");
    }
}

#[test]
fn a_query_is_refused_with_parameter_value_and_what_is_allowed() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let cron = |query: &str| format!("/api/1/cron/job/{KEY}/?{query}");
    let api = |path: &str| format!("{API}{path}");
    for (path, status, expected) in [
        (
            cron("status=ok&status=error"),
            400,
            "status: the query string gives it more than once, with different values; write it once",
        ),
        (
            cron("status=ok&duration=long"),
            400,
            "duration: \"long\" is no number of seconds; write one such as 1.5",
        ),
        (cron("status=ok&duration=NaN"), 400, "duration: \"NaN\" is no number of seconds"),
        (
            cron("status=ok&check_in_id=1"),
            400,
            "check_in_id: \"1\" is not a UUID; write 32 hexadecimal digits",
        ),
        (
            "/api/abc/cron/job/?status=ok".into(),
            400,
            "project: this part of the path is no number; this server has project 1",
        ),
        (
            "/api/99999999999999999999/envelope/".into(),
            405,
            "GET is not what /api/{project}/envelope/ is for",
        ),
        (format!("/api/1/cron/%ff/{KEY}/?status=ok"), 400, "slug: this part of the path is not UTF-8"),
        (
            api("/monitors/job/checkins/?per_page=abc"),
            400,
            "per_page: \"abc\" is no whole number; write one from 1 to 100",
        ),
        (api("/monitors/job/checkins/?per_page=-1"), 400, "per_page: \"-1\" is no whole number"),
        (api("/monitors/job/checkins/?cursor=x"), 400, "cursor: \"x\" is none; take it from the Link header"),
        (
            api("/incidents/?status=closed"),
            400,
            "status: \"closed\" is no status of an incident; write open or resolved",
        ),
        (
            api("/incidents/?before=today"),
            400,
            "before: \"today\" is no instant; write one such as 2024-06-03T10:00:00Z",
        ),
        (
            api("/incidents/?since=x"),
            400,
            "\"since\" is no parameter of this list; allowed are `environment`, `status`, `before`, `cursor`",
        ),
        (api("/incidents/abc/"), 400, "id: \"abc\" is no UUID; take the id of an incident from"),
        (api("/usage/?since=1"), 400, "since: \"1\" is no instant"),
        (api("/outages/?until=x"), 400, "\"until\" is no parameter of this list; allowed are `since`"),
    ] {
        let answer = ask(&server, &format!("GET {path}"), &[], b"");
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(
            reason(&answer).starts_with(expected) || reason(&answer).contains(expected),
            "{path}: {}",
            reason(&answer)
        );
        assert!(is_plain(&answer.detail()), "{answer:?}");
    }
}

#[test]
fn a_body_of_the_api_is_refused_with_what_is_allowed() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let (monitor, acknowledgement) = ("/monitors/job/", format!("/incidents/{NIL}/acknowledgement/"));
    for (path, body, expected) in [
        (
            monitor,
            "",
            "the body: it is empty; send one such as {\"status\": \"disabled\", \"isMuted\": true}",
        ),
        (monitor, "[]", "the body: it is an array, and must be a JSON object"),
        (monitor, "{\"status\": 1}", "the body: status: it is 1, and must be \"active\" or \"disabled\""),
        (
            monitor,
            "{\"status\": \"off\"}",
            "the body: status: it is \"off\", and must be \"active\" or \"disabled\"",
        ),
        (monitor, "{\"isMuted\": \"yes\"}", "the body: isMuted: it is \"yes\", and must be true or false"),
        (
            monitor,
            "{\"muted\": true}",
            "the body: there is no key `muted`; allowed are `type`, `name`, `slug`, `status`, `isMuted`",
        ),
        (
            &acknowledgement,
            "{\"by\": 7}",
            "the body: by: it is 7, and must be a string; send one such as {\"by\": \"me\"}",
        ),
        (&acknowledgement, "{}", "the body: `by` is missing"),
        (&acknowledgement, "{\"by\": \"me\", \"by\": \"you\"}", "the body: `by` is written twice"),
    ] {
        let answer = ask(&server, &format!("PUT {API}{path}"), &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{path} {body}: {answer:?}");
        assert!(answer.detail().starts_with(expected), "{path} {body}: {answer:?}");
        assert!(is_plain(&answer.detail()), "{answer:?}");
    }
}

#[test]
fn a_refusal_keeps_what_else_of_the_check_in_does_not_count() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let path = format!("/api/1/cron/job/{KEY}/");
    let json = ("content-type", "application/json");
    let query = "with a JSON body the query string does not count, so `status` is not used";
    for (fault, reason_part) in [
        (r#""status":"done""#, "status: \"done\" is not a status of a check-in"),
        (r#""status":"ok","duration":-1"#, "duration: -1 s is not in"),
        (r#""status":"ok","environment":" ""#, "environment: it is blank"),
        (r#""status":"ok","contexts":{"trace":{"trace_id":"x"}}"#, "trace_id: \"x\" is no"),
        (r#""status":1"#, "status: "),
        (r#""status":"ok","check_in_id":"x""#, "check_in_id: \"x\" is not a UUID"),
    ] {
        let body = format!(r#"{{{fault},"check_in_margin":5}}"#);
        let answer = ask(&server, &format!("POST {path}?status=ok"), &[json], body.as_bytes());
        let said = reason(&answer);
        for part in [reason_part, query, "check_in_margin: 5 is not used here"] {
            assert!(said.contains(part), "{body}: {said}");
        }
        let errors = server.get(&format!("{API}/monitors/job/processing-errors/")).body;
        let newest = errors[0].to_string();
        assert!(newest.contains("check_in_margin"), "{newest}");
    }
    for status in ["done", "ok&duration=long", "ok&duration=-1", "ok&environment=+", "ok&check_in_id=x"] {
        let answer = ask(&server, &format!("POST {path}?status={status}"), &[], b"{}");
        let said = reason(&answer);
        assert!(
            said.contains("the body does not count, since the header Content-Type is missing"),
            "{status}: {said}"
        );
    }
}
