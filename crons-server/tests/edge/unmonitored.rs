//! Tests of what SDKs and tools send besides check-ins.

use serde_json::json;

use crate::encodings::envelope;
use crate::harness::{Harness, KEY, check_in, id};
use crate::raw::ask;

#[test]
fn other_routes_of_relay_accept_and_discard_data() {
    let server = Harness::at("10:00:00");
    let event = "events/0123456789abcdef0123456789abcdef/attachments";
    let (json, csp) = ("application/json", "application/csp-report");
    for (path, content_type, status, answered) in [
        ("store", json, 200, Some("application/json")),
        ("store", "", 200, Some("application/json")),
        ("security", csp, 200, None),
        ("csp-report", csp, 200, None),
        ("nel", "application/reports+json", 200, None),
        ("minidump", "multipart/form-data; boundary=x", 200, Some("text/plain; charset=utf-8")),
        ("playstation", "multipart/form-data; boundary=x", 200, Some("text/plain; charset=utf-8")),
        (event, "multipart/form-data; boundary=x", 201, None),
        ("otlp/v1/traces", json, 200, Some("application/json")),
        ("otlp/v1/traces", "application/x-protobuf", 200, Some("application/x-protobuf")),
        ("integration/otlp/v1/logs", "application/x-protobuf", 200, Some("application/x-protobuf")),
        ("integration/vercel/logs", json, 200, None),
    ] {
        for slash in ["", "/"] {
            let line = format!("POST /api/1/{path}{slash}?sentry_key={KEY}");
            let answer = ask(&server, &line, &[("content-type", content_type)], b"whatever \xff it is");
            assert_eq!(answer.status, status, "{line}");
            assert_eq!(answer.header("content-type"), answered.unwrap_or_default(), "{line}");
            assert_eq!(answer.header("x-sentry-error"), "", "{line}");
            let line = format!("POST /api/1/{path}{slash}?sentry_key=wrong");
            assert_eq!(ask(&server, &line, &[("content-type", content_type)], b"x").status, 403, "{line}");
            let line = format!("POST /api/2/{path}{slash}?sentry_key={KEY}");
            assert_eq!(ask(&server, &line, &[("content-type", content_type)], b"x").status, 403, "{line}");
        }
    }
    assert_eq!(ask(&server, &format!("POST /api/1/unreal/{KEY}/?UserID=x"), &[], b"x").status, 200);
    assert_eq!(ask(&server, "POST /api/1/unreal/wrong/", &[], b"x").status, 403);
    assert_eq!(server.get("/api/0/organizations/crons/monitors/").body, json!([]));
    assert_eq!(server.get("/api/0/organizations/crons/processing-errors/").body, json!([]));
}

#[test]
fn the_store_of_old_sdks_answers_with_the_id_of_the_event() {
    let server = Harness::at("10:00:00");
    for path in ["/api/1/store/", "/api/store/"] {
        let line = format!("POST {path}?sentry_key={KEY}");
        let event = format!("{{\"event_id\":\"{}\",\"message\":\"x\"}}", id('e'));
        assert_eq!(ask(&server, &line, &[], event.as_bytes()).json(), json!({"id": id('e')}));
        // The envelope is Base64 of zlib, as old SDKs send it.
        let made = ask(&server, &line, &[], b"eJyrVkpUslJQSlKqBQAXLAPE").json();
        assert_eq!(made["id"].as_str().unwrap().len(), 32, "{made}");
    }
    let pixel = ask(&server, &format!("GET /api/1/store/?sentry_key={KEY}&sentry_data=x"), &[], b"");
    assert_eq!(
        (pixel.status, pixel.header("content-type"), &pixel.body[..6]),
        (200, "image/gif", &b"GIF89a"[..])
    );
}

#[test]
fn an_envelope_that_comes_to_the_store_is_read() {
    let server = Harness::at("10:00:00");
    let headers = [("content-type", "application/x-sentry-envelope")];
    let line = format!("POST /api/1/store/?sentry_key={KEY}");
    assert_eq!(ask(&server, &line, &headers, &envelope(&check_in(&id('a'), "ok"))).status, 200);
    assert_eq!(server.statuses("job"), ["ok"]);
}

#[test]
fn a_large_crash_report_is_taken_to_its_end() {
    let server = Harness::at("10:00:00");
    let dump = vec![b'M'; 20 << 20];
    let answer = ask(&server, &format!("POST /api/1/minidump/?sentry_key={KEY}"), &[], &dump);
    assert_eq!((answer.status, answer.body.len()), (200, 36));
}

#[test]
fn the_root_of_the_api_tells_sentry_cli_who_it_is() {
    let server = Harness::at("10:00:00");
    for path in ["/api/0/", "/api/0"] {
        let body = server.get(path).body;
        assert_eq!((body["version"].as_str(), body["user"]["email"].as_str()), (Some("0"), Some("admin")));
        assert!(body["user"]["id"].is_string() && body["auth"]["scopes"][0].is_string(), "{body}");
    }
}
